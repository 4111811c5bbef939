"""One process's users at work: each asks, each request becomes a record. Pure: no locust."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from loadgen.clock import Clock
from loadgen.connection import Connection, Timeouts
from loadgen.exchange import Asker, Exchange
from loadgen.http import HttpFailure, Origin
from loadgen.lag import LoopLag
from loadgen.options import Settings
from loadgen.questions import Question, shuffled, users_questions
from loadgen.session import Session
from records.request import RequestRecord

START_JITTER_S = 0.25
"""Users start spread over this, so that equal answers do not keep them in step (TRAPS 15)."""
REFUSED_PAUSE_S = 0.1
"""A user waits so long after a refused connection, instead of spinning."""


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
    over: bool = False


@dataclass(kw_only=True)
class Seat:
    """What a user keeps from request to request."""

    user: int
    asker: Asker
    questions: Iterator[Question]
    seq: int = 0


@dataclass(kw_only=True)
class Driver:
    """Runs a process's share of a load. ``on_end`` gets every request once, with its exchange."""

    origin: Origin
    settings: Settings
    place: Place
    session: Session
    users: int
    connection: Callable[[Origin, Timeouts], Connection]
    on_end: Callable[[RequestRecord, Exchange], None]
    clock: Clock = field(default_factory=Clock)
    lag: LoopLag = field(default_factory=LoopLag)
    draining: bool = False
    connections: list[Connection] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._order = shuffled(self.settings.questions(), self.settings.question_seed)
        self._flying: dict[int, Attempt] = {}
        self.started_ns = time.monotonic_ns()

    def seat(self) -> Seat:
        """A place for one more user: starts after a jitter, with its connection made."""
        user = len(self.connections)
        where, wanted = self.place, self.settings
        one = self.connection(self.origin, wanted.timeouts)
        self.connections.append(one)
        seat = Seat(
            user=user,
            asker=Asker(one, wanted.dialect, wanted.headers),
            questions=users_questions(
                self._order,
                user=user,
                users=self.users,
                worker=where.worker_index,
                workers=where.workers,
            ),
        )
        if self.users * where.workers > 1:
            seed = f"{self.settings.question_seed}/{where.worker_index}/{user}"
            time.sleep(random.Random(seed).uniform(0, START_JITTER_S))
        with contextlib.suppress(HttpFailure):  # the first request meets the same trouble, and records it
            one.connect()
        return seat

    def ask(self, seat: Seat) -> bool:
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
        attempt = Attempt(
            user=seat.user, seq=seat.seq, question=question.id, exchange=Exchange(sent_ns=now), flags=flags
        )
        self._flying[id(attempt)] = attempt
        try:
            seat.asker.ask(question.text, attempt.exchange)
        finally:
            self._over(attempt)
        if attempt.exchange.outcome == "connect_error":
            time.sleep(REFUSED_PAUSE_S)
        return True

    def drain(self, limit_s: float) -> None:
        """Nobody begins another request; wait for those in flight, then record the rest as cut."""
        now = time.monotonic_ns()
        self.session.stopping = self.draining = True
        if len(self._flying) < len(self.connections):
            self.session.idle(now)
        while self._flying and time.monotonic_ns() - now < limit_s * 1e9:
            time.sleep(0.005)
        self.cut()

    def cut(self) -> None:
        for attempt in list(self._flying.values()):
            self._over(attempt, cut=True)

    def _over(self, attempt: Attempt, *, cut: bool = False) -> None:
        if attempt.over:
            return  # it was cut, and its user was killed or came back only now
        attempt.over = True
        del self._flying[id(attempt)]
        exchange = attempt.exchange
        if cut or exchange.outcome == "cut":
            exchange.outcome, exchange.ended_ns, exchange.error = "cut", time.monotonic_ns(), "cut at the end"
        self.session.end(
            time.monotonic_ns(),
            measured="warmup" not in attempt.flags,
            cut=exchange.outcome == "cut",
            good=exchange.outcome == "ok",
        )
        self.on_end(self._record(attempt), exchange)

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
        return RequestRecord(
            run=self.place.run,
            cell=self.place.cell,
            worker=self.place.worker,
            region=self.settings.region,
            user=attempt.user,
            seq=attempt.seq,
            sent_at_ns=clock.unix(exchange.sent_ns),
            ended_at_ns=clock.unix(exchange.ended_ns),
            outcome=exchange.outcome,
            headers_at_ns=clock.unix_or_none(exchange.headers_ns),
            first_event_at_ns=clock.unix_or_none(answer.first_event_ns),
            first_token_at_ns=clock.unix_or_none(answer.first_token_ns),
            last_token_at_ns=clock.unix_or_none(answer.last_token_ns),
            gaps_us=answer.gaps_us,
            events=answer.events,
            tokens=tokens,
            token_source=source,
            bytes=exchange.bytes,
            error=exchange.error,
            question=attempt.question,
            documents=answer.documents,
            stages=answer.stages,
            config=answer.config,
            flags=flags,
        )

    def summary(self) -> dict[str, int | float | None]:
        """What this process saw of itself: window in Unix ns, lag, CPU, connections."""
        window = self.session.window_ns()
        start, end = window or (self.started_ns, time.monotonic_ns())
        return {
            "start_ns": None if window is None else self.clock.unix(start),
            "end_ns": None if window is None else self.clock.unix(end),
            "lag_p99_ms": self.lag.p99_ms(start, end),
            "cpu_percent": self.lag.cpu_percent(start, end),
            "connects": sum(one.connects for one in self.connections),
            "connect_ns": sum(one.connect_ns for one in self.connections),
        }
