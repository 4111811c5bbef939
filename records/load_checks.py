"""Checks of the load: was it the one that was asked for, and did it hold for the whole window?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

from records.answer_checks import FAILURE_SHARE
from records.cell import Check, Window
from records.generator_advice import UNKNOWN, Generator, relief
from records.measure import ended_inside, percentile, timed
from records.measure import rate as measure_rate
from records.request import RequestRecord

CONCURRENCY_SHARE = 0.7


def concurrency(requests: Sequence[RequestRecord], window: Window | None, users: int, *, free: bool) -> Check:
    """Requests in flight on average over the window, as a share of the users asked for: from the user's view,
    who waits until the answer's body has ended. ``free``: so many are in flight as it falls out."""
    if window is None or free or window.seconds <= 0:
        text = "no window, an open loop, or users that think between requests"
        return Check(name="concurrency", status="n/a", text=text)
    if pause := _pauses(requests, window):
        return Check(name="concurrency", status="n/a", text=pause)
    busy = sum(
        max(0, min(r.body_ended_at_ns or r.ended_at_ns, window.end_ns) - max(r.sent_at_ns, window.start_ns))
        for r in requests
    )
    share = busy / (window.end_ns - window.start_ns) / users
    return Check.bounded(
        "concurrency",
        share,
        CONCURRENCY_SHARE,
        f"{share * users:.1f} requests in flight on average, of {users} users",
        at_most=False,
        advice="users that connect or start slowly ask for too little: give it longer (-t, --requests)",
    )


def _pauses(requests: Sequence[RequestRecord], window: Window) -> str:
    """Users pause after a failure, so that of many nothing follows but that they failed; else empty."""
    ended = _ended(requests, window)
    bad = sum(r.outcome != "ok" for r in ended)
    if bad <= FAILURE_SHARE * len(ended):
        return ""
    return f"{bad} of {len(ended)} requests failed, after which users pause"


def _ended(requests: Sequence[RequestRecord], window: Window) -> list[RequestRecord]:
    """Good and failed ones; what was cut has no end of its own."""
    return [r for r in requests if r.outcome != "cut" and window.start_ns < r.ended_at_ns <= window.end_ns]


LITTLE_SHARE = 0.3
LITTLE_S = 0.001


def littles_law(
    requests: Sequence[RequestRecord],
    window: Window | None,
    users: int,
    *,
    think_time_s: float,
    closed: bool,
    generator: Generator = UNKNOWN,
) -> Check:
    """Does the measurement add up? Throughput times a user's cycle (its request, and its thinking) is the
    number of users (Little 1961). Where it is not, users waited that no latency shows, or requests are
    missing or counted twice. A request's time is its E2E: what its user waits for beyond, the end of the
    body or the load generator, is in no figure.

    The bound leaves LITTLE_S to each cycle, which it takes to ask again, and widens to one cycle over the
    window: so much can begin before it or end after it.
    """
    name = "littles-law"
    if window is None or not closed or window.seconds <= 0:
        return Check(name=name, status="n/a", text="no window, or an open loop")
    ended = _ended(requests, window)
    if pause := _pauses(requests, window):
        return Check(name=name, status="n/a", text=pause)
    if not ended:
        return Check(name=name, status="n/a", text="no request ended in the window")
    cycle_s = sum(r.ended_at_ns - r.sent_at_ns for r in ended) / len(ended) / 1e9 + think_time_s
    rate = len(ended) / window.seconds
    off = abs(rate * cycle_s / users - 1)
    bound = round(max(LITTLE_SHARE, rate * LITTLE_S / users, cycle_s / window.seconds), 4)
    text = (
        f"{rate:.1f} requests/s times a cycle of {cycle_s * 1e3:.1f} ms make {rate * cycle_s:.1f} users, "
        f"of {users}"
    )
    if off > bound:
        text += ": the users waited between their requests, or records are missing"
    return Check.bounded(name, off, bound, text, advice=relief(generator))


RATE_SHARE = 0.05


def arrival_rate(
    requests: Sequence[RequestRecord],
    window: Window | None,
    rate: float,
    *,
    chance: bool,
    generator: Generator = UNKNOWN,
) -> Check:
    """Open loop: requests due a second of the window, against the rate asked for.

    ``chance``: they are due at random (Poisson), so the bound leaves room for three standard deviations.
    """
    if not rate or window is None or window.seconds <= 0:
        return Check(name="arrival-rate", status="n/a", text="no open loop, or no window")
    due = [r for r in requests if r.due_at_ns and window.start_ns <= r.due_at_ns <= window.end_ns]
    room = 3 / math.sqrt(rate * window.seconds) if chance else 1.5 / (rate * window.seconds)
    return Check.bounded(
        "arrival-rate",
        len(due) / window.seconds / rate,
        round(1 - max(RATE_SHARE, room), 4),
        f"{len(due) / window.seconds:.1f} requests due a second, of {rate:g} asked for",
        at_most=False,
        advice=_behind_advice(generator),
    )


