"""A ladder as ``systematic_results.json`` has it (key ``ladder``; `docs/results.md`)."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from reports.evidence.ladder import Ladder, Rung


def ladder_json(found: Ladder) -> dict[str, Any]:
    service = found.service
    return {
        "deployment": service.deployment,
        "config": service.config,
        "workload": service.heavy.level.workload.name,
        "loads": [point.level.load.to_json() for point in service.points],
        "comparison": service.comparison,
        "answers_per_second": service.heavy.per_second,
        "unloaded_ms": 1e3 * service.light.seconds_each,
        "resources": [_rung_json(rung) for rung in found.rungs],
    }


def _rung_json(rung: Rung) -> dict[str, Any]:
    return {
        "resource": rung.resource.kind,
        "name": rung.resource.name,
        "capacity": rung.capacity,
        "used": rung.share,
        "demand_ms": [1e3 * demand for demand in rung.demands],
        "told": rung.told,
        "by_heaviest": rung.by_heaviest,
        "ceiling": rung.ceiling and asdict(rung.ceiling),
        "users": rung.users and asdict(rung.users),
    }
