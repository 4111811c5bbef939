"""The verdict's checks: each a pure function from facts to a Check. Bounds are named here, once."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from records.cell import Check, Window
from records.request import RequestRecord

LOOP_LAG_P99_MS = 20.0
GENERATOR_CPU_PERCENT = 90.0
CONCURRENCY_SHARE = 0.7
FAILURE_SHARE = 0.05
STEADY_SHARE = 0.3
PROFILER_INTERVAL_RATIO = 1.5
MOCK_EMBED_MS = 1.0
WRONG_EFFECT_SHARE = 0.05
MOCKS_OF_CONFIG: Mapping[str, tuple[bool, bool]] = {
    # configuration: (embeddings mocked, LLM mocked)
    "baseline": (False, False),
    "mock-embeddings": (True, False),
    "mock-llm": (False, True),
    "mock-both": (True, True),
}


def measured(requests: Sequence[RequestRecord], window: Window | None) -> list[RequestRecord]:
    """The requests whose latency counts: sent inside the window, warm-up left out."""
    if window is None:
        return []
    return [
        r
        for r in requests
        if window.start_ns <= r.sent_at_ns <= window.end_ns and "warmup" not in r.flags and r.outcome != "cut"
    ]


def ended_inside(requests: Sequence[RequestRecord], window: Window | None) -> list[RequestRecord]:
    """The good answers whose rate counts: those that ended inside the window."""
    if window is None:
        return []
    return [r for r in requests if r.outcome == "ok" and window.start_ns < r.ended_at_ns <= window.end_ns]


def _bounded(name: str, figure: float, bound: float, text: str, *, at_most: bool = True) -> Check:
    good = figure <= bound if at_most else figure >= bound
    return Check(
        name=name, status="pass" if good else "fail", figure=round(figure, 4), bound=bound, text=text
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
    embed = [r.stages["embed"]["running_ms"] for r in good if r.stages and "embed" in r.stages]
    if not embed:
        return Check(name=name, status="n/a", text="the answers carry no time of the embedding stage")
    # A share, not a median: a cache that answers every third question would hide behind a median.
    wrong = sum((ms < MOCK_EMBED_MS) != embeddings for ms in embed) / len(embed)
    return _bounded(
        name,
        wrong,
        WRONG_EFFECT_SHARE,
        f"the embedding took {'more' if embeddings else 'less'} than {MOCK_EMBED_MS:g} ms, "
        f"which is not what {config} does, in {wrong:.0%} of the answers",
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
    return _bounded(
        "generator-lag", p99_ms, LOOP_LAG_P99_MS, f"the generator's loop was up to {p99_ms:.1f} ms late (p99)"
    )


def generator_cpu(percent: float | None) -> Check:
    """Was the generator out of CPU? ``percent`` of one core, the busiest worker's."""
    if percent is None:
        return Check(name="generator-cpu", status="n/a", text="the generator's CPU was not measured")
    return _bounded(
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
    return _bounded(
        "concurrency",
        share,
        CONCURRENCY_SHARE,
        f"{share * users:.1f} requests in flight on average, of {users} users",
        at_most=False,
    )


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
    return _bounded(
        "steady-state",
        drift,
        bound,
        f"{first} answers in the first half of the window, {len(ended) - first} in the second",
    )


def failures(requests: Sequence[RequestRecord]) -> Check:
    """Failed requests as a share of all that counted; no good answer at all always fails."""
    counted = [r for r in requests if r.outcome != "cut"]
    bad = sum(r.outcome != "ok" for r in counted)
    if bad == len(counted):
        return Check(
            name="failures",
            status="fail",
            figure=bad,
            bound=FAILURE_SHARE,
            text=f"no good answer among {len(counted)} requests",
        )
    return _bounded("failures", bad / len(counted), FAILURE_SHARE, f"{bad} of {len(counted)} requests failed")


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
    median = sorted(gaps_s)[len(gaps_s) // 2]
    return _bounded(
        "profiler",
        median / asked_s,
        PROFILER_INTERVAL_RATIO,
        f"a sample each {median:.2f} s, {asked_s:.2f} s asked for",
    )
