"""limits.json of a cell in a cluster: what the pods' app was allowed and used, as a report compares it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from records.evidence.limits import CellLimits
from records.evidence.pods import ContainerUse
from records.options.quantity import quantity

N = TypeVar("N", int, float)
BY = "kubernetes"


def limits_of(uses: Sequence[ContainerUse], *, seconds: float | None) -> CellLimits | None:
    """Of the same container of each pod: counters in sum, limits of one, the highest memory. None of none."""
    if not uses:
        return None
    first = uses[0]
    kills = [_kills(one) for one in uses]
    return CellLimits(
        by=BY,
        cpu_limit_cores=_of(first.limits.get("cpu")),
        cpu_period_us=first.cpu_period_us,
        cpu_request_cores=_of(first.requests.get("cpu")),
        memory_limit_bytes=_whole(_of(first.limits.get("memory"))),
        nr_periods=_sum(uses, lambda one: one.nr_periods),
        nr_throttled=_sum(uses, lambda one: one.nr_throttled),
        throttled_seconds=_sum(uses, lambda one: one.throttled_seconds),
        cpu_seconds=_sum(uses, lambda one: one.cpu_seconds),
        memory_peak_bytes=max((one.memory_peak_bytes for one in uses if one.memory_peak_bytes), default=None),
        oom_kills=None if None in kills else sum(kill or 0 for kill in kills),
        seconds=seconds,
        replicas=len(uses),
    )


def _kills(one: ContainerUse) -> int | None:
    """A container that was killed for its memory has lost its counters: its pod's status knows."""
    return 1 if one.oom_killed else one.oom_kills


def _sum(uses: Sequence[ContainerUse], of: Callable[[ContainerUse], N | None]) -> N | None:
    """None where one does not say: a sum without it would be less than was used."""
    found = [value for one in uses if (value := of(one)) is not None]
    return sum(found[1:], found[0]) if found and len(found) == len(uses) else None


def _of(said: str | None) -> float | None:
    """A limit or request; 0 is as good as none."""
    with suppress(ValueError):
        return float(quantity(said)) or None
    return None


def _whole(number: float | None) -> int | None:
    return None if number is None else round(number)
