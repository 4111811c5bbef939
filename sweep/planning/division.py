"""How a plan's CPUs are divided."""

from __future__ import annotations

from collections.abc import Sequence

from sweep.planning.plan import Plan
from sweep.running.cpus import AUTO, SHARED, Cpus, divide
from sweep.running.errors import UsageError


def divided(plan: Plan, usable: Sequence[int]) -> Cpus:
    """As it says; beside a quota not at all. Raises UsageError."""
    if not plan.has_quota:
        return divide(plan.cpus, usable)
    if plan.cpus not in (AUTO, SHARED):
        raise UsageError(f"--cpus {plan.cpus} keeps targets on CPUs, which would hide what a quota does")
    return divide(SHARED, usable)
