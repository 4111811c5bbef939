"""Checks that look inside the answers: did the stream come as it was sent, and do its times fit together?"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from itertools import pairwise
from statistics import median

from records.cells.cell import Check
from records.cells.flags import COLD, LATE
from records.cells.request import COMPRESSED, RequestRecord
from workloads.checks.advice import advised
from workloads.checks.definition import declared
from workloads.checks.facts import Facts

STAGE_EXCESS_MS = 2.0
IMPOSSIBLE_STAGES = 0.01
CACHED_RATIO = 0.5
CACHED_MS = 1.0
"""Less than that is no cache, but a service of half a millisecond that gets warm."""
CACHED_SAMPLES = 10
CACHED_FEW = 5
"""So many first askings after the warm-up, and as many repeats that are as slow, show that there is none."""
CACHED_Z = 3.0
Time = Callable[[RequestRecord], float]
TIMES: dict[str, Time] = {
    "TTFT": lambda r: r.service_ttft_ms or 0.0,
    "E2E": lambda r: (r.ended_at_ns - r.sent_at_ns) / 1e6,
}
"""By which a cached answer is quicker: one of the LLM's alone may come at once, and begin no sooner."""
MOMENTS = (
    *("due", "sent", "headers", "first_event"),
    *("first_generated", "first_token", "last_token", "ended"),
)


@declared("clock-order")
def clock_order(facts: Facts) -> Check:
    """due <= sent <= headers <= first event <= first token <= last token <= end, whichever happened."""
    requests, wrong, example = facts.requests, 0, ""
    for r in requests:
        moments = [(name, at) for name in MOMENTS if (at := getattr(r, f"{name}_at_ns")) is not None]
        back = [f"{b} before {a}" for (a, before), (b, after) in pairwise(moments) if after < before]
        if back:
            wrong += 1
            example = example or f", the first: {back[0]} (user {r.user}, seq {r.seq})".replace("_", " ")
    found = Check(
        name="clock-order",
        status="fail" if wrong else "pass" if requests else "n/a",
        figure=wrong,
        bound=0,
        text=f"{wrong} of {len(requests)} requests have times out of order{example}",
    )
    return advised(found, "the machine's clock was set meanwhile, or the records are damaged: measure again")


@declared("compressed")
def compressed(facts: Facts) -> Check:
    """Did the service, or a proxy before it, compress an answer? Compression can hold back a whole stream."""
    requests = facts.requests
    count = sum((r.error or "").startswith(COMPRESSED) for r in requests)
    found = Check(
        name="compressed",
        status="fail" if count else "pass" if requests else "n/a",
        figure=count,
        bound=0,
        text=f"{count} of {len(requests)} answers came compressed though identity was asked for",
    )
    return advised(found, "switch compression of streams off in the service, or the proxy (nginx: gzip off)")


def impossible_stages(r: RequestRecord) -> bool:
    """Do the server's own stages until the first token add up to more than the client waited for it, or is
    one of them negative?"""
    waited = r.service_ttft_ms
    if not r.stages or waited is None:
        return False
    numbers = (times.get(name, 0.0) for times in r.stages.values() for name in ("queued_ms", "running_ms"))
    return r.stages_ms > waited + STAGE_EXCESS_MS or min(numbers) < 0


@declared("stage-times")
def stage_times(facts: Facts) -> Check:
    """Can the server's stage times be true? The client can only see a token after the server had it."""
    timed = [r for r in facts.good if r.stages and r.first_token_at_ns is not None]
    if not timed:
        return Check(name="stage-times", status="n/a", text="the answers carry no stage times")
    share = sum(impossible_stages(r) for r in timed) / len(timed)
    return Check.bounded(
        "stage-times",
        share,
        IMPOSSIBLE_STAGES,
        f"in {100 * share:.0f} % of the answers the server's stages add up to more than the TTFT, "
        "or one is negative: its clock is wrong, or its stages overlap or are counted twice",
        advice="have it time each stage once, in ms, to the first token, by a monotonic clock, or send none",
    )


