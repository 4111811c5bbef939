"""The levels that were noted, cut to what is measured when the load is over. Pure.

What is measured of a level, always inside the run's own window:

    a step      from when all its users are there and it has settled, as a level of a search does: a second
                later and as many of its requests have ended as it has users, less half an answer (an open
                loop: as are due in a second), at the latest when half of it is over
    a ramp      each tenth of it, whole: it never settles
    a search    what the search measured: it settles before that

The users of a step begin together, so that their answers end in waves, one an answer's time. Measuring from
the end of a wave leaves that wave out, and counts half a wave too few on average; from half an answer
earlier, the two ends of the time make up for each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import ceil
from statistics import median

from records.cells.cell import Window
from records.cells.levels import LoadStage, wanted_in
from records.cells.request import RequestRecord

SETTLE_S = 1.0
"""A level settles for at least so long, and until each user has had an answer; in an open loop until as
many have come as are due in a second."""


def measured_levels(
    levels: Sequence[LoadStage], requests: Sequence[RequestRecord], window: Window | None, *, settle: bool
) -> tuple[LoadStage, ...]:
    """The levels as they were noted, each cut to the time in which it is measured; that in which it was held
    is kept beside it."""

    def cut(noted: LoadStage) -> LoadStage:
        level = replace(noted, held_start_ns=noted.start_ns, held_end_ns=noted.end_ns)
        if window is None:
            return replace(level, end_ns=level.start_ns)
        # First its end: what lies beyond the window, such as a drain, is no time in which it settles.
        whole = replace(level, end_ns=max(level.start_ns, min(level.end_ns, window.end_ns)))
        start_ns = _settled_ns(whole, requests) if settle else whole.start_ns
        return replace(whole, start_ns=min(max(start_ns, window.start_ns), whole.end_ns))

    return tuple(map(cut, levels))


def _settled_ns(level: LoadStage, requests: Sequence[RequestRecord]) -> int:
    half_ns = (level.start_ns + level.end_ns) // 2
    own = [r for r in wanted_in(requests, level) if r.counts]
    ended = sorted(r.ended_at_ns for r in own)
    enough = ceil(level.level_to)
    each_ns = ended[enough - 1] - _half_answer_ns(own) if 0 < enough <= len(ended) else half_ns
    return min(max(level.start_ns + int(SETTLE_S * 1e9), each_ns), half_ns)


def _half_answer_ns(requests: Sequence[RequestRecord]) -> int:
    """Half the median time of good answers: of a closed loop, since those of an open one come in no waves."""
    took_ns = [r.ended_at_ns - r.start_ns for r in requests if r.outcome == "ok" and r.due_at_ns is None]
    return int(median(took_ns) / 2) if took_ns else 0
