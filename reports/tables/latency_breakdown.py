"""Where the TTFT goes: its stages, and what none of them explains."""

from __future__ import annotations

from collections.abc import Iterator

from reports.analysis.analysis import Analysis
from reports.document.document import Row, Table
from reports.evidence.latency_breakdown import LatencyBreakdown
from reports.figures.load import heads
from reports.figures.text import number

LLM_CLIENT_NOTE = (
    "LLM client: the app's LLM stage less the LLM server's own record of it (medians): what it costs, "
    "a part of llm."
)
QUEUED_SHARE, QUEUED_MS = 0.1, 1.0
"""A smaller queue is not shown."""


def _stage(breakdown: LatencyBreakdown, stage: str) -> str:
    """All of its time, and how much of that was spent in its queue, where that is much."""
    whole, queued = breakdown.stages_ms.get(stage), breakdown.queued_ms.get(stage, 0.0)
    if whole is None or queued < QUEUED_SHARE * whole or queued < QUEUED_MS:
        return number(whole)
    return f"{number(whole)} (q {number(queued)})"


def latency_breakdown_tables(analysis: Analysis) -> Iterator[Table]:
    groups: dict[tuple[str, str], list[LatencyBreakdown]] = {}
    for breakdown in analysis.latency_breakdowns:
        groups.setdefault((breakdown.deployment, breakdown.config), []).append(breakdown)
    for (deployment, config), own in groups.items():
        stages = list(dict.fromkeys(name for breakdown in own for name in breakdown.stages_ms))
        sdk = any(a.llm_client_overhead_ms is not None for a in own)
        first = heads(a.load for a in own)
        rows = [
            Row(cells=(
                *a.load.cells(first), number(a.ttft_ms), *(_stage(a, stage) for stage in stages),
                number(a.unattributed_ms), *((number(a.llm_client_overhead_ms),) if sdk else ()),
            ))
            for a in own
        ]  # fmt: skip
        notes = [LLM_CLIENT_NOTE] if sdk else []
        notes += [
            f"Wrong at {a.load.named}: in {a.impossible} of {a.answers} answers the stages add up to "
            "more than the TTFT, so the server's times are not to be believed"
            + (" and no remainder is given." if a.unattributed_ms is None else ".")
            for a in own
            if a.impossible
        ]
        short = ["prep" if stage == "preprocess" else stage for stage in stages]
        yield Table(
            title=f"{deployment}: {config}: where the TTFT goes (medians, ms; q: of it in the stage's queue)",
            columns=(*first, "TTFT", *short, "unattributed", *(("LLM client",) if sdk else ())),
            rows=tuple(rows),
            notes=("unattributed: each request's TTFT less its stages, the median.", *notes),
        )
