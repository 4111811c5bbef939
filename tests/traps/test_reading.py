"""TRAPS 1-10 and 14: each fault's server beside our client, in both dialects, over plain HTTP and TLS."""

from collections.abc import Callable
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
        of = self.ours if moment in ("headers", "ended") else self.ours.answer
        ours: int | None = getattr(of, f"{moment}_ns")
        true: int | None = self.truth[f"{moment}_at_ns"]
        assert (ours is None) == (true is None), (moment, ours, true)
        return None if ours is None or true is None else self.clock.unix(ours) - true

    @property
    def ttft_error_ns(self) -> int | None:
        """Our time to first token less the server's own."""
        ours = self.ours.answer.first_token_ns
        if ours is None:
            return None
        return int(ours - self.ours.sent_ns - self.truth["first_token_at_ns"] + self.truth["received_at_ns"])

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


def check_facts(pairs: list[Pair]) -> None:
    """What each request was, and that nothing of it is dated before it was sent."""
    for pair in pairs:
        ours, truth = pair.ours, pair.truth
        # A compressed answer is refused aloud.
        assert ours.outcome == ("stream_error" if truth["fault"] == "gzip" else truth["outcome"]), ours.error
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


def check_in_time(served: Any, connect: Callable[[], Connection], answers: int) -> None:
    """Answers of a connection are dated in time, which a busy machine may keep from them again and again,
    but not for ever. The facts hold at each try."""
    seen = []
    for _ in range(TRIES):
        one = connect()
        pairs = ask(served, one, answers)
        check_facts(pairs)
        used = len({pair.truth["connection"] for pair in pairs})
        assert used == one.connects == (answers if served.name in NO_KEEPING else 1)  # TRAPS 14
        seen.append([lateness(pair) for pair in pairs])
        # Each moment in one answer at least.
        if all(min(late[moment] for late in seen[-1]) < LATE_NS for moment in seen[-1][0]):
            return
    raise AssertionError(f"not once in {TRIES} tries: {seen}")


@pytest.mark.parametrize(("name", "kind"), PAIRS)
def test_our_figures_are_the_servers_own(
    serve: Any, behind_tls: Any, request: pytest.FixtureRequest, name: str, kind: str
) -> None:
    """Everything of each request: what it was, and how much came when. Over plain HTTP and, in one dialect,
    over TLS, for which the other is only other bytes."""
    served, answers = serve(name, kind), 1 if name in LONG else ANSWERS
    check_in_time(served, partial(connection, Origin(served.url), PATIENT), answers)
    if kind == "ask":
        trusting = Reach(tls=Tls(ca=request.getfixturevalue("certificates").ca))
        check_in_time(served, partial(connection, Origin(behind_tls(served.url), trusting), PATIENT), answers)


@pytest.mark.parametrize(("over", "timeouts", "said"), [
    ("http", {"total": 2.0}, "the answer was not whole within the timeout"),
    ("https", {"total": 60.0, "gap": 1.0}, "the next token did not come within the gap's timeout"),
], indirect=["over"])  # fmt: skip
def test_a_stream_that_stalls_for_ever_is_a_timeout(
    serve: Any, over: Any, timeouts: dict[str, float], said: str
) -> None:
    served = serve("stall", stall_s=float("inf"))
    for pair in ask(served, connection(over.origin(served.url), Timeouts(**timeouts)), answers=1):
        assert (pair.ours.outcome, pair.ours.error) == ("timeout", said)
        assert pair.truth["outcome"] == "cancelled"
        assert pair.ours.answer.tokens == pair.truth["tokens"]
        assert pair.late_ns("last_token") is not None
