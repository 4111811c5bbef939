"""Checks that look inside the answers: did the stream come as it was sent, and do its times fit together?"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from itertools import pairwise
from statistics import median

from records.cells.cell import Check
from records.cells.request import COMPRESSED, LATE, RequestRecord
from records.services.variants import LLM
from workloads.checks.advice import advised
from workloads.checks.definition import declared
from workloads.checks.facts import TOO_FEW, Facts

STAGE_EXCESS_MS = 2.0
IMPOSSIBLE_STAGES = 0.01
BUFFERED_SHARE = 0.5
UNKNOWN_SHARE = 0.2
"""Of the long answers: where more came so that nobody knows whether they were held, that is told aloud."""
BUFFERED_TOKENS = 8
BUFFERED_ANSWERS = 10
TOGETHER_US = 50
LUMP_SHARE = 0.9
TOGETHER_MS = 2.0
HELD_MS = 50.0
BETWEEN_LUMPS_MS = 20.0
CACHED_RATIO = 0.5
CACHED_MS = 1.0
"""Less than that is no cache, but a service of half a millisecond that gets warm."""
CACHED_SAMPLES = 10
CACHED_FEW = 5
"""So many first askings after the warm-up, and as many repeats that are as slow, show that there is none."""
CACHED_Z = 3.0
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


def _lumpy(r: RequestRecord) -> bool:
    """Nearly all tokens came together with the one before, the second with the first."""
    together = sum(gap < TOGETHER_US for gap in r.gaps_us)
    return r.gaps_us[0] < TOGETHER_US and together >= LUMP_SHARE * len(r.gaps_us)


def _bundled(r: RequestRecord) -> bool:
    """So many tokens came together with the one before that the median gap is none."""
    return sum(gap < TOGETHER_US for gap in r.gaps_us) >= len(r.gaps_us) / 2


def _held(r: RequestRecord) -> bool | None:
    """Was this answer held back on its way? None where that cannot be known."""
    if _lumpy(r):
        return _held_back(r)
    if not _bundled(r):
        return False
    # Two or three tokens at a time is also how a service sends that decodes speculatively.
    return _held_back(r) if r.stages and LLM.stage in r.stages else None


def _held_back(r: RequestRecord) -> bool | None:
    """Was this lumpy answer held back on its way? None where that cannot be known."""
    if r.service_ttft_ms is None or r.first_token_at_ns is None or r.headers_at_ns is None:
        return None
    after_headers = (r.first_token_at_ns - r.headers_at_ns) / 1e6
    if r.stages and LLM.stage in r.stages:
        late = r.service_ttft_ms - r.stages_ms
        between_lumps = max(r.gaps_us) / 1000
        if between_lumps >= BETWEEN_LUMPS_MS and late > 2 * between_lumps + HELD_MS:
            # A buffer holds the first token no longer than it takes to fill: this was another wait.
            return None
        with_the_headers = after_headers <= TOGETHER_MS and late > max(HELD_MS, r.stages_ms / 2)
        return with_the_headers or after_headers > 2 * r.stages_ms + HELD_MS
    if after_headers > TOGETHER_MS:
        return None  # a busy server's headers come early too, and so do those that a proxy lets through
    # All tokens at once is also what a server looks like that does not stream.
    return True if max(r.gaps_us) >= BETWEEN_LUMPS_MS * 1000 else None


@declared("buffering", worth_telling=True, of_pace=True)
def buffering(facts: Facts) -> Check:
    """Did something on the way (a reverse proxy that buffers) hold the tokens back and let them go in lumps?

    Then TTFT is too high and ITL too low. Lumps alone prove nothing: speculative decoding, a mock and
    above all a server whose event loop is blocked bundle tokens too. An answer of at least 8 tokens counts
    as held back when at least 90 % of its gaps are below 50 us, the first among them, and

    - where the server gives its stage times: headers and first token came together (within 2 ms), over
      50 ms (and half the stages' time) after the server had that token; or the headers came alone, and the
      token later than twice the stages' time and 50 ms;
    - where it does not: headers and first token came together, and 20 ms or more passed between two lumps.

    Where half of the gaps or more, and not 90 %, are so short, only the server's stage times can tell. A
    first token that is later than twice the longest time between two lumps (and 50 ms) was not held by what
    made the lumps: a step without a stage, or a busy loop, is as late.
    The headers tell a slow server from a proxy: it sends them before it looks for the answer, a buffer
    holds them with all else. Where there are no stage times, and the tokens came all at once or their
    headers long before the lumps, nothing can be told: n/a where that is so of many. It fails when more than
    half of those that can be judged were held back; answers of the mock LLM, written at once, are left out.
    """
    name = "buffering"
    long = [
        r
        for r in facts.good
        if len(r.gaps_us) >= BUFFERED_TOKENS - 1 and not {"mock-answer", "restarted"} & set(r.flags)
    ]
    seen = [_held(r) for r in long]
    if len(long) < BUFFERED_ANSWERS:
        return Check(
            name=name,
            status="n/a",
            figure=len(long),
            text=f"{TOO_FEW}: {len(long)} of {BUFFERED_TOKENS} tokens or more, no mock's",
        )
    unknown = [r for r, is_held in zip(long, seen, strict=True) if is_held is None]
    if len(unknown) > len(seen) / 2:
        return Check(name=name, status="n/a", text=_unknown(unknown, len(seen)))
    share = seen.count(True) / (len(seen) - len(unknown))
    if share <= BUFFERED_SHARE and len(unknown) > UNKNOWN_SHARE * len(seen):
        return Check(name=name, status="n/a", figure=round(share, 4), text=_unknown(unknown, len(seen)))
    after = _after_the_server([r for r, is_held in zip(long, seen, strict=True) if is_held])
    rest = f"; of {len(unknown)} more it is not known" if unknown else ""
    return Check.bounded(
        name,
        share,
        BUFFERED_SHARE,
        f"in {100 * share:.0f} % of the answers the tokens came in lumps{after}, as through a proxy that "
        f"buffers (TTFT too high, ITL too low){rest}",
        advice="switch its buffering off (nginx: proxy_buffering off), or ask the service itself, without it",
    )


def _unknown(unknown: Sequence[RequestRecord], of: int) -> str:
    """How the answers came of which nobody knows whether they were held back."""
    where = f"in {100 * len(unknown) / of:.0f} % of the answers " if len(unknown) < of else ""
    apart = median(max(r.gaps_us) for r in unknown) >= BETWEEN_LUMPS_MS * 1000
    if apart or not all(map(_lumpy, unknown)):
        return (
            f"{where}the tokens came in lumps: the service sends several at a time or is blocked now and "
            "then, or a proxy buffers; ITL is that of the lumps, and TTFT may be too high"
        )
    return (
        f"{where}the tokens came all at once: the service does not stream, or a proxy buffers whole answers"
    )


def _after_the_server(held: Sequence[RequestRecord]) -> str:
    timed = [r.service_ttft_ms - r.stages_ms for r in held if r.stages and r.service_ttft_ms is not None]
    return f", {median(timed):.0f} ms after the server had the first one" if timed else ""


@declared("cached-answers", worth_telling=True)
def cached(facts: Facts) -> Check:
    """Are questions answered faster when they are asked again? Then a cache was measured.

    Asking again is no fault: a service without a cache may be measured with one question. It fails when
    repeats' median TTFT is below half the first askings', by CACHED_MS at least, and a rank-sum test
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
    before = [r.service_ttft_ms or 0.0 for r in first]
    after = [r.service_ttft_ms or 0.0 for r in again if r.sent_at_ns <= last]
    if not again:
        return Check(name=name, status="pass", figure=0.0, text="no question was asked twice")
    if min(len(before), len(after)) < CACHED_SAMPLES:
        text, quick = _one_after_the_other(first_of.values(), again)
        known = len(first) >= CACHED_FEW and len(again) >= CACHED_FEW and not quick
        figure = round(len(again) / len(good), 4)
        return Check(name=name, status="pass" if known else "n/a", figure=figure, text=f"{asked}{text}")
    ratio = median(after) / median(before) if median(before) > 0 else 1.0
    quick = _much_quicker(before, after) and _rank_sum_z(before, after) >= CACHED_Z
    found = Check(
        name=name,
        status="fail" if quick else "pass",
        figure=round(ratio, 4),
        bound=CACHED_RATIO,
        text=f"{asked}; median TTFT {median(after):.1f} ms again, {median(before):.1f} ms the first time",
    )
    return advised(
        found,
        "a cache was measured: switch it off, or give as many questions as requests: --questions FILE "
        "(sweep: -- --questions FILE)",
    )


def _much_quicker(before: Sequence[float], after: Sequence[float]) -> bool:
    slow, fast = median(before), median(after)
    return fast < CACHED_RATIO * slow and slow - fast >= CACHED_MS


def _one_after_the_other(
    first_of: Collection[RequestRecord], again: Sequence[RequestRecord]
) -> tuple[str, bool]:
    """What can be told of few questions, asked again after all were asked, and whether they were answered
    much quicker then: that may be a cache or a slow start, of which only no gain at all tells neither. First
    askings of the warm-up stand in for the few; not the load's very first request, which is slow anyway."""
    firsts = [
        r.service_ttft_ms
        for r in first_of
        if r.outcome == "ok" and r.service_ttft_ms is not None and not {"cold", LATE} & set(r.flags)
    ]
    after = [r.service_ttft_ms or 0.0 for r in again if LATE not in r.flags]
    if not firsts or not after:
        return ": too few of either kind side by side to tell a cache", False
    text = f"; median TTFT {median(after):.1f} ms again, {median(firsts):.1f} ms the first time"
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
