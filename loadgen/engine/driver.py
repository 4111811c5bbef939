"""One process's users at work: each asks, each request becomes a record. No locust."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from loadgen.client.connection import Connection, Timeouts
from loadgen.client.http import HttpFailure, Origin
from loadgen.client.turns import Turns
from loadgen.engine.arrivals import Pace
from loadgen.engine.clock import Clock
from loadgen.engine.lag import LoopLag
from loadgen.engine.session import Session
from loadgen.engine.settings import Settings
from loadgen.tasks.ask.question_files import Question
from loadgen.tasks.ask.questions import shuffled, users_questions
from loadgen.tasks.ask.reading import Asker, Exchange
from records.request import GAPS_LEFT_OUT, LATE, RequestRecord, StageTimings
from records.served import config_shown

START_JITTER_S = 0.25
"""Users start spread over this, so that equal answers do not keep them in step (TRAPS 15)."""
REFUSED = ("connect_error", "http_error")
REFUSED_PAUSE_S = 0.1
"""A user waits so long after a refused connection or a refusal instead of spinning: thousands of 404 a second
would be an attack."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where in the load this process stands."""

    run: str
    cell: str
    worker: str
    worker_index: int = 0
    workers: int = 1


@dataclass(eq=False, kw_only=True)
class Attempt:
    """A request in flight."""

    user: int
    seq: int
    question: str
    exchange: Exchange
    flags: list[str]
    wanted_ns: int
    """When it was to be sent: due, or its user was free to ask."""
    began_ns: int
    """When its user set about it."""
    due_ns: int | None = None
    over: bool = False

    @property
    def start_ns(self) -> int:
        """When the answer was wanted, as in its record."""
        return self.exchange.sent_ns if self.due_ns is None else self.due_ns


@dataclass(kw_only=True)
class Seat:
    """What a user keeps from request to request."""

    user: int
    asker: Asker
    questions: Iterator[Question]
    seq: int = 0
    free_ns: int | None = None
    """When its last answer let it go on."""


