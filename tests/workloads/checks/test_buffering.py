"""Buffers in front of a service are told from services that send their tokens in lumps of their own accord.

Services write at simulated times, something in front hands on, and the load's own reader makes records of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random

import pytest

from loadgen.tasks.ask.answer import Answer
from loadgen.tasks.ask.ask_events import fold_ask
from loadgen.tasks.ask.events import EventStream
from records.cells.cell import Check, Window
from records.cells.flags import CUT_EVENT, LATE, WRITTEN_MS
from records.cells.request import RequestRecord
from workloads.checks.buffering import buffering
from workloads.checks.facts import Facts

Pieces = list[tuple[float, bytes]]
"""When, in ms since the request, and what."""
TOKENS = 90
SAYS = ("nothing", "stages", "written")
HEADERS_MS = 3.0
LLM_MS = 40.0
"""The service's stages take so long, as it says."""
COMPLETE = b'data: {"type":"complete","final_answer":"x"}\n\n'


@dataclass(frozen=True)
class Service:
    """``lump``: so many tokens it writes at a time; ``every_ms``: then it has the next."""

    lump: Callable[[Random], int]
    every_ms: float
    step_ms: float = 0.0
    """Before the first token it does something that it does not time."""
    tokens: int = TOKENS
    flags: tuple[str, ...] = ()

    def writes(self, chance: Random) -> Pieces:
        at, left, pieces = LLM_MS + self.step_ms * chance.uniform(0.9, 1.1), self.tokens, Pieces()
        while left:
            count = min(left, self.lump(chance))
            words = ("w" * chance.randint(1, 90) for _ in range(count))
            pieces.append(
                (at, b"".join(b'data: {"type":"token","content":"%b "}\n\n' % w.encode() for w in words))
            )
            at, left = at + self.every_ms * chance.uniform(0.9, 1.1), left - count
        return [*pieces, (pieces[-1][0] + 1.0, COMPLETE)]


def _always(count: int) -> Callable[[Random], int]:
    return lambda _: count


