"""Did something on the way hold the tokens back? Told by what only a buffer or only a service can do."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from records.cells.cell import Check
from records.cells.flags import CUT_EVENT, LATE, MOCK_ANSWER, RESTARTED, WRITTEN_MS
from records.cells.request import RequestRecord
from records.services.variants import LLM
from workloads.checks.definition import declared
from workloads.checks.facts import TOO_FEW, Facts
from workloads.checks.streams import STAGE_EXCESS_MS

BUFFERED_SHARE = 0.5
UNKNOWN_SHARE = 0.2
"""Of the long answers: where more came so that nobody knows whether they were held, that is told aloud."""
BUFFERED_TOKENS = 8
BUFFERED_ANSWERS = 10
TOGETHER_US = 50
TOGETHER_MS = 2.0
"""Headers and the first token, that came as one."""
LUMP_SHARE = 0.9
HELD_MS = 50.0
"""Less is a busy machine, and hardly felt."""
BETWEEN_LUMPS_MS = 20.0


def _lumpy(r: RequestRecord) -> bool:
    """Nearly all tokens came together with the one before, the second with the first."""
    together = sum(gap < TOGETHER_US for gap in r.gaps_us)
    return r.gaps_us[0] < TOGETHER_US and together >= LUMP_SHARE * len(r.gaps_us)


def _at_once(r: RequestRecord) -> bool:
    """The whole answer came in less time than passes between two lumps: a busy receiver, or who writes a line
    after the other of what it has by then, takes more than 50 us from token to token."""
    return sum(r.gaps_us) < BETWEEN_LUMPS_MS * 1000


def _bundled(r: RequestRecord) -> bool:
    """So many tokens came together with the one before that the median gap is none."""
    return sum(gap < TOGETHER_US for gap in r.gaps_us) >= len(r.gaps_us) / 2


def _held(r: RequestRecord, *, alone: bool) -> bool | None:
    """Was this answer held back on its way? None where that cannot be known. ``alone``: it was the only one
    then, so that no other request made the service bundle its tokens."""
    longer_ms = _written_for_longer_ms(r)
    if longer_ms is not None:  # however the tokens came: what holds the first ones may let the others through
        return longer_ms > HELD_MS
    if not _bundled(r) and not _at_once(r):
        return False
    if CUT_EVENT in r.flags:
        return True
    late_ms = _later_than_stages_ms(r)
    if late_ms is not None and late_ms <= HELD_MS:  # what is timed took nearly all of the wait
        return False
    # Else a step that nobody times may be the rest.
    in_lumps = _lumpy(r) and max(r.gaps_us) >= BETWEEN_LUMPS_MS * 1000
    return True if alone and in_lumps and _headers_waited(r) else None


def _one_at_a_time(requests: Sequence[RequestRecord]) -> bool:
    in_turn = sorted(requests, key=lambda r: r.sent_at_ns)
    return all(before.ended_at_ns <= after.sent_at_ns for before, after in pairwise(in_turn))


def _headers_waited(r: RequestRecord) -> bool:
    """For the first token: a service sends them before it looks for the answer, a buffer holds them, too."""
    if r.headers_at_ns is None or r.first_token_at_ns is None:
        return False
    return r.first_token_at_ns - r.headers_at_ns <= TOGETHER_MS * 1e6


def _written_for_longer_ms(r: RequestRecord) -> float | None:
    """For how much longer the service wrote, from its first token to its end, than the client was given:
    so long the first token lay on the way. None where the service does not say, or what cannot be."""
    told = r.values.get(WRITTEN_MS)
    took_ms = (r.ended_at_ns - r.sent_at_ns) / 1e6
    if told is None or r.first_token_at_ns is None or not 0 <= told <= took_ms + STAGE_EXCESS_MS:
        return None
    return told - (r.ended_at_ns - r.first_token_at_ns) / 1e6


def _later_than_stages_ms(r: RequestRecord) -> float | None:
    """How much later the first token came than the stages, the LLM's among them, had taken."""
    if r.service_ttft_ms is None or not r.stages or LLM.stage not in r.stages:
        return None
    return r.service_ttft_ms - r.stages_ms