@dataclass(kw_only=True)
class Driver:
    """Runs a process's share of a load. ``on_end`` gets every request once, when it is over."""

    origin: Origin
    settings: Settings
    place: Place
    session: Session
    users: int
    connection: Callable[[Origin, Timeouts, Turns], Connection]
    on_end: Callable[[RequestRecord], None]
    clock: Clock = field(default_factory=Clock)
    lag: LoopLag = field(default_factory=LoopLag)
    turns: Turns = field(default_factory=Turns)
    connections: list[Connection] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._order = shuffled(self.settings.questions(), self.settings.question_seed)
        self._flying: dict[int, Attempt] = {}
        self._shares: list[Iterator[Question]] = []
        self.started_ns = time.monotonic_ns()
        self.pace = Pace(self.settings.rate)
        """Of an open loop."""

    @property
    def in_flight(self) -> list[Attempt]:
        return list(self._flying.values())

    def seat(self) -> Seat:
        """A place for one more user of a closed loop: starts after a jitter, with its connection made."""
        where, number = self.place, len(self.connections)
        if number < self.users:
            self._shares.append(self.questions(number, self.users))
        # Those a shape adds to the first level's users take turns with them: no question is asked twice.
        seat = self.new_seat(self._shares[number % self.users])
        if number or self.users * where.workers > 1:
            seed = f"{self.settings.question_seed}/{where.worker_index}/{seat.user}"
            time.sleep(random.Random(seed).uniform(0, START_JITTER_S))
        self.connect(seat)
        return seat

    def questions(self, user: int, users: int) -> Iterator[Question]:
        """The questions of one of this process's ``users``: nobody else asks them."""
        where = self.place
        return users_questions(
            self._order, user=user, users=users, worker=where.worker_index, workers=where.workers
        )

    def new_seat(self, questions: Iterator[Question]) -> Seat:
        """A place that asks ``questions``, not connected yet."""
        wanted = self.settings
        one = self.connection(self.origin, wanted.timeouts, self.turns)
        self.connections.append(one)
        asker = Asker(one, wanted.dialect, wanted.headers, redact=wanted.redaction.redact)
        return Seat(user=len(self.connections) - 1, asker=asker, questions=questions)

    @staticmethod
    def connect(seat: Seat) -> None:
        with contextlib.suppress(HttpFailure):  # the first request meets the same trouble, and records it
            seat.asker.connection.connect()

    def drop(self, due_ns: int, number: int) -> None:
        """Record a request that was due and is not begun, the ``number``-th of those."""
        exchange = Exchange(sent_ns=due_ns, ended_ns=due_ns, outcome="dropped")
        exchange.error = "dropped: the limit of requests in flight was reached"
        self.on_end(
            self._record(
                Attempt(
                    user=-1,
                    seq=number,
                    question="",
                    exchange=exchange,
                    flags=[],
                    wanted_ns=due_ns,
                    began_ns=due_ns,
                    due_ns=due_ns,
                )
            )
        )

    def ask(self, seat: Seat, due_ns: int | None = None) -> bool:
        """One request of this user; False, and none, when the run is stopping."""
        now = time.monotonic_ns()
        if not self.session.may_begin(now):
            return False
        question = next(seat.questions)
        counts = self.session.begin()
        flags = [] if counts else ["warmup"]
        if self.session.begun == 1:
            flags.append("cold")
        seat.seq += 1
        think_ns = int(self.settings.think_time_s * 1e9)
        wanted_ns = due_ns or (now if seat.free_ns is None else seat.free_ns + think_ns)
        attempt = Attempt(
            user=seat.user,
            seq=seat.seq,
            question=question.id,
            exchange=Exchange(sent_ns=now),
            flags=flags,
            wanted_ns=min(wanted_ns, now),
            began_ns=now,
            due_ns=due_ns,
        )
        self._flying[id(attempt)] = attempt
        try:
            seat.asker.ask(question.text, attempt.exchange)
        finally:
            self._over(attempt)
        if attempt.exchange.outcome in REFUSED and due_ns is None:
            time.sleep(REFUSED_PAUSE_S)
            seat.free_ns = None
        else:
            seat.free_ns = attempt.exchange.body_ended_ns
        return True

    def drain(self, limit_s: float) -> None:
        """Nobody begins another request; wait for those in flight, then record the rest as cut."""
        now = time.monotonic_ns()
        self.session.stopping = True
        if len(self._flying) < len(self.connections) or self.settings.open_loop:
            self.session.idle(now)
        while self._flying and time.monotonic_ns() - now < limit_s * 1e9:
            time.sleep(0.005)
        self.cut()

    def unwatch(self) -> None:
        """The run is over: how this process fares is of no more interest."""
        self.lag.stopped = True
        self.turns.stop()

    def cut(self) -> None:
        for attempt in list(self._flying.values()):
            self._over(attempt, cut=True)

    def _over(self, attempt: Attempt, *, cut: bool = False) -> None:
        if attempt.over:
            return  # it was cut, and its user was killed or came back only now
        attempt.over = True
        del self._flying[id(attempt)]
        exchange = attempt.exchange
        if cut or exchange.outcome == "aborted":
            exchange.outcome, exchange.error = "aborted", "aborted at the end"
            exchange.ended_ns = time.monotonic_ns()
        if exchange.outcome == "ok" and self._late(attempt):
            attempt.flags.append(LATE)
        self.session.end(
            time.monotonic_ns(),
            measured="warmup" not in attempt.flags,
            clean=LATE not in attempt.flags,
            cut=exchange.outcome == "aborted",
        )
        self.on_end(self._record(attempt))

    def _late(self, attempt: Attempt) -> bool:
        """Can a stall of this process have moved what its record says?"""
        exchange, answer = attempt.exchange, attempt.exchange.answer
        if attempt.due_ns is None:
            waited_ns = self.turns.stood_still_ns(attempt.wanted_ns, exchange.sent_ns)
        else:  # its latency counts from when it was due, whatever this process did instead
            waited_ns = attempt.began_ns - attempt.due_ns
        return exchange.doubt.late(
            start_ns=attempt.start_ns,
            first_ns=answer.first_token_ns,
            last_ns=answer.last_token_ns,
            ended_ns=exchange.ended_ns,
            waited_ns=waited_ns,
            wait_counts=attempt.due_ns is not None,
        )

    def _record(self, attempt: Attempt) -> RequestRecord:
        exchange, answer, clock = attempt.exchange, attempt.exchange.answer, self.clock
        tokens, source = answer.token_count
        flags = attempt.flags
        if answer.restarted:
            flags.append("restarted")
        if answer.mocked:
            flags.append("mock-answer")
        if exchange.retried:
            flags.append("retried")
        if exchange.gaps_left_out:
            flags.append(GAPS_LEFT_OUT)
        redaction = self.settings.redaction
        return RequestRecord(
            run=self.place.run,
            cell=self.place.cell,
            worker=self.place.worker,
            region=self.settings.region,
            user=attempt.user,
            seq=attempt.seq,
            due_at_ns=clock.unix_or_none(attempt.due_ns),
            sent_at_ns=clock.unix(exchange.sent_ns),
            ended_at_ns=clock.unix(exchange.ended_ns),
            outcome=exchange.outcome,
            headers_at_ns=clock.unix_or_none(exchange.headers_ns),
            first_event_at_ns=clock.unix_or_none(answer.first_event_ns),
            first_generated_at_ns=clock.unix_or_none(answer.first_generated_ns),
            first_token_at_ns=clock.unix_or_none(answer.first_token_ns),
            last_token_at_ns=clock.unix_or_none(answer.last_token_ns),
            body_ended_at_ns=clock.unix_or_none(exchange.body_ended_ns),
            gaps_us=answer.gaps_us,
            events=answer.events,
            tokens=tokens,
            token_source=source,
            finish_reason=answer.finish_reason and redaction.redact(answer.finish_reason),
            bytes=exchange.bytes,
            # Again: whatever way an error took, this is the last place before it is kept and shown.
            error=exchange.error and redaction.redact(exchange.error),
            question=attempt.question,
            documents=answer.documents,
            stages=self._stages_shown(answer.stages),
            config=answer.config and config_shown(answer.config, redaction),
            flags=flags,
        )

    def _stages_shown(self, stages: StageTimings | None) -> StageTimings | None:
        redact = self.settings.redaction.redact
        return stages and {
            redact(stage): {redact(name): number for name, number in times.items()}
            for stage, times in stages.items()
        }

    def summary(self) -> dict[str, int | float | str | None]:
        """What this process saw of itself: window in Unix ns, lag, CPU, connections."""
        window = self.session.window_ns()
        start, end = window or (self.started_ns, time.monotonic_ns())
        return {
            "worker": self.place.worker,
            "region": self.settings.region,
            "start_ns": None if window is None else self.clock.unix(start),
            "end_ns": None if window is None else self.clock.unix(end),
            # While it drains, too: answers that count still come in.
            "lag_p99_ms": self.lag.p99_ms(start, max(end, self.session.last_end_ns or end)),
            "cpu_percent": self.lag.cpu_percent(start, end),
            "stood_still_percent": 100 * self.turns.stood_still_ns(start, end) / max(1, end - start),
            "connects": sum(one.connects for one in self.connections),
            "connect_ns": sum(one.connect_ns for one in self.connections),
        }
