"""Where the time to first token goes: the client's TTFT against the server's own stages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from records.services.variants import LLM
from reports.evidence.llm_record import llm_lines, milliseconds
from reports.figures.load import Load
from reports.figures.stages import impossible_stages, stage_names, with_stages
from reports.figures.stats import percentile
from reports.figures.summary import CellSummary, OperatingPoint
from workloads.checks.streams import IMPOSSIBLE_STAGES


@dataclass(frozen=True, kw_only=True)
class LatencyBreakdown:
    """Where one operating point's TTFT goes: medians over good answers that carry stages, ms.

    Medians of parts do not add up to the median of the whole; ``unattributed_ms`` is therefore the
    median of each request's own difference, TTFT less all its stages' queued and running time.
    """

    deployment: str
    config: str
    load: Load
    answers: int
    ttft_ms: float
    stages_ms: dict[str, float]
    queued_ms: dict[str, float]
    """The queued part alone."""
    unattributed_ms: float | None
    """None where more than 1 % of the answers are impossible: the parts are then not parts of the whole."""
    impossible: int
    """Answers whose stages add up to more than the client waited for the first token."""
    llm_server_ms: float | None
    """The LLM server's own median time to first token over the same cells' windows."""
    llm_client_overhead_ms: float | None
    """The app's LLM stage (median) less the LLM server's own (median)."""


def server_ttft_ms(cell: CellSummary) -> Iterator[float]:
    """The LLM server's own TTFT of the requests that it received inside the cell's window."""
    for line in llm_lines(cell):
        if (ttft := milliseconds(line.get("ttft_ms"))) is not None:
            yield ttft


def breakdown(level: OperatingPoint) -> LatencyBreakdown | None:
    """The breakdown over the point's valid cells; None where no answer carries stages."""
    timed = with_stages(level.timed)
    if not len(timed):
        return None
    names = stage_names(timed)
    ttft_ms = timed.ttft_ms
    impossible = int(impossible_stages(timed).sum())
    stages, queued = {}, {}
    for name in names:
        those = timed.stages.where(timed.stages.has(name))
        stages[name] = percentile(those.ms(name), 0.5)
        queued[name] = percentile(those.at(name, "queued_ms"), 0.5)
    server = [ms for cell in level.valid_cells for ms in server_ttft_ms(cell)] if LLM.stage in stages else []
    server_ms = percentile(server, 0.5) if server else None
    return LatencyBreakdown(
        deployment=level.deployment,
        config=level.config,
        load=level.load,
        answers=len(timed),
        ttft_ms=percentile(ttft_ms, 0.5),
        stages_ms=stages,
        queued_ms=queued,
        unattributed_ms=percentile(ttft_ms - timed.stages_ms, 0.5)
        if impossible <= IMPOSSIBLE_STAGES * len(timed)
        else None,
        impossible=impossible,
        llm_server_ms=server_ms,
        llm_client_overhead_ms=None if server_ms is None else stages[LLM.stage] - server_ms,
    )


def latency_breakdowns(levels: Sequence[OperatingPoint]) -> tuple[LatencyBreakdown, ...]:
    return tuple(found for level in levels if (found := breakdown(level)) is not None)
