"""What a cell's target was allowed, and used of it, into limits.json; and run.json's word on that."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from records.evidence.limits import CellLimits
from sweep.deployments.protocol import Endpoint
from sweep.planning.plan import Plan
from sweep.running.cgroups.used import Usage


def limits_by_deployment(plan: Plan) -> dict[str, Any]:
    """By deployment, of those that have limits. Raises UsageError where a file that says them is gone."""
    found = {target.label: facts for target in plan.targets if (facts := target.kind.facts())}
    return {"limits": found} if found else {}


def used_by(endpoint: Endpoint) -> Usage:
    return Usage() if endpoint.confined is None else endpoint.confined.group.read()


def write_limits(folder: Path, endpoint: Endpoint, found: CellLimits | None) -> None:
    """What is known of it, and what it sees itself; nothing of a service of which neither is known."""
    sees = endpoint.served.sees
    if found is not None or sees:
        replace(found or CellLimits(), sees=sees).write(folder)


def limits_here(endpoint: Endpoint, before: Usage) -> CellLimits | None:
    """What it used since ``before``; None: it is in no group of ours."""
    if (confined := endpoint.confined) is None:
        return None
    limits = confined.limits
    return CellLimits(
        by=confined.group.method,
        cpu_limit_cores=limits.cpu_cores,
        cpu_period_us=None if limits.cpu_cores is None else limits.period_us,
        cpu_request_cores=limits.cpu_request_cores,
        memory_limit_bytes=limits.memory_bytes,
        **used_by(endpoint).since(before).counted,
    )
