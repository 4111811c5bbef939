"""What to do about a cell that was not steady: a lower rate, a longer window, or a longer warm-up."""

from __future__ import annotations

import math
from statistics import fmean

from records.cells.cell import Window
from records.cells.flags import WARMUP
from records.cells.measure import rate as measure_rate
from workloads.checks.facts import Facts

RATE_SHARE = 0.05
"""Of the requests a second that are to be asked: with so much fewer answers a queue grows, and with as much
fewer due it is another rate."""
ANSWERS_LONG = 10
"""A window lasts so many answers, one after the other, as a sweep asks of each user: who asks in its last
tenth is answered while the others stop."""


def queue_grew(facts: Facts) -> str:
    """Of an open loop, for the check's text; else empty."""
    answered = _answered_of_a_rate(facts)
    if answered is None:
        return ""
    return f": {facts.rate:g} requests/s were asked and {answered:.1f} answered, the queue grew"


def more_time(measured_s: float, warm_s: float = 0.0) -> str:
    """To measure for so long, after a warm-up of ``warm_s``, of which a sweep's option counts nothing."""
    window, whole = (max(10, 10 * math.ceil(s / 10)) for s in (measured_s, warm_s + measured_s))
    return f"give it more time: -t {whole}s (sweep: --max-seconds {window})"


def unsteady_advice(facts: Facts) -> str:
    """With the option and its value."""
    if (answered := _answered_of_a_rate(facts)) is not None:
        lower = f"{answered:.0f}" if answered >= 1 else f"{answered:.1g}"
        return f"the service does not keep up: ask at {lower} a second or less (--rate; sweep: --grid rate=)"
    if longer := longer_advice(facts):
        return f"its answers take long beside its window, and fall while the load ends: {longer}"
    more = 2 * max(facts.users, sum(WARMUP in r.flags for r in facts.requests))
    return f"warm it up for longer (--warmup-requests {more}), and leave the machine to it"


def _answered_of_a_rate(facts: Facts) -> float | None:
    """Answers a second, where an open loop asks for more than there are."""
    answered = measure_rate(facts.requests, facts.window) or 0.0
    return answered if answered < facts.rate * (1 - RATE_SHARE) else None


def longer_advice(facts: Facts) -> str:
    """How to have a window that is long beside its answers, if this one is not; else empty."""
    window, good = facts.window, facts.good
    if window is None or not good or facts.rate:
        return ""
    least = ANSWERS_LONG * fmean(r.ended_at_ns - r.sent_at_ns for r in good) / 1e9
    if window.seconds >= least:
        return ""
    return f"{more_time(least, _warm_up_s(facts, window))}, and at least {ANSWERS_LONG} requests a user"


def twice_the_time(facts: Facts) -> str:
    """More time where nothing says how much: twice the window, and requests enough to fill it."""
    window = facts.window
    if window is None:
        return ""
    return f"{more_time(2 * window.seconds, _warm_up_s(facts, window))}, and more requests: --requests"


def _warm_up_s(facts: Facts, window: Window) -> float:
    first_ns = min((r.sent_at_ns for r in facts.requests), default=window.start_ns)
    return max(0, window.start_ns - first_ns) / 1e9
