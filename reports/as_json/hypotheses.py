"""Why one deployment answers less than another, as ``systematic_results.json`` has it (``gap_causes``)."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from reports.evidence.hypotheses import GapCauses


def gap_causes_json(one: GapCauses) -> dict[str, Any]:
    return {
        **{name: getattr(one, name) for name in ("faster", "slower", "config", "faster_ms", "slower_ms")},
        **one.load.to_json(),
        "workload": one.workload.name,
        "unit": "ms",
        "gap": asdict(one.gap),
        "hypotheses": [asdict(hypothesis) for hypothesis in one.hypotheses],
        "rest": asdict(one.rest),
        "rest_share": one.rest_share,
        "rest_seen": [asdict(seen) for seen in one.rest_seen],
    }
