"""What to do about a cell that was not steady: a lower rate, a longer window, or a longer warm-up."""

from __future__ import annotations

import math
from statistics import fmean

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


def unsteady_advice(facts: Facts) -> str:
    """With the option and its value."""
    if (answered := _answered_of_a_rate(facts)) is not None:
        lower = f"{answered:.0f}" if answered >= 1 else f"{answered:.1g}"
        return f"the service does not keep up: ask at {lower} a second or less (--rate; --grid rate=)"
    if (seconds := _longer_s(facts)) is not None:
        return (
            f"its answers take long beside its window, and fall while the load ends: give it {seconds} s "
            f"(-t {seconds}s, of a sweep --max-seconds {seconds}) and at least {ANSWERS_LONG} requests a user"
        )
    more = 2 * max(facts.users, sum("warmup" in r.flags for r in facts.requests))
    return f"warm it up for longer (--warmup-requests {more}), and leave the machine to it"


def _answered_of_a_rate(facts: Facts) -> float | None:
    """Answers a second, where an open loop asks for more than there are."""
    answered = measure_rate(facts.requests, facts.window) or 0.0
    return answered if answered < facts.rate * (1 - RATE_SHARE) else None


def _longer_s(facts: Facts) -> int | None:
    """What a load takes whose window is long beside its answers, if this one's is not."""
    window, good = facts.window, facts.good
    if window is None or not good or facts.rate:
        return None
    least = ANSWERS_LONG * fmean(r.ended_at_ns - r.sent_at_ns for r in good) / 1e9
    if window.seconds >= least:
        return None
    warm = (window.start_ns - min(r.sent_at_ns for r in facts.requests)) / 1e9
    return 10 * math.ceil((max(0.0, warm) + least) / 10)
