"""An elasticity as ``systematic_results.json`` has it (key ``dial``; `docs/results.md`)."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from reports.figures.dial import Elasticity


def elasticity_json(found: Elasticity) -> dict[str, Any]:
    throughput, compared = found.workload.throughput.name, found.workload.compared.name
    signs = dict(zip((throughput, compared), found.signs, strict=True))
    return {
        "deployment": found.deployment,
        "config": found.config,
        **found.load.to_json(),
        "workload": found.workload.name,
        "stage": found.stage,
        "own_ms": found.own_ms,
        "made": found.made,
        "windows": found.windows,
        throughput: found.throughput and asdict(found.throughput),
        compared: found.compared and asdict(found.compared),
        "signs": signs,
    }
