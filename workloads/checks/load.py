"""Checks of the load: was it the one that was asked for, and did it hold for the whole window?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median
from typing import Protocol

from records.cells.cell import Check, Window
from records.cells.measure import ended_inside, percentile
from records.cells.request import RequestRecord
from workloads.checks.answers import FAILURE_SHARE
from workloads.checks.body_end import free_at_ns
from workloads.checks.definition import declared, define
from workloads.checks.facts import TOO_FEW, Facts, Judge
from workloads.checks.generator_advice import relief
from workloads.checks.steady_advice import (
    RATE_SHARE,
    longer_advice,
    queue_grew,
    twice_the_time,
    unsteady_advice,
)

CONCURRENCY_SHARE = 0.7


@declared("concurrency", of_one_level=True, of_the_machine=True, wants_time=True)
def concurrency(facts: Facts) -> Check:
    """Requests in flight on average over the window, as a share of the users asked for: from the user's view,
    who waits until the answer's body has ended."""
    window, users = facts.window, facts.users
    if window is None or facts.concurrency_varies or window.seconds <= 0:
        text = "no window, an open loop, or users that think between requests"
        return Check(name="concurrency", status="n/a", text=text)
    if pause := _pauses(facts, window):
        return Check(name="concurrency", status="n/a", text=pause)
    share = _in_flight(facts, window) / users
    return Check.bounded(
        "concurrency",
        share,
        CONCURRENCY_SHARE,
        f"{share * users:.1f} requests in flight on average, of {users} users",
        at_most=False,
        advice=longer_advice(facts)
        or f"users that connect or start slowly ask for too little: {twice_the_time(facts)}",
    )


def _pauses(facts: Facts, window: Window) -> str:
    """Users pause after a failure, so that of many nothing follows but that they failed; else empty."""
    ended = _ended(facts, window)
    bad = sum(r.outcome != "ok" for r in ended)
    if bad <= FAILURE_SHARE * len(ended):
        return ""
    return f"{bad} of {len(ended)} requests failed, after which users pause"


def _ended(facts: Facts, window: Window) -> list[RequestRecord]:
    """Good and failed ones; what was aborted has no end of its own."""
    return [r for r in facts.requests if r.counts and window.start_ns < r.ended_at_ns <= window.end_ns]


LITTLE_SHARE = 0.3
LITTLE_S = 0.001


@declared("littles-law", of_one_level=True, of_the_machine=True)
def littles_law(facts: Facts) -> Check:
    """Does the measurement add up? Throughput times a user's cycle (its request, and its thinking) is the
    number of users (Little 1961). Where it is not, users waited that no latency shows, or requests are
    missing or counted twice. A request's time ends with its body: only then can its user ask again. What it
    waits for beyond, the load generator, is in no figure.

    Throughput times the request's part is how much time all requests took in the window, a second of it: so
    it is also known of those that last longer than the window. The bound leaves LITTLE_S to each cycle, which
    it takes to ask again, and widens to one time of thinking over the window: of that nobody knows when it
    began and ended, so that so much can lie outside.
    """
    name, window, users = "littles-law", facts.window, facts.users
    if window is None or facts.rate or window.seconds <= 0:
        return Check(name=name, status="n/a", text="no window, or an open loop")
    if pause := _pauses(facts, window):
        return Check(name=name, status="n/a", text=pause)
    ended = _ended(facts, window)
    if not ended:
        return Check(name=name, status="n/a", text="no request ended in the window")
    rate = len(ended) / window.seconds
    cycle_s = _in_flight(facts, window) / rate + facts.think_time_s
    off = abs(rate * cycle_s / users - 1)
    bound = round(max(LITTLE_SHARE, rate * LITTLE_S / users, facts.think_time_s / window.seconds), 4)
    text = (
        f"{rate:.1f} requests/s times a cycle of {cycle_s * 1e3:.1f} ms make {rate * cycle_s:.1f} users, "
        f"of {users}"
    )
    if off > bound:
        text += ": the users waited between their requests, or records are missing"
    return Check.bounded(name, off, bound, text, advice=relief(facts))


def _in_flight(facts: Facts, window: Window) -> float:
    """How many requests, on average over the window, had not got all of their answer's body."""
    each = (min(free_at_ns(r), window.end_ns) - max(r.sent_at_ns, window.start_ns) for r in facts.requests)
    return sum(max(0, ns) for ns in each) / (window.end_ns - window.start_ns)


@declared("arrival-rate", of_one_level=True, of_the_machine=True)
def arrival_rate(facts: Facts) -> Check:
    """Open loop: requests due a second of the window, against the rate asked for. Where they are due at
    random (Poisson), the bound leaves room for three standard deviations."""
    rate, window = facts.rate, facts.window
    if not rate or window is None or window.seconds <= 0:
        return Check(name="arrival-rate", status="n/a", text="no open loop, or no window")
    due = [r for r in facts.requests if r.due_at_ns and window.start_ns <= r.due_at_ns <= window.end_ns]
    room = 3 / math.sqrt(rate * window.seconds) if facts.poisson else 1.5 / (rate * window.seconds)
    return Check.bounded(
        "arrival-rate",
        len(due) / window.seconds / rate,
        round(1 - max(RATE_SHARE, room), 4),
        f"{len(due) / window.seconds:.1f} requests due a second, of {rate:g} asked for",
        at_most=False,
        advice=_behind_advice(facts),
    )


