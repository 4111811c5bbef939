"""The verdict's checks: each a pure function from facts to a Check. Bounds are named here, once."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from statistics import median
from typing import Any

from records import stream_checks
from records.cell import Check, Window
from records.measure import ended_inside, measured
from records.request import RequestRecord

LOOP_LAG_P99_MS = 20.0
GENERATOR_CPU_PERCENT = 90.0
CONCURRENCY_SHARE = 0.7
RATE_SHARE = 0.05
UNANSWERED_SHARE = 0.05
RESENT_SHARE = 0.05
DROPPED_SHARE = 0.05
LATENESS_P99_MS = 20.0
FAILURE_SHARE = 0.05
STEADY_SHARE = 0.3
STEADY_TTFT_SHARE = 0.5
STEADY_TTFT_MS = 2.0
PROFILER_INTERVAL_RATIO = 1.5
MOCK_STAGE_MS = 1.0
WRONG_EFFECT_SHARE = 0.05
MOCKS_OF_CONFIG: Mapping[str, tuple[bool, bool]] = {
    # configuration: (embeddings mocked, LLM mocked)
    "baseline": (False, False),
    "mock-embeddings": (True, False),
    "mock-llm": (False, True),
    "mock-both": (True, True),
}


def of_records(requests: Sequence[RequestRecord], window: Window | None) -> tuple[Check, ...]:
    """All checks that need the records alone; ``requests``: every one of the cell, warm-up too."""
    counted = measured(requests, window)
    return (
        unanswered(requests, window),
        resent(counted),
        dropped(requests, window),
        steady_ttft(requests, window),
        stream_checks.clock_order(requests),
        stream_checks.compressed(requests),
        stream_checks.stage_times(counted),
        stream_checks.buffering(counted),
        stream_checks.cached(requests, counted),
    )


def _same(served: Any, wanted: Any) -> bool:
    """Is a setting as served (5.0, True) the one that was set as text (5, yes)?"""
    if isinstance(served, bool):
        return served == (str(wanted).lower() in ("yes", "true", "t", "y", "1"))
    if served is None:
        return bool(wanted == "")
    try:
        return float(served) == float(wanted)
    except (TypeError, ValueError):
        return str(served) == str(wanted) or PurePath(str(served)) == PurePath(str(wanted))


def configuration(
    asked: str,
    served: str | None,
    named: Sequence[str | None],
    settings: Mapping[str, Any],
    wanted: Mapping[str, Any],
) -> Check:
    """Is the configuration asked for the one that ``/config`` and every answer name?"""
    if served is None:
        return Check(
            name="configuration",
            status="n/a",
            figure=asked,
            text="the service has no /config: its configuration is as-is and was not proved",
        )
    others = sorted({str(name) for name in named if name is not None and name != asked})
    wrong = [f"{k}={settings.get(k)!r}" for k, v in sorted(wanted.items()) if not _same(settings.get(k), v)]
    if asked != "as-is" and served != asked:
        return Check(
            name="configuration",
            status="fail",
            figure=served,
            bound=asked,
            text=f"{asked} was asked for, the server runs {served}",
        )
    if asked != "as-is" and others:
        return Check(
            name="configuration",
            status="fail",
            figure=", ".join(others),
            bound=asked,
            text=f"answers named another configuration: {', '.join(others)}",
        )
    if wrong:
        return Check(
            name="configuration",
            status="fail",
            figure=", ".join(wrong),
            bound=str(dict(wanted)),
            text=f"settings not in effect: {', '.join(wrong)}",
        )
    return Check(
        name="configuration",
        status="pass",
        figure=served,
        bound=asked,
        text="the server and its answers name the configuration asked for",
    )


def configuration_effect(config: str, requests: Sequence[RequestRecord]) -> Check:
    """Are the mocks seen in what came back, not only in what the server says of itself?"""
    name = "configuration-effect"
    good = [r for r in requests if r.outcome == "ok"]
    if config not in MOCKS_OF_CONFIG or not good:
        return Check(name=name, status="n/a", text="nothing to hold the configuration's effect against")
    embeddings, llm = MOCKS_OF_CONFIG[config]
    mocked_answers = sum("mock-answer" in r.flags for r in good) / len(good)
    if llm != (mocked_answers == 1.0) or (not llm and mocked_answers > 0):
        return Check(
            name=name,
            status="fail",
            figure=round(mocked_answers, 4),
            bound=1.0 if llm else 0.0,
            text=f"{mocked_answers:.0%} of the answers are the mock LLM's",
        )
    mocked = {"embed": embeddings, "llm": llm}
    # Shares, not medians: a cache that answers every third question would hide behind a median.
    wrong = {
        stage: share for stage in mocked if (share := _wrong_share(good, stage, mocked[stage])) is not None
    }
    if not wrong:
        return Check(name=name, status="n/a", text="the answers carry no time of the mocked stages")
    stage = max(wrong, key=wrong.__getitem__)
    return Check.bounded(
        name,
        wrong[stage],
        WRONG_EFFECT_SHARE,
        f"the stage {stage} took {'more' if mocked[stage] else 'less'} than {MOCK_STAGE_MS:g} ms, "
        f"which is not what {config} does, in {wrong[stage]:.0%} of the answers",
    )


def _wrong_share(good: Sequence[RequestRecord], stage: str, mocked: bool) -> float | None:
    """The share of answers whose stage ran at the wrong speed; None where none gives its time."""
    times = [r.stages[stage].get("running_ms") for r in good if r.stages and stage in r.stages]
    known = [ms for ms in times if ms is not None]
    return sum((ms < MOCK_STAGE_MS) != mocked for ms in known) / len(known) if known else None


def kept(fault: OSError | None) -> Check:
    """Was every record written?"""
    return Check(
        name="records",
        status="fail" if fault else "pass",
        text=f"records were lost: {fault.strerror or fault}" if fault else "every record was written",
    )


def tokens(requests: Sequence[RequestRecord]) -> Check:
    """Did every good answer hold at least one token? An empty one is fast and says nothing."""
    good = [r for r in requests if r.outcome == "ok"]
    if not good:
        return Check(name="tokens", status="n/a", text="no good answer")
    empty = sum(r.first_token_at_ns is None for r in good)
    return Check(
        name="tokens",
        status="fail" if empty else "pass",
        figure=empty,
        bound=0,
        text=f"{empty} of {len(good)} good answers held no token",
    )


def retrieval(requests: Sequence[RequestRecord], *, expected: bool) -> Check:
    """Where documents were asked for, did every good answer bring some?"""
    good = [r for r in requests if r.outcome == "ok"]
    if not expected or not good:
        return Check(name="retrieval", status="n/a", text="no documents were asked for, or no good answer")
    without = sum(not r.documents for r in good)
    return Check(
        name="retrieval",
        status="fail" if without else "pass",
        figure=without,
        bound=0,
        text=f"{without} of {len(good)} good answers came without documents",
    )


def generator_lag(p99_ms: float | None) -> Check:
    """Was the load generator's own loop late? Every timestamp it takes is late by as much."""
    if p99_ms is None:
        return Check(name="generator-lag", status="n/a", text="the generator's loop lag was not measured")
    return Check.bounded(
        "generator-lag", p99_ms, LOOP_LAG_P99_MS, f"the generator's loop was up to {p99_ms:.1f} ms late (p99)"
    )


