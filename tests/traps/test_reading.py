"""TRAPS 1-10 and 14: each fault's server beside our client, in both dialects, over plain HTTP and TLS."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from statistics import median
from typing import Any

import pytest

from loadgen.client.connect import connection
from loadgen.client.connection import Connection, Timeouts
from loadgen.client.http import Origin
from loadgen.engine.clock import Clock
from loadgen.tasks.ask.dialects import dialect
from loadgen.tasks.ask.reading import AnswerExchange, Asker
from mocks.faults.catalogue import ASK_ONLY, FAULTS
from reach.options import Reach
from reach.tls import Tls

MS = 1_000_000
EARLY_NS = 1 * MS
"""No client can have a token before its server sent it; two processes anchor their clocks a little apart."""
LATE_NS = 25 * MS
"""What an answer in time is late by at most; the traps are set wider than that. A busy machine makes any
answer later, and none earlier: what one is dated by rightly once is dated rightly, so the least counts, and
they are asked again where even that is late. A client that falls into a trap is late each time."""
ANSWERS = 3
TRIES = 10
LONG = {"small-events"}
"""Faults whose answer takes two seconds: one is enough."""
PATIENT = Timeouts(total=60)
PAIRS = [
    (name, kind) for name in FAULTS for kind in ("ask", "openai") if kind == "ask" or name not in ASK_ONLY
]
MOMENTS = ("first_event", "first_token", "last_token")
NO_KEEPING = {"connection-close", "cut"}
"""Faults after which a connection cannot carry another request."""


@dataclass(frozen=True)
class Pair:
    """One request as we saw it and as its server did, both in Unix nanoseconds."""

    ours: AnswerExchange
    truth: dict[str, Any]
    clock: Clock

    def late_ns(self, moment: str) -> int | None:
        """How long after the server's sending we stamped it; both may say that it did not happen."""
        ours: int | None
        if moment in ("headers", "ended"):
            ours = getattr(self.ours, f"{moment}_ns")
        else:
            ours = getattr(self.ours.answer, f"{moment}_ns")
        true: int | None = self.truth[f"{moment}_at_ns"]
        assert (ours is None) == (true is None), (moment, ours, true)
        return None if ours is None or true is None else self.clock.unix(ours) - true

    @property
    def ttft_error_ns(self) -> int | None:
        """Our time to first token less the server's own."""
        ours = self.ours.answer.first_token_ns
        if ours is None:
            return None
        true: int = self.truth["first_token_at_ns"] - self.truth["received_at_ns"]
        return ours - self.ours.sent_ns - true

    @property
    def gap_errors_us(self) -> list[int]:
        true = [(after - before) // 1000 for before, after in pairwise(self.truth["token_events_at_ns"])]
        return [abs(a - b) for a, b in zip(self.ours.answer.gaps_us, true, strict=True)]

    @property
    def afterwards(self) -> int:
        """Events after the terminal one (``end``), of which nobody has to take notice."""
        return int(self.ours.outcome == "ok" and self.ours.answer.usage is None)

    @property
    def tokens(self) -> tuple[int, int]:
        """Ours and the server's; without usage a client can only count the events that hold answer text."""
        count, source = self.ours.answer.token_count
        return count, self.truth["tokens"] if source == "usage" else len(self.truth["token_events_at_ns"])


def ask(served: Any, one: Connection, answers: int = ANSWERS) -> list[Pair]:
    """Some answers of one user, and the server's records of them."""
    before = served.asked
    served.asked += answers
    clock, asker, exchanges = Clock(), Asker(one, dialect(served.dialect), {}), []
    for number in range(answers):
        exchanges.append(AnswerExchange(sent_ns=0))
        asker.ask(f"Question {number} of {type(one).__name__}?", exchanges[-1])
    one.close()
    truths = served.truths(before + answers)[before:]
    return [Pair(ours, truth, clock) for ours, truth in zip(exchanges, truths, strict=True)]


def expected_outcome(truth: dict[str, Any]) -> str:
    """The server's own, but that a compressed answer is refused aloud."""
    return "stream_error" if truth["fault"] == "gzip" else str(truth["outcome"])


def check_facts(pairs: list[Pair]) -> None:
    """What each request was, and that nothing of it is dated before it was sent."""
    for pair in pairs:
        ours, truth = pair.ours, pair.truth
        assert ours.outcome == expected_outcome(truth), ours.error
        assert (ours.error is None) == (ours.outcome == "ok")
        if truth["fault"] != "gzip":
            assert truth["events"] - pair.afterwards <= ours.answer.events <= truth["events"]
            assert ours.answer.restarted == (truth["restarts"] > 0)
            assert pair.tokens[0] == pair.tokens[1]
        for moment, late_ns in lateness(pair).items():
            assert late_ns >= -EARLY_NS, (moment, late_ns)


def lateness(pair: Pair) -> dict[str, float]:
    """How late each moment of a request is dated that happened, and how wrong its gaps are in the median."""
    late: dict[str, float | None] = {"headers": pair.late_ns("headers")}
    if pair.truth["fault"] != "gzip":
        late |= {moment: pair.late_ns(moment) for moment in MOMENTS}
        if pair.truth["fault"] != "blocked-loop":  # which reads a request late, and knows only of that
            late["ttft"] = pair.ttft_error_ns
        if pair.ours.outcome == "ok":
            late["ended"] = pair.late_ns("ended")
        if pair.gap_errors_us:
            late["gaps"] = median(pair.gap_errors_us) * 1000
    return {moment: value for moment, value in late.items() if value is not None}


def in_time(pairs: list[Pair]) -> bool:
    """Is each moment dated in time in one answer at least?"""
    all_late = [lateness(pair) for pair in pairs]
    return all(min(late[moment] for late in all_late) < LATE_NS for moment in all_late[0])


def ask_until(
    holds: Callable[[list[Pair]], bool],
    served: Any,
    connect: Callable[[], Connection],
    answers: int = ANSWERS,
) -> list[Pair]:
    """Answers of a connection for which that holds, which a busy machine may keep from it again and again,
    but not for ever. The facts hold at each try."""
    seen = []
    for _ in range(TRIES):
        one = connect()
        pairs = ask(served, one, answers)
        check_facts(pairs)
        used = len({pair.truth["connection"] for pair in pairs})
        assert used == one.connects == (answers if served.name in NO_KEEPING else 1)  # TRAPS 14
        if holds(pairs):
            return pairs
        seen.append([lateness(pair) for pair in pairs])
    raise AssertionError(f"not once in {TRIES} tries: {seen}")


Ways = Callable[[Any], Iterator[Callable[[], Connection]]]


@pytest.fixture
def ways(request: pytest.FixtureRequest, behind_tls: Callable[[str], str]) -> Ways:
    """How to connect to a server: over plain HTTP and, in one dialect, over TLS, for which the other is only
    other bytes."""

    def of(served: Any) -> Iterator[Callable[[], Connection]]:
        yield partial(connection, Origin(served.url), PATIENT)
        if served.dialect == "ask":
            trusting = Reach(tls=Tls(ca=request.getfixturevalue("certificates").ca))
            yield partial(connection, Origin(behind_tls(served.url), trusting), PATIENT)

    return of


@pytest.mark.parametrize(("name", "kind"), PAIRS)
def test_our_figures_are_the_servers_own(serve: Any, ways: Ways, name: str, kind: str) -> None:
    """Everything of each request: what it was, and how much came when."""
    served = serve(name, kind)
    for connect in ways(served):
        ask_until(in_time, served, connect, 1 if name in LONG else ANSWERS)


def least_ms(pairs: list[Pair], moment: str = "first_token") -> float:
    """How soon after it was sent a request had this, by our own stamps."""
    return min(getattr(pair.ours.answer, f"{moment}_ns") - pair.ours.sent_ns for pair in pairs) / MS


@pytest.mark.parametrize("kind", ["ask", "openai"])
@pytest.mark.parametrize("name", ["role-first", "status-first"])
def test_what_comes_before_the_first_token_is_told_apart(
    serve: Any, ways: Ways, name: str, kind: str
) -> None:  # TRAPS 2, 3
    def apart(pairs: list[Pair]) -> bool:
        return in_time(pairs) and least_ms(pairs, "first_event") < 100

    served = serve(name, kind, ttft_ms=200)
    for connect in ways(served):
        assert least_ms(ask_until(apart, served, connect)) >= 199


def test_an_answer_ends_before_its_stream_does(serve: Any, ways: Ways) -> None:  # TRAPS 8
    def early(pairs: list[Pair]) -> bool:
        return in_time(pairs) and min(one.ours.ended_ns - one.ours.sent_ns for one in pairs) < 300 * MS

    served = serve("slow-close", stall_s=0.5)
    for connect in ways(served):
        for pair in ask_until(early, served, connect):
            assert pair.truth["closed_at_ns"] - pair.truth["ended_at_ns"] >= 499 * MS


@pytest.mark.parametrize(("name", "tokens"), [("empty", 0), ("one-token", 1)])
def test_what_did_not_happen_has_no_time(serve: Any, ways: Ways, name: str, tokens: int) -> None:  # TRAPS 10
    served = serve(name)
    for connect in ways(served):
        for pair in ask(served, connect()):
            assert pair.ours.answer.gaps_us == []
            assert (pair.ours.answer.first_token_ns is None) == (tokens == 0)
            assert pair.tokens == (tokens, tokens)


@pytest.mark.parametrize(
    ("over", "timeouts", "said"),
    [
        ("http", {"total": 2.0}, "the answer was not whole within the timeout"),
        ("https", {"total": 60.0, "gap": 1.0}, "the next token did not come within the gap's timeout"),
    ],
    indirect=["over"],
)
def test_a_stream_that_stalls_for_ever_is_a_timeout(
    serve: Any, over: Any, timeouts: dict[str, float], said: str
) -> None:
    served = serve("stall", stall_s=float("inf"))
    for pair in ask(served, connection(over.origin(served.url), Timeouts(**timeouts)), answers=1):
        assert (pair.ours.outcome, pair.ours.error) == ("timeout", said)
        assert pair.truth["outcome"] == "cancelled"
        assert pair.ours.answer.tokens == pair.truth["tokens"]
        assert pair.late_ns("last_token") is not None
