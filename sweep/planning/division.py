"""How a plan's CPUs are divided."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from records.cells.cpus import SHARED
from sweep.planning.plan import Plan
from sweep.running.cpus import AUTO, Cpus, divide
from sweep.running.errors import UsageError


def divided(plan: Plan, usable: Sequence[int]) -> Cpus:
    """As it says; beside a quota not at all. Raises UsageError."""
    if not plan.has_quota:
        return _with_links(plan, divide(plan.cpus, usable), usable)
    if plan.cpus not in (AUTO, SHARED):
        raise UsageError(f"--cpus {plan.cpus} keeps targets on CPUs, which would hide what a quota does")
    return divide(SHARED, usable)


def _with_links(plan: Plan, cpus: Cpus, usable: Sequence[int]) -> Cpus:
    """Of regions each has a worker and a link, and moments to keep: on one CPU they keep each other
    from them. So they have half of the CPUs at most, and where that is one, share all with the target."""
    if not plan.regions or cpus.mode != AUTO:
        return cpus
    load = min(plan.processes, len(usable) // 2)
    if load < 2:
        return divide(SHARED, usable)
    return replace(cpus, load=tuple(usable[:load]), target=tuple(usable[load:]))


def divisible(plan: Plan, usable: Sequence[int]) -> bool:
    """Would `AUTO` keep targets off some of them?"""
    return divided(replace(plan, cpus=AUTO), usable).mode != SHARED


def placed(plan: Plan, usable: Sequence[int], may_be_first: Callable[[], bool]) -> Cpus:
    """As they are divided, and who comes before all else there, where that is allowed. Raises UsageError.

    From one CPU alone the load could keep the target. Several processes of a load would not make room for
    each other, nor for their master: among equals that run before all else, nobody is interrupted.
    """
    whole = divided(plan, usable)
    cpus = whole if plan.starts_here else whole.of_a_running_service()
    if cpus.mode == SHARED and len(cpus.load) == 1:
        return cpus
    if not plan.processes:
        first = may_be_first()
        return replace(cpus, realtime=first, realtime_refused=not first)
    return replace(cpus, links_realtime=may_be_first()) if plan.regions else cpus