@declared("buffering", worth_telling=True, of_pace=True)
def buffering(facts: Facts) -> Check:
    """Did something on the way (a reverse proxy that buffers) hold the tokens back and let them go in lumps?

    Then TTFT is too high and ITL too low. Lumps (half of the gaps or more below 50 us, or all tokens within
    20 ms) alone prove nothing: speculative decoding, a detokenizer, a mock, and above all a server whose
    event loop is blocked bundle tokens too. Nor does a first token that is later than the stages that the
    service times: a step without a time may be as long as a lump takes to fill. So it is told by what only
    one of the two can do:

    - The service itself says for how long it wrote (``written_ms``). What was not held takes as long to come.
      Of what was, the first token lay on the way for the difference: over 50 ms.
    - Where it does not say, an answer was held if a line of it came in two parts, 20 ms apart or more: who
      writes events writes them whole; a buffer of so many bytes is full in the midst of one.
    - An answer whose first token came within 50 ms of what the stages took was held by nothing.
    - Else it was where 90 % of its gaps are below 50 us, the first among them, 20 ms or more passed between
      two lumps, its headers came with the first token (within 2 ms), and there was one request at a time:
      among others a busy service bundles tokens itself.

    Of all others nothing can be told; n/a where that is so of many. It fails when more than half of those
    that can be judged were held back. Answers of fewer than 8 tokens, those that a stall of the load
    generator may have dated, and those of the mock LLM, written at once, are left out.
    """
    name = "buffering"
    long = [
        r
        for r in facts.good
        if len(r.gaps_us) >= BUFFERED_TOKENS - 1 and not {MOCK_ANSWER, RESTARTED, LATE} & set(r.flags)
    ]
    alone = _one_at_a_time(facts.requests)
    seen = [_held(r, alone=alone) for r in long]
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
    held = [r for r, is_held in zip(long, seen, strict=True) if is_held]
    rest = f"; of {len(unknown)} more it is not known" if unknown else ""
    return Check.bounded(
        name,
        share,
        BUFFERED_SHARE,
        (_as_seen(held, share) if held else "no answer's tokens were held back on their way") + rest,
        advice="switch its buffering off (nginx: proxy_buffering off), or ask the service itself, without it",
    )


def _unknown(unknown: Sequence[RequestRecord], of: int) -> str:
    """How the answers came of which nobody knows whether they were held back."""
    where = f"in {100 * len(unknown) / of:.0f} % of the answers " if len(unknown) < of else ""
    late = [ms for r in unknown if (ms := _later_than_stages_ms(r)) is not None]
    step = f", the first one {median(late):.0f} ms later than the stages took" if late else ""
    untimed = " has a step that it does not time," if late else ""
    if median(max(r.gaps_us) for r in unknown) >= BETWEEN_LUMPS_MS * 1000 or not all(
        _lumpy(r) or _at_once(r) for r in unknown
    ):
        return (
            f"{where}the tokens came in lumps{step}: it cannot be told whether the service sends several at "
            f"a time,{untimed} or is blocked now and then, or a proxy buffers; ITL is that of the lumps, and "
            "TTFT may be too high"
        )
    return (
        f"{where}the tokens came all at once{step}: it cannot be told whether the service{untimed} does "
        "not stream, or a proxy buffers whole answers"
    )


def _as_seen(held: Sequence[RequestRecord], share: float) -> str:
    """What shows that they were: a ``share`` of the answers."""
    longer = [ms for r in held if (ms := _written_for_longer_ms(r)) is not None]
    if longer:
        how = f"{median(longer):.0f} ms after the service wrote the first one"
    else:
        cut = sum(CUT_EVENT in r.flags for r in held) > len(held) / 2
        how = "cut in the midst of a line" if cut else "the headers with the first one"
    lumps = "in lumps, " if sum(map(_bundled, held)) > len(held) / 2 else ""
    return (
        f"in {100 * share:.0f} % of the answers the tokens came {lumps}{how}, as through a proxy that "
        "buffers (TTFT too high, ITL too low)"
    )
