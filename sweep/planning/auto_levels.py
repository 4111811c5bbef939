"""The numbers of users that ``auto`` may ask at, besides those with which it begins. Pure."""

from __future__ import annotations

import math
from collections.abc import Collection

ONWARD_LEVELS: tuple[int, ...] = (40, 80, 160, 320)
"""What it goes on to while throughput grows, where no knee is predicted,"""
BETWEEN_LEVELS: tuple[int, ...] = (2, 3, 5, 15, 30, 60, 120, 240)
"""and what it fills in around the knee."""
BELOW, ABOVE = 0.75, 1.5
"""The levels beside a predicted knee. Queues make throughput grow a little past it: half as many users more
would have brought half as many answers more."""
NO_STEP = 1.15
"""A level that is no more times as high as another is not worth a cell."""


def levels_of(base: Collection[int], knee: int | None) -> list[int]:
    """All levels that may be asked at, rising. Those of a predicted knee take the place of fixed ones that
    are too near: a step from 60 to 61 users shows no growth wherever it is."""
    own = {n for n in (*around(knee), *through(knee, max(base))) if n <= ONWARD_LEVELS[-1]}
    own = {n for n in own if all(_apart(n, one) for one in base)}
    fixed = {n for n in (*ONWARD_LEVELS, *BETWEEN_LEVELS) if all(_apart(n, one) for one in own)}
    return sorted({*base, *own, *fixed})


def _apart(one: int, other: int) -> bool:
    return max(one, other) >= NO_STEP * min(one, other)


def around(knee: int | None) -> tuple[int, ...]:
    """The level of a predicted knee, and those beside it."""
    if knee is None:
        return ()
    return tuple(sorted({max(1, math.floor(BELOW * knee)), knee, math.ceil(ABOVE * knee)}))


def through(knee: int | None, top: int) -> tuple[int, ...]:
    """Those to go on to from the highest known level, where the knee is predicted beyond that: to it, through
    it, and on by doubling, as the prediction may be too low. None where it lies below."""
    if knee is None or math.ceil(ABOVE * knee) < NO_STEP * top:
        return ()
    onward = (knee, *(math.ceil(ABOVE * knee * 2**n) for n in range(9)))
    return tuple(n for n in onward if NO_STEP * top <= n <= ONWARD_LEVELS[-1])