STEADY = Service(_always(1), 15)
HONEST = {
    "steady": STEADY,
    "steady, first token late": Service(_always(1), 15, step_ms=200),
    "lumps of 2": Service(_always(2), 100, step_ms=120),
    "lumps of 4": Service(_always(4), 100, step_ms=70),
    "lumps of 16, as late as they are long": Service(_always(16), 150, step_ms=150),
    "lumps of 12, later than they are long": Service(_always(12), 100, step_ms=250),
    "speculative decoding": Service(lambda chance: chance.randint(1, 6), 60, step_ms=100),
    "a busy loop": Service(lambda chance: chance.randint(2, 40), 120, step_ms=180),
    "whole answer at the end": Service(_always(TOKENS), 0, step_ms=900),
    "two lumps": Service(_always(TOKENS // 2), 700, step_ms=150),
    "one chunk": Service(_always(1), 0, step_ms=500, tokens=1),
    "a slow client": Service(_always(30), 200, step_ms=200, flags=(LATE, CUT_EVENT)),
}


def _segments(pieces: Pieces) -> Pieces:
    """A write comes in several packets, one right behind the other: over TCP, or as TLS records."""
    return [
        (at + n * 0.01, data[begin : begin + 1400])
        for at, data in pieces
        for n, begin in enumerate(range(0, len(data), 1400))
    ]


def _by_bytes(pieces: Pieces, size: int = 4096) -> Pieces:
    """As nginx's proxy_buffering hands on an answer without chunks."""
    found, held = Pieces(), b""
    for at, data in pieces:
        held += data
        while len(held) >= size:
            found.append((at, held[:size]))
            held = held[size:]
    return [*found, (pieces[-1][0], held)] if held else found


def _by_clock(pieces: Pieces, every_ms: float = 250.0) -> Pieces:
    found: dict[float, bytes] = {}
    for at, data in pieces:
        flushed = min(pieces[-1][0], (at // every_ms + 1) * every_ms)
        found[flushed] = found.get(flushed, b"") + data
    return list(found.items())


def _whole(pieces: Pieces) -> Pieces:
    return [(pieces[-1][0], b"".join(data for _, data in pieces))]


FRONTS: dict[str, Callable[[Pieces], Pieces]] = {"bytes": _by_bytes, "clock": _by_clock, "whole": _whole}


def _record(
    seq: int,
    service: Service,
    front: Callable[[Pieces], Pieces],
    *,
    says: str,
    headers_first: bool,
    apart_ms: int = 10,
) -> RequestRecord:
    chance, sent = Random(seq), seq * apart_ms * 1_000_000
    written = service.writes(chance)
    answer = Answer()
    reader = EventStream(answer, fold_ask)
    for at_ms, data in front(written):
        reader.feed(data, sent + round(at_ms * 1e6))
    times = {"queued_ms": 0.0, "running_ms": LLM_MS}
    assert answer.ended_ns is not None
    return RequestRecord(
        run="r", cell="c", worker="w", region="", user=0, seq=seq,
        sent_at_ns=sent, ended_at_ns=answer.ended_ns,
        headers_at_ns=sent + round(HEADERS_MS * 1e6) if headers_first else answer.first_token_ns,
        first_token_at_ns=answer.first_token_ns, last_token_at_ns=answer.last_token_ns, outcome="ok",
        tokens=answer.tokens, gaps_us=answer.gaps_us, question=f"q{seq}",
        stages=None if says == "nothing" else {"llm": times},
        flags=[*service.flags, *[CUT_EVENT][: answer.cut]],
        values={WRITTEN_MS: written[-1][0] - written[0][0]} if says == "written" else {},
    )  # fmt: skip


def _judged(records: Sequence[RequestRecord]) -> Check:
    return buffering(Facts(requests=records, window=Window(start_ns=0, end_ns=10**18)))


@pytest.mark.parametrize("headers_first", [True, False])
@pytest.mark.parametrize("says", SAYS)
@pytest.mark.parametrize("name", HONEST)
def test_no_service_is_failed_for_how_it_sends_its_tokens(name: str, says: str, headers_first: bool) -> None:
    service = HONEST[name]
    records = [_record(n, service, _segments, says=says, headers_first=headers_first) for n in range(20)]
    check = _judged(records)
    judged = service.tokens > 1 and not service.flags
    known = says == "written" or "steady" in name
    assert check.status == ("pass" if judged and known else "n/a"), check.text
    assert known or not judged or "it cannot be told whether" in check.text


@pytest.mark.parametrize("headers_first", [True, False])
@pytest.mark.parametrize(("front", "says", "status"), [
    # A full buffer cuts events; one that is let go by a clock, or at the end, only the service's word shows.
    *(("bytes", says, "fail") for says in SAYS), ("clock", "written", "fail"), ("whole", "written", "fail"),
    *((front, says, "n/a") for front in ("clock", "whole") for says in ("nothing", "stages")),
])  # fmt: skip
@pytest.mark.parametrize("service", [STEADY, Service(_always(2), 30, step_ms=150)])
def test_what_holds_an_evenly_written_answer_is_found_where_it_can_be(
    service: Service, front: str, says: str, status: str, headers_first: bool
) -> None:
    held = [_record(n, service, FRONTS[front], says=says, headers_first=headers_first) for n in range(20)]
    check = _judged(held)
    assert check.status == status, check.text
    wanted = {"n/a": "it cannot be told whether", "fail": "as through a proxy that buffers"}[status]
    assert wanted in check.text


@pytest.mark.parametrize(("says", "headers_first", "apart_ms", "status"), [
    *((says, False, 10_000, "fail") for says in SAYS),
    # its headers came before, or other requests may have made the service bundle its tokens
    ("nothing", True, 10_000, "n/a"), ("stages", False, 10, "n/a"),
])  # fmt: skip
def test_headers_that_waited_for_a_lump_of_the_only_request_tell_of_a_buffer(
    says: str, headers_first: bool, apart_ms: int, status: str
) -> None:
    told = {"says": says, "headers_first": headers_first, "apart_ms": apart_ms}
    check = _judged([_record(n, STEADY, _by_clock, **told) for n in range(20)])  # type: ignore[arg-type]
    assert check.status == status, check.text
    assert ("the headers with the first one" in check.text) == (status == "fail" and says != "written")


def _first_bytes(pieces: Pieces, size: int = 600) -> Pieces:
    """It waits until it has so much, and then hands on whatever comes."""
    held, found = b"", Pieces()
    for at, data in pieces:
        held += data
        if len(held) >= size:
            found.append((at, held))
            size, held = 0, b""
    return found


def _replayed(pieces: Pieces) -> Pieces:
    return [(pieces[-1][0] + n * 0.2, data) for n, (_, data) in enumerate(pieces)]


@pytest.mark.parametrize("front", [_first_bytes, _replayed])
def test_what_holds_the_first_tokens_and_lets_the_others_through_one_by_one_is_found_by_the_service_s_word(
    front: Callable[[Pieces], Pieces],
) -> None:
    records = [_record(n, STEADY, front, says="written", headers_first=True) for n in range(20)]
    check = _judged(records)
    assert check.status == "fail"
    assert "in lumps" not in check.text
    assert "ms after the service wrote the first one, as through a proxy" in check.text


def test_an_answer_that_came_whole_in_no_time_is_not_taken_for_a_stream() -> None:
    """A token each 0.2 ms, which is no lump by its gaps."""
    records = [_record(n, STEADY, _replayed, says="nothing", headers_first=True) for n in range(20)]
    check = _judged(records)
    assert check.status == "n/a"
    assert "the tokens came all at once" in check.text


def test_what_a_service_says_of_its_writing_and_cannot_be_is_not_believed() -> None:
    made = [_record(n, HONEST["two lumps"], _segments, says="written", headers_first=True) for n in range(20)]
    for written_ms in (-1.0, 1e6):
        assert _judged([replace(one, values={WRITTEN_MS: written_ms}) for one in made]).status == "n/a"


@pytest.mark.parametrize("ends", [b"\n\n", b"\r\n\r\n"])
def test_a_service_that_ends_an_event_with_the_next_one_cuts_none(ends: bytes) -> None:
    answer = Answer()
    reader = EventStream(answer, fold_ask)
    for n in range(9):
        reader.feed(b'%bdata: {"type":"token","content":"w"}' % (ends if n else b""), n * 50_000_000)
    reader.feed(ends, 500_000_000)
    assert (answer.tokens, answer.cut) == (9, False)