def generator_cpu(percent: float | None) -> Check:
    """Was the generator out of CPU? ``percent`` of one core, the busiest worker's."""
    if percent is None:
        return Check(name="generator-cpu", status="n/a", text="the generator's CPU was not measured")
    return Check.bounded(
        "generator-cpu",
        percent,
        GENERATOR_CPU_PERCENT,
        f"the generator's busiest process used {percent:.0f} % of a core",
    )


def concurrency(
    requests: Sequence[RequestRecord], window: Window | None, users: int, *, think: bool
) -> Check:
    """Requests in flight on average over the window, as a share of the users asked for."""
    if window is None or think or window.seconds <= 0:
        return Check(name="concurrency", status="n/a", text="no window, or users that think between requests")
    busy = sum(
        max(0, min(r.ended_at_ns, window.end_ns) - max(r.sent_at_ns, window.start_ns)) for r in requests
    )
    share = busy / (window.end_ns - window.start_ns) / users
    return Check.bounded(
        "concurrency",
        share,
        CONCURRENCY_SHARE,
        f"{share * users:.1f} requests in flight on average, of {users} users",
        at_most=False,
    )


def unanswered(requests: Sequence[RequestRecord], window: Window | None) -> Check:
    """Was the time in flight that of answers, or of requests that were cut at the end and never answered?

    A request that hangs counts nowhere else: it is neither good nor failed, and delays no percentile.
    """
    if window is None:
        return Check(name="unanswered", status="n/a", text="no window")
    held = [r for r in requests if "dropped" not in r.flags and r.ended_at_ns >= window.start_ns]
    total = sum(r.ended_at_ns - r.sent_at_ns for r in held)
    cut = [r for r in held if r.outcome == "cut"]
    return Check.bounded(
        "unanswered",
        sum(r.ended_at_ns - r.sent_at_ns for r in cut) / total if total else 0.0,
        UNANSWERED_SHARE,
        f"{len(cut)} of {len(held)} requests had no answer when the run ended; share of the time in flight",
    )


def resent(requests: Sequence[RequestRecord]) -> Check:
    """How many requests met a dead connection and had to be sent twice?"""
    again = sum("retried" in r.flags for r in requests)
    return Check.bounded(
        "resent",
        again / len(requests) if requests else 0.0,
        RESENT_SHARE,
        f"{again} of {len(requests)} requests were sent again on a new connection",
    )