@declared("cached-answers", worth_telling=True)
def cached(facts: Facts) -> Check:
    """Are questions answered faster when they are asked again? Then a cache was measured.

    Asking again is no fault: a service without a cache may be measured with one question. It fails when
    repeats' median TTFT, or E2E, is below half the first askings', by CACHED_MS at least, and a rank-sum test
    (Mann-Whitney) puts the difference at three standard deviations or more. Compared are answers that count,
    in the span in which questions were first asked, so that a slow start is not taken for a cache, and each
    question's first asking is sought in all requests, warm-up too. Where there are too few in that span,
    as of a dozen questions asked in turn, repeats that are not much quicker pass; others are told, n/a.
    """
    name = "cached-answers"
    first_of: dict[str, RequestRecord] = {}
    for r in sorted(facts.requests, key=lambda r: r.sent_at_ns):
        first_of.setdefault(r.question, r)
    firsts = {(r.worker, r.user, r.seq) for r in first_of.values()}
    good = [r for r in facts.good if r.question and r.first_token_at_ns is not None]
    first = [r for r in good if (r.worker, r.user, r.seq) in firsts]
    again = [r for r in good if (r.worker, r.user, r.seq) not in firsts]
    asked = f"{len(again)} of {len(good)} answers are to a question asked before"
    last = max((r.sent_at_ns for r in first), default=0)
    beside = [r for r in again if r.sent_at_ns <= last]
    if not again:
        return Check(name=name, status="pass", figure=0.0, text="no question was asked twice in this cell")
    if min(len(first), len(beside)) < CACHED_SAMPLES:
        told = [_one_after_the_other(first_of.values(), again, *time) for time in TIMES.items()]
        text, quick = next((one for one in told if one[1]), told[0])
        known = len(first) >= CACHED_FEW and len(again) >= CACHED_FEW and not quick
        figure = round(len(again) / len(good), 4)
        return Check(name=name, status="pass" if known else "n/a", figure=figure, text=f"{asked}{text}")
    compared = [_side_by_side(first, beside, *time) for time in TIMES.items()]
    quick, ratio, text = next((one for one in compared if one[0]), compared[0])
    found = Check(
        name=name,
        status="fail" if quick else "pass",
        figure=round(ratio, 4),
        bound=CACHED_RATIO,
        text=f"{asked}; {text}",
    )
    return advised(
        found,
        "a cache was measured: switch it off, or give as many questions as requests: --questions FILE "
        "(sweep: -- --questions FILE)",
    )


def _side_by_side(
    first: Collection[RequestRecord], again: Collection[RequestRecord], title: str, of: Time
) -> tuple[bool, float, str]:
    """Were those asked again much quicker, and by chance not; the ratio of the medians; and in words."""
    before, after = [of(r) for r in first], [of(r) for r in again]
    ratio = median(after) / median(before) if median(before) > 0 else 1.0
    quick = _much_quicker(before, after) and _rank_sum_z(before, after) >= CACHED_Z
    text = f"median {title} {median(after):.1f} ms again, {median(before):.1f} ms the first time"
    return quick, ratio, text


def _much_quicker(before: Sequence[float], after: Sequence[float]) -> bool:
    slow, fast = median(before), median(after)
    return fast < CACHED_RATIO * slow and slow - fast >= CACHED_MS


def _one_after_the_other(
    first_of: Collection[RequestRecord], again: Sequence[RequestRecord], title: str, of: Time
) -> tuple[str, bool]:
    """What can be told of few questions, asked again after all were asked, and whether they were answered
    much quicker then: that may be a cache or a slow start, of which only no gain at all tells neither. First
    askings of the warm-up stand in for the few; not the load's very first request, which is slow anyway."""
    firsts = [
        of(r)
        for r in first_of
        if r.outcome == "ok" and r.service_ttft_ms is not None and not {COLD, LATE} & set(r.flags)
    ]
    after = [of(r) for r in again if LATE not in r.flags]
    if not firsts or not after:
        return ": too few of either kind side by side to tell a cache", False
    text = f"; median {title} {median(after):.1f} ms again, {median(firsts):.1f} ms the first time"
    if not _much_quicker(firsts, after):
        few = "" if len(firsts) >= CACHED_FEW else ", of too few to tell a cache"
        return f"{text}{few}", False
    text += ": a cache, or a slow start; to tell, give as many questions as requests: --questions FILE"
    return f"{text} (sweep: -- --questions FILE)", True


def _rank_sum_z(high: Sequence[float], low: Sequence[float]) -> float:
    """How many standard deviations ``high``'s ranks lie above chance (Mann-Whitney, ties by order)."""
    m, n = len(high), len(low)
    # Sorted so that among equals ``high`` comes first: ties never speak for a difference.
    ranked = sorted([(value, 0) for value in high] + [(value, 1) for value in low])
    ranks = sum(rank for rank, (_, group) in enumerate(ranked, start=1) if group == 0)
    wins = ranks - m * (m + 1) / 2
    return (wins - m * n / 2) / math.sqrt(m * n * (m + n + 1) / 12)
