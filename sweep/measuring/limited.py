"""What a cell's target was allowed, and used of it, into limits.json; and run.json's word on that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from records.evidence.limits import CellLimits
from sweep.deployments.protocol import Endpoint
from sweep.planning.plan import Plan
from sweep.running.cgroups.used import Usage


def limits_of(plan: Plan) -> dict[str, Any]:
    """By deployment, of those that have limits. Raises UsageError where a file that says them is gone."""
    found = {target.label: facts for target in plan.targets if (facts := target.kind.facts())}
    return {"limits": found} if found else {}


def used_by(endpoint: Endpoint) -> Usage:
    return Usage() if endpoint.confined is None else endpoint.confined.group.read()


def write_limits(folder: Path, endpoint: Endpoint, before: Usage) -> None:
    """What it used since ``before``; nothing of a service that says nothing and is in no group of ours."""
    sees, confined = endpoint.served.sees, endpoint.confined
    if confined is None and not sees:
        return
    used = used_by(endpoint).since(before)
    limits = None if confined is None else confined.limits
    cores = None if limits is None else limits.cpu_cores
    CellLimits(
        by=None if confined is None else confined.group.method,
        cpu_limit_cores=cores,
        cpu_period_us=None if limits is None or cores is None else limits.period_us,
        cpu_request_cores=None if limits is None else limits.cpu_request_cores,
        memory_limit_bytes=None if limits is None else limits.memory_bytes,
        sees=sees,
        **used.counted,
    ).write(folder)
