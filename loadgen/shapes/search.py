"""The highest level of load that still meets an objective: which level to measure next. Pure.

Upwards by doubling until one misses, then by halving what lies between. A level is measured again before it
is the answer, since a single measurement near the knee is met or missed by chance.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import Enum

from loadgen.shapes.slo import Judged, Part, Slo

NARROW = 0.1
"""The search is over once the lowest level that missed is so little above the highest that met."""
FEW = 5
"""Requests that show, on the way up, that a level may be passed."""
LONGEST = 6
"""A level with too few requests is measured for at most so many times its usual seconds."""


class Status(Enum):
    MET = "met"
    MISSED = "missed"
    UNKNOWN = "unknown"
    """Too few requests, too many still in flight, or a load generator that was late itself."""


class Outcome(Enum):
    FOUND = "found"
    NONE = "none"
    """Not even the lowest level meets the objective."""
    INCONCLUSIVE = "inconclusive"


def judge(slo: Slo, parts: Collection[Part], *, usual: float, careful: bool) -> tuple[Judged, Status | None]:
    """What is known of a level so far; None: go on. ``usual``: seconds that it is measured if requests are
    many enough. Those that began in them and are still in flight are waited for, up to the longest bound at
    least.

    ``careful``: it would be the answer, so that all the requests that the percentile wants are waited for.
    Else the first few that keep the objective will do; and if one of them did not, which may be chance, the
    level is passed only if those that come in all the time it has do not miss.
    """
    seconds = max(part.seconds for part in parts)
    judged = slo.judge(parts, first_s=usual)
    few = judged if careful else slo.judge(parts, first_s=usual, enough=FEW)
    if seconds < usual:
        return judged, None
    if judged.missed:
        return judged, Status.MISSED
    if judged.met or few.met:
        return judged, Status.MET
    if seconds < max(LONGEST * usual, usual + slo.known_after_s):
        return judged, None
    return judged, Status.MET if few.known and not careful else Status.UNKNOWN


@dataclass(kw_only=True)
class Search:
    """Ask for ``level``, measure it, ``tell``; until ``level`` is None. ``whole``: users, no rates."""

    first: float
    most: float
    whole: bool
    met: list[float] = field(default_factory=list)
    """The levels that met, rising: all below the lowest that missed."""
    high: float | None = None
    """The lowest level that did not meet."""
    high_is_known: bool = True
    confirmed: bool = False
    failed: bool = False
    """What would be the answer could not be confirmed: neither met nor missed."""

    @property
    def low(self) -> float | None:
        return self.met[-1] if self.met else None

    @property
    def confirming(self) -> bool:
        """The level to measure met before, and is the answer if it meets again."""
        if self.low is None:
            return False
        return self.low >= self.most if self.high is None else self._narrow(self.low, self.high)

    @property
    def level(self) -> float | None:
        if self.confirmed or self.failed:
            return None
        if self.low is None:
            return self.first if self.high is None else None
        if self.confirming:
            return self.low
        if self.high is None:
            return min(2 * self.low, self.most)
        if self.whole:
            return (self.low + self.high) // 2
        return _three_digits((self.low + self.high) / 2)

    def report(self, found: Status) -> None:
        """What came of ``level``."""
        level = self.level
        assert level is not None, "the search is over"
        if self.confirming:
            self.confirmed = found is Status.MET
            self.failed = found is Status.UNKNOWN
            if found is Status.MISSED:
                self.met.pop()
        elif found is Status.MET:
            self.met.append(level)
        if found is Status.MISSED or (found is Status.UNKNOWN and not self.failed):
            self.high, self.high_is_known = level, found is Status.MISSED

    @property
    def outcome(self) -> Outcome:
        """What is known so far; FOUND and NONE are final."""
        if self.confirmed and (self.high is None or self.high_is_known):
            return Outcome.FOUND
        if self.low is None and self.high is not None and self.high_is_known:
            return Outcome.NONE
        return Outcome.INCONCLUSIVE

    def _narrow(self, low: float, high: float) -> bool:
        return high - low <= max(1.0 if self.whole else 0.0, NARROW * low)


def _three_digits(value: float) -> float:
    return round(value, 2 - math.floor(math.log10(value)))