def dropped(requests: Sequence[RequestRecord], window: Window | None) -> Check:
    """Open loop: what was due and never begun, since too many were in flight. Nobody's latency has it."""
    due = [r for r in requests if window and r.due_at_ns and window.start_ns <= r.due_at_ns <= window.end_ns]
    if not due:
        return Check(name="dropped", status="n/a", text="no open loop, or no window")
    lost = sum("dropped" in r.flags for r in due)
    text = f"{lost} of {len(due)} requests that were due were dropped: too many were in flight"
    return Check.bounded("dropped", lost / len(due), DROPPED_SHARE, text)


def arrival_rate(
    requests: Sequence[RequestRecord], window: Window | None, rate: float, *, chance: bool
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
    )


def lateness(requests: Sequence[RequestRecord]) -> Check:
    """Open loop: how long after they were due were requests sent (p99)? Latency counts from when due."""
    late = sorted(
        (r.sent_at_ns - r.due_at_ns) / 1e6 for r in requests if r.due_at_ns and "dropped" not in r.flags
    )
    if not late:
        return Check(name="lateness", status="n/a", text="no open loop")
    p99 = late[-(-len(late) * 99 // 100) - 1]
    text = f"requests were sent up to {p99:.1f} ms late (p99)"
    return Check.bounded("lateness", p99, LATENESS_P99_MS, text)


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
    )


def steady_ttft(requests: Sequence[RequestRecord], window: Window | None) -> Check:
    """Was the TTFT in the window's second half what it was in its first? Medians, so that a few slow
    answers are no trend.

    The bound, as a share of the whole median, widens to three standard errors of the difference (each
    median's from its order statistics: a rank's standard deviation is sqrt(n)/2) and to 2 ms.
    """
    name = "steady-ttft"
    timed = [
        (r.sent_at_ns, ms) for r in measured(requests, window) if r.outcome == "ok" and (ms := r.ttft_ms)
    ]
    middle = (window.start_ns + window.end_ns) / 2 if window else 0
    first = sorted(ms for sent, ms in timed if sent <= middle)
    second = sorted(ms for sent, ms in timed if sent > middle)
    if min(len(first), len(second)) < 10:
        return Check(name=name, status="n/a", figure=len(timed), text="too few answers to tell")
    whole = median(ms for _, ms in timed)
    error = math.hypot(_median_error(first), _median_error(second))
    return Check.bounded(
        name,
        abs(median(second) - median(first)) / whole,
        round(max(STEADY_TTFT_SHARE, 3 * error / whole, STEADY_TTFT_MS / whole), 4),
        f"median TTFT {median(first):.1f} ms in the first half of the window, "
        f"{median(second):.1f} ms in the second",
    )


def _median_error(ordered: Sequence[float]) -> float:
    """About one standard error of the median of sorted values."""
    middle, ranks = len(ordered) / 2, math.sqrt(len(ordered)) / 2
    return (ordered[math.ceil(middle + ranks) - 1] - ordered[math.floor(middle - ranks)]) / 2


def failures(requests: Sequence[RequestRecord]) -> Check:
    """Failed requests as a share of all that counted; no good answer at all always fails."""
    counted = [r for r in requests if r.outcome != "cut"]
    bad = sum(r.outcome != "ok" for r in counted)
    said = Counter(r.error for r in counted if r.outcome != "ok" and r.error).most_common(1)
    why = f"; {said[0][1]} times: {said[0][0]}" if said else ""
    if bad == len(counted):
        return Check(
            name="failures",
            status="fail",
            figure=bad,
            bound=FAILURE_SHARE,
            text=f"no good answer among {len(counted)} requests{why}",
        )
    return Check.bounded(
        "failures", bad / len(counted), FAILURE_SHARE, f"{bad} of {len(counted)} requests failed{why}"
    )


def workers(expected: int, fewest: int) -> Check:
    """Was every load worker there all the time?"""
    return Check(
        name="workers",
        status="pass" if fewest >= expected else "fail",
        figure=fewest,
        bound=expected,
        text=f"at the fewest {fewest} of {expected} load workers were connected",
    )


def profiler_interval(asked_s: float, gaps_s: Sequence[float]) -> Check:
    """Did the profiler keep its interval? The median gap between samples against the asked one."""
    if not gaps_s:
        return Check(name="profiler", status="n/a", text="the profiler took too few samples to tell")
    middle = sorted(gaps_s)[len(gaps_s) // 2]
    return Check.bounded(
        "profiler",
        middle / asked_s,
        PROFILER_INTERVAL_RATIO,
        f"a sample each {middle:.2f} s, {asked_s:.2f} s asked for",
    )