LATENESS_P99_MS = 20.0


def _behind_advice(generator: Generator) -> str:
    return f"the generator was behind: ask at a lower rate, or {relief(generator)}"


def lateness(requests: Sequence[RequestRecord], generator: Generator = UNKNOWN) -> Check:
    """Open loop: how long after they were due were requests sent (p99)? Latency counts from when due."""
    late = [(r.sent_at_ns - r.due_at_ns) / 1e6 for r in requests if r.due_at_ns and "dropped" not in r.flags]
    p99 = percentile(late, 0.99)
    if p99 is None:
        return Check(name="lateness", status="n/a", text="no open loop")
    text = f"requests were sent up to {p99:.1f} ms late (p99)"
    return Check.bounded("lateness", p99, LATENESS_P99_MS, text, advice=_behind_advice(generator))


DROPPED_SHARE = 0.05


def dropped(requests: Sequence[RequestRecord], window: Window | None) -> Check:
    """Open loop: what was due and never begun, since too many were in flight. Nobody's latency has it."""
    due = [r for r in requests if window and r.due_at_ns and window.start_ns <= r.due_at_ns <= window.end_ns]
    if not due:
        return Check(name="dropped", status="n/a", text="no open loop, or no window")
    lost = sum("dropped" in r.flags for r in due)
    text = f"{lost} of {len(due)} requests that were due were dropped: too many were in flight"
    advice = "the service does not keep up: ask at a lower rate, or allow more (--max-inflight)"
    return Check.bounded("dropped", lost / len(due), DROPPED_SHARE, text, advice=advice)


STEADY_SHARE = 0.3
UNSTEADY = "warm it up for longer (--warmup-requests), measure for longer, and leave the machine to it"


def steady_state(requests: Sequence[RequestRecord], window: Window | None) -> Check:
    """Did as many answers end in the window's first half as in its second?

    The bound widens to three standard deviations of a Poisson count where answers are few.
    """
    ended = ended_inside(requests, window)
    if window is None or len(ended) < 10:
        return Check(name="steady-state", status="n/a", figure=len(ended), text="too few answers to tell")
    middle = (window.start_ns + window.end_ns) / 2
    first = sum(r.ended_at_ns <= middle for r in ended)
    drift = abs(len(ended) - 2 * first) / len(ended)
    bound = round(max(STEADY_SHARE, 3 / math.sqrt(len(ended))), 4)
    return Check.bounded(
        "steady-state",
        drift,
        bound,
        f"{first} answers in the first half of the window, {len(ended) - first} in the second",
        advice=UNSTEADY,
    )


STEADY_TTFT_SHARE = 0.5
STEADY_TTFT_MS = 2.0


def steady_ttft(requests: Sequence[RequestRecord], window: Window | None, rate: float = 0.0) -> Check:
    """Was the TTFT in the window's second half what it was in its first? Medians, so that a few slow
    answers are no trend.

    The bound, as a share of the whole median, widens to three standard errors of the difference (each
    median's from its order statistics: a rank's standard deviation is sqrt(n)/2) and to 2 ms. ``rate``: that
    of an open loop, which past what the service can do only makes its queue longer.
    """
    name = "steady-ttft"
    dated = [(r.sent_at_ns, ms) for r in timed(requests, window) if r.outcome == "ok" and (ms := r.ttft_ms)]
    middle = (window.start_ns + window.end_ns) / 2 if window else 0
    first = sorted(ms for sent, ms in dated if sent <= middle)
    second = sorted(ms for sent, ms in dated if sent > middle)
    if min(len(first), len(second)) < 10:
        return Check(name=name, status="n/a", figure=len(dated), text="too few answers to tell")
    whole = median(ms for _, ms in dated)
    error = math.hypot(_median_error(first), _median_error(second))
    return Check.bounded(
        name,
        abs(median(second) - median(first)) / whole,
        round(max(STEADY_TTFT_SHARE, 3 * error / whole, STEADY_TTFT_MS / whole), 4),
        f"median TTFT {median(first):.1f} ms in the first half of the window, "
        f"{median(second):.1f} ms in the second{_queue_grew(requests, window, rate)}",
        advice=UNSTEADY,
    )


def _queue_grew(requests: Sequence[RequestRecord], window: Window | None, rate: float) -> str:
    answered = measure_rate(requests, window) or 0.0
    if answered >= rate * (1 - RATE_SHARE):
        return ""
    return f": {rate:g} requests/s were asked and {answered:.1f} answered, the queue grew"


def _median_error(ordered: Sequence[float]) -> float:
    """About one standard error of the median of sorted values."""
    middle, ranks = len(ordered) / 2, math.sqrt(len(ordered)) / 2
    return (ordered[math.ceil(middle + ranks) - 1] - ordered[math.floor(middle - ranks)]) / 2
