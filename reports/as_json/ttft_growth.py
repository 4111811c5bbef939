"""How the TTFT grew, as ``systematic_results.json`` has it (key ``growth``; `docs/results.md`)."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from reports.figures.ttft_growth import TtftGrowth


def ttft_growth_json(growth: TtftGrowth) -> dict[str, Any]:
    return {
        "deployment": growth.deployment,
        "config": growth.config,
        **growth.load.to_json(),
        "since": growth.since.to_json(),
        "ranked": growth.ranked,
        "answers": growth.answers,
        "ttft_since_ms": growth.ttft_since_ms,
        "ttft_ms": growth.ttft_ms,
        "grown_ms": growth.grown_ms,
        "stages": {name: asdict(part) for name, part in growth.stages.items()},
        "unattributed_ms": growth.unattributed_ms,
    }