LATENESS_P99_MS = 20.0


def _behind_advice(facts: Facts) -> str:
    return f"the generator was behind: ask at a lower rate, or {relief(facts)}"


@declared("lateness", of_the_machine=True, of_our_own=True)
def lateness(facts: Facts) -> Check:
    """Open loop: how long after they were due were requests sent (p99)? Latency counts from when due."""
    sent = [r for r in facts.requests if r.due_at_ns and r.outcome != "dropped"]
    late = [(r.sent_at_ns - r.due_at_ns) / 1e6 for r in sent if r.due_at_ns]
    p99 = percentile(late, 0.99)
    if p99 is None:
        return Check(name="lateness", status="n/a", text="no open loop")
    text = f"requests were sent up to {p99:.1f} ms late (p99)"
    return Check.bounded("lateness", p99, LATENESS_P99_MS, text, advice=_behind_advice(facts))


DROPPED_SHARE = 0.05


@declared("dropped", of_one_level=True)
def dropped(facts: Facts) -> Check:
    """Open loop: what was due and never begun, since too many were in flight. Nobody's latency has it."""
    window = facts.window
    due = [
        r
        for r in facts.requests
        if window and r.due_at_ns and window.start_ns <= r.due_at_ns <= window.end_ns
    ]
    if not due:
        return Check(name="dropped", status="n/a", text="no open loop, or no window")
    lost = sum(r.outcome == "dropped" for r in due)
    text = f"{lost} of {len(due)} requests that were due were dropped: too many were in flight"
    advice = (
        "the service does not keep up: ask at a lower rate, or allow more: "
        "--max-inflight (sweep: -- --max-inflight)"
    )
    return Check.bounded("dropped", lost / len(due), DROPPED_SHARE, text, advice=advice)


STEADY_SHARE = 0.3
_STEADY = {"of_one_level": True, "of_the_machine": True, "of_steadiness": True, "wants_time": True}


@declared("steady-state", **_STEADY)
def steady_state(facts: Facts) -> Check:
    """Did as many answers end in the window's first half as in its second?

    The bound widens to three standard deviations of a Poisson count where answers are few.
    """
    window = facts.window
    ended = ended_inside(facts.requests, window)
    if window is None or len(ended) < 10:
        return Check(name="steady-state", status="n/a", figure=len(ended), text=TOO_FEW)
    middle = (window.start_ns + window.end_ns) / 2
    first = sum(r.ended_at_ns <= middle for r in ended)
    drift = abs(len(ended) - 2 * first) / len(ended)
    bound = round(max(STEADY_SHARE, 3 / math.sqrt(len(ended))), 4)
    return Check.bounded(
        "steady-state",
        drift,
        bound,
        f"{first} answers in the first half of the window, {len(ended) - first} in the second",
        advice=unsteady_advice(facts),
    )


STEADY_MEDIAN_SHARE = 0.5
STEADY_MS = 2.0
STEADY_LATENCY = "steady-latency"
define(STEADY_LATENCY, **_STEADY)  # older cells have it, whichever workloads there are now


class Measured(Protocol):
    """A metric, as `workloads.metric` has it."""

    @property
    def title(self) -> str: ...

    @property
    def unit(self) -> str: ...

    def values_of(self, request: RequestRecord) -> Sequence[float]: ...


def steady(metric: Measured, name: str = STEADY_LATENCY, smallest: float = STEADY_MS) -> Judge:
    """The check that a metric was in the window's second half what it was in its first. Medians, so that a
    few slow answers are no trend.

    The bound, as a share of the whole median, widens to three standard errors of the difference (each
    median's from its order statistics: a rank's standard deviation is sqrt(n)/2) and to ``smallest``, in the
    metric's unit. An open loop past what the service can do only makes its queue longer.
    """
    define(name, **_STEADY)

    def judge(facts: Facts) -> Check:
        window, good = facts.window, [r for r in facts.timed if r.outcome == "ok"]
        dated = [(r.sent_at_ns, value) for r in good for value in metric.values_of(r) if value]
        middle = (window.start_ns + window.end_ns) / 2 if window else 0
        first = sorted(value for sent, value in dated if sent <= middle)
        second = sorted(value for sent, value in dated if sent > middle)
        if min(len(first), len(second)) < 10:
            return Check(name=name, status="n/a", figure=len(dated), text=TOO_FEW)
        whole = median(value for _, value in dated)
        error = math.hypot(_median_error(first), _median_error(second))
        return Check.bounded(
            name,
            abs(median(second) - median(first)) / whole,
            round(max(STEADY_MEDIAN_SHARE, 3 * error / whole, smallest / whole), 4),
            f"median {metric.title} {median(first):.1f} {metric.unit} in the first half of the window, "
            f"{median(second):.1f} {metric.unit} in the second{queue_grew(facts)}",
            advice=unsteady_advice(facts),
        )

    return judge


def _median_error(ordered: Sequence[float]) -> float:
    """About one standard error of the median of sorted values."""
    middle, ranks = len(ordered) / 2, math.sqrt(len(ordered)) / 2
    return (ordered[math.ceil(middle + ranks) - 1] - ordered[math.floor(middle - ranks)]) / 2
