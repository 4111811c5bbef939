"""Checks that look inside the answers: did the stream come as it was sent, and do its times fit together?"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from itertools import pairwise
from statistics import median

from records.cells.cell import Check
from records.cells.request import COMPRESSED, CUT, LATE, RequestRecord
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
HELD_MS = 50.0
"""Less is a busy machine, and hardly felt."""
BETWEEN_LUMPS_MS = 20.0
WRITTEN = "written_ms"
"""Of a stage: for how long the service wrote, from its first token to its end."""
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
    if not _bundled(r):
        return False
    longer_ms = _written_for_longer_ms(r)
    if longer_ms is not None:
        return longer_ms > HELD_MS
    if CUT in r.flags:
        return True
    late_ms = _later_than_stages_ms(r)
    # What is timed took nearly all of the wait. Where it did not, a step that nobody times may be the rest.
    return False if late_ms is not None and late_ms <= HELD_MS else None


def _written_for_longer_ms(r: RequestRecord) -> float | None:
    """For how much longer the service wrote, from its first token to its end, than the client was given:
    so long the first token lay on the way. None where the service does not say, or what cannot be."""
    told = [times[WRITTEN] for times in (r.stages or {}).values() if WRITTEN in times]
    took_ms = (r.ended_at_ns - r.sent_at_ns) / 1e6
    if not told or r.first_token_at_ns is None or not 0 <= max(told) <= took_ms + STAGE_EXCESS_MS:
        return None
    return max(told) - (r.ended_at_ns - r.first_token_at_ns) / 1e6


def _later_than_stages_ms(r: RequestRecord) -> float | None:
    """How much later the first token came than the stages, the LLM's among them, had taken."""
    if r.service_ttft_ms is None or not r.stages or LLM.stage not in r.stages:
        return None
    return r.service_ttft_ms - r.stages_ms


@declared("buffering", worth_telling=True, of_pace=True)
def buffering(facts: Facts) -> Check:
    """Did something on the way (a reverse proxy that buffers) hold the tokens back and let them go in lumps?

    Then TTFT is too high and ITL too low. Lumps (half of the gaps or more below 50 us) alone prove nothing:
    speculative decoding, a detokenizer, a mock, and above all a server whose event loop is blocked bundle
    tokens too. Nor does a first token that is later than the stages that the service times: a step without a
    time may be as long as a lump takes to fill. So it is told by what only one of the two can do:

    - The service itself says for how long it wrote (``written_ms``). What was not held takes as long to come.
      Of what was, the first token lay on the way for the difference: over 50 ms.
    - Where it does not say, an answer was held if a line of it came in two parts, 20 ms apart or more: who
      writes events writes them whole; a buffer of so many bytes is full in the midst of one.
    - An answer whose first token came within 50 ms of what the stages took was held by nothing.

    Of all others nothing can be told: a buffer that is let go by a clock, or at the end, looks as a service
    does that sends its tokens so; n/a where that is so of many. It fails when more than half of those that
    can be judged were held back. Answers of fewer than 8 tokens, those that a stall of the load generator may
    have dated, and those of the mock LLM, written at once, are left out.
    """
    name = "buffering"
    long = [
        r
        for r in facts.good
        if len(r.gaps_us) >= BUFFERED_TOKENS - 1 and not {"mock-answer", "restarted", LATE} & set(r.flags)
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
    how = _as_seen([r for r, is_held in zip(long, seen, strict=True) if is_held])
    rest = f"; of {len(unknown)} more it is not known" if unknown else ""
    return Check.bounded(
        name,
        share,
        BUFFERED_SHARE,
        f"in {100 * share:.0f} % of the answers the tokens came in lumps, {how}, as through a proxy that "
        f"buffers (TTFT too high, ITL too low){rest}",
        advice="switch its buffering off (nginx: proxy_buffering off), or ask the service itself, without it",
    )


def _unknown(unknown: Sequence[RequestRecord], of: int) -> str:
    """How the answers came of which nobody knows whether they were held back."""
    where = f"in {100 * len(unknown) / of:.0f} % of the answers " if len(unknown) < of else ""
    late = [ms for r in unknown if (ms := _later_than_stages_ms(r)) is not None]
    step = f", the first one {median(late):.0f} ms later than the stages took" if late else ""
    untimed = " has a step that it does not time," if late else ""
    if median(max(r.gaps_us) for r in unknown) >= BETWEEN_LUMPS_MS * 1000 or not all(map(_lumpy, unknown)):
        return (
            f"{where}the tokens came in lumps{step}: it cannot be told whether the service sends several at "
            f"a time,{untimed} or is blocked now and then, or a proxy buffers; ITL is that of the lumps, and "
            "TTFT may be too high"
        )
    return (
        f"{where}the tokens came all at once{step}: it cannot be told whether the service{untimed} does "
        "not stream, or a proxy buffers whole answers"
    )


def _as_seen(held: Sequence[RequestRecord]) -> str:
    """What shows that they were."""
    longer = [ms for r in held if (ms := _written_for_longer_ms(r)) is not None]
    if not longer:
        return "cut in the midst of a line"
    return f"{median(longer):.0f} ms after the service wrote the first one"


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
