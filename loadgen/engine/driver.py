"""One process's users at work: each asks, each request becomes a record. No locust."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from loadgen.client.connection import Connection, Timeouts
from loadgen.client.http import HttpFailure, Origin
from loadgen.client.reading import Exchange
from loadgen.client.turns import Turns
from loadgen.engine.arrivals import Pace
from loadgen.engine.clock import Clock
from loadgen.engine.in_flight import InFlightRequest, VirtualUser, WorkerIdentity
from loadgen.engine.lag import LoopLag
from loadgen.engine.priority import low_priority
from loadgen.engine.session import Session
from loadgen.engine.settings import Settings
from loadgen.engine.task import AnyTask, Item, Share
from records.cells.flags import COLD, LATE, RETRIED, WARMUP
from records.cells.request import RequestRecord

START_JITTER_S = 0.25
"""Users start spread over this, so that equal answers do not keep them in step (TRAPS 15)."""
REFUSED = ("connect_error", "http_error")
REFUSED_PAUSE_S = 0.1
"""A user waits so long after a refused connection or a refusal instead of spinning: thousands of 404 a second
would be an attack."""


@dataclass(kw_only=True)
class Driver:
    """Runs a process's share of a load. ``on_end`` gets every request once, when it is over."""

    origin: Origin
    settings: Settings
    task: AnyTask
    place: WorkerIdentity
    session: Session
    users: int
    connection: Callable[[Origin, Timeouts, Turns], Connection]
    on_end: Callable[[RequestRecord], None]
    clock: Clock = field(default_factory=Clock)
    lag: LoopLag = field(default_factory=LoopLag)
    turns: Turns = field(default_factory=Turns)
    connections: list[Connection] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._flying: dict[int, InFlightRequest] = {}
        self._shares: list[Iterator[Item]] = []
        self._used_up: set[int] = set()
        """Shares without a further item."""
        self._busy = 0
        """Items that are being asked."""
        self._aborted = False
        self.started_ns = time.monotonic_ns()
        self.pace = Pace(self.settings.rate)
        """Of an open loop."""

    @property
    def in_flight(self) -> list[InFlightRequest]:
        return list(self._flying.values())

    @property
    def out_of_items(self) -> bool:
        """All of a finite task's were begun."""
        return len(self._used_up) >= (1 if self.settings.open_loop else self.users)

    @property
    def exhausted(self) -> bool:
        """They were asked, too, and answered or not."""
        return self.out_of_items and not self._busy

    def virtual_user(self) -> VirtualUser:
        """One more user of a closed loop: starts after a jitter, with its connection made."""
        where, number = self.place, len(self.connections)
        if number < self.users:
            self._shares.append(self.items(number, self.users))
        # Those a shape adds to the first level's users take turns with them: no item is asked twice.
        user = self.new_user(self._shares[number % self.users])
        if number or self.users * where.workers > 1:
            seed = f"{self.task.seed}/{where.worker_index}/{user.user}"
            time.sleep(random.Random(seed).uniform(0, START_JITTER_S))
        self.connect(user)
        return user

    def items(self, user: int, users: int) -> Iterator[Item]:
        """The items of one of this process's ``users``: nobody else asks them."""
        where = self.place
        share = Share(user=user, users=users, worker=where.worker_index, workers=where.workers)
        items: Iterator[Item] = self.task.items(share)
        return items

    def new_user(self, items: Iterator[Item]) -> VirtualUser:
        """One that asks ``items``, not connected yet."""
        one = self.connection(self.origin, self.task.timeouts, self.turns)
        self.connections.append(one)
        return VirtualUser(user=len(self.connections) - 1, client=self.task.client(one), items=items)

    @staticmethod
    def connect(user: VirtualUser) -> None:
        with contextlib.suppress(HttpFailure):  # the first request meets the same trouble, and records it
            user.client.connection.connect()

    def drop(self, due_ns: int, number: int) -> None:
        """Record a request that was due and is not begun, the ``number``-th of those."""
        exchange = self.task.exchange(due_ns)
        exchange.ended_ns, exchange.outcome = due_ns, "dropped"
        exchange.error = "dropped: the limit of requests in flight was reached"
        dropped = InFlightRequest(
            user=-1,
            seq=number,
            item="",
            exchange=exchange,
            flags=[],
            wanted_ns=due_ns,
            began_ns=due_ns,
            due_ns=due_ns,
        )
        self.on_end(self._record(dropped))

    def run_next(self, user: VirtualUser, due_ns: int | None = None) -> bool:
        """One item of this user; False, and none, when the run is stopping or there is no further item."""
        now = time.monotonic_ns()
        if not self.session.may_begin(now):
            return False
        item = next(user.items, None)
        if item is None:
            self._used_up.add(id(user.items))
            self.session.idle(now)
            self._end_if_exhausted()
            return False
        asked: list[InFlightRequest] = []

        def begin() -> Exchange:
            """The item's first request, or the next one, which its user sends when the one before is over."""
            first = not asked
            if not first:
                self._over(asked[-1])
            asked.append(self._begin(user, item, now if first else time.monotonic_ns(), first, due_ns))
            return asked[-1].exchange

        self._busy += 1
        try:
            user.client.run(item, begin)
        finally:
            if asked:
                self._over(asked[-1])
            self._busy -= 1
            self._end_if_exhausted()
        if not asked or (asked[-1].exchange.outcome in REFUSED and due_ns is None):
            time.sleep(REFUSED_PAUSE_S)
            user.free_ns = None
        else:
            user.free_ns = asked[-1].exchange.body_ended_ns
        return True

    def _begin(
        self, user: VirtualUser, item: Item, now: int, first: bool, due_ns: int | None
    ) -> InFlightRequest:
        counts = not self._aborted and self.session.begin()
        flags = [] if counts else [WARMUP]
        if self.session.begun == 1:
            flags.append(COLD)
        user.seq += 1
        wanted_ns = now
        if first:
            think_ns = int(self.settings.think_time_s * 1e9)
            wanted_ns = due_ns or (now if user.free_ns is None else user.free_ns + think_ns)
        begun = InFlightRequest(
            user=user.user,
            seq=user.seq,
            item=item.id,
            exchange=self.task.exchange(now),
            flags=flags,
            wanted_ns=min(wanted_ns, now),
            began_ns=now,
            due_ns=due_ns if first else None,
        )
        if self._aborted:
            begun.over = True  # its user goes on with its item, and nobody keeps a record any more
        else:
            self._flying[id(begun)] = begun
        return begun

    def drain(self, limit_s: float) -> None:
        """Nobody begins another request; wait for those in flight, then record the rest as aborted."""
        now = time.monotonic_ns()
        self.session.stopping = True
        if len(self._flying) < len(self.connections) or self.settings.open_loop:
            self.session.idle(now)
        while self._flying and time.monotonic_ns() - now < limit_s * 1e9:
            time.sleep(0.005)
        self.abort()

    def unwatch(self) -> None:
        """The run is over: how this process fares is of no more interest."""
        self.lag.stopped = True
        self.turns.stop()

    def abort(self) -> None:
        """Nobody waits any longer for what is in flight."""
        self._aborted = True
        for one in list(self._flying.values()):
            self._over(one, abort=True)

    def _over(self, one: InFlightRequest, *, abort: bool = False) -> None:
        if one.over:
            return  # it was aborted, and its user was killed or came back only now
        one.over = True
        del self._flying[id(one)]
        exchange = one.exchange
        if (abort and exchange.body_ended_ns is None) or exchange.outcome == "aborted":
            exchange.outcome, exchange.error = "aborted", "aborted at the end"
            exchange.ended_ns = time.monotonic_ns()
        if exchange.outcome == "ok" and one.late(self.turns):
            one.flags.append(LATE)
        self.session.end(
            time.monotonic_ns(),
            measured=WARMUP not in one.flags,
            clean=LATE not in one.flags,
            abort=exchange.outcome == "aborted",
        )
        self.on_end(self._record(one))

    def _end_if_exhausted(self) -> None:
        """A worker says so to its master, who waits for all of them."""
        if self._used_up and self.session.decides and self.exhausted:
            self.session.stopping = True

    def _record(self, one: InFlightRequest) -> RequestRecord:
        exchange, clock, redaction = one.exchange, self.clock, self.settings.redaction
        if exchange.retried:
            one.flags.append(RETRIED)
        record = RequestRecord(
            run=self.place.run,
            cell=self.place.cell,
            worker=self.place.worker,
            region=self.settings.region,
            user=one.user,
            seq=one.seq,
            due_at_ns=clock.unix_or_none(one.due_ns),
            sent_at_ns=clock.unix(exchange.sent_ns),
            ended_at_ns=clock.unix(exchange.ended_ns),
            outcome=exchange.outcome,
            headers_at_ns=clock.unix_or_none(exchange.headers_ns),
            body_ended_at_ns=clock.unix_or_none(exchange.body_ended_ns),
            bytes=exchange.bytes,
            # Again: whatever way an error took, this is the last place before it is kept and shown.
            error=exchange.error and redaction.redact(exchange.error),
            question=one.item,
            trace_id=exchange.trace_id,
            flags=one.flags,
        )
        self.task.fill(record, exchange, clock)
        return record

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
            "priority": low_priority(),
            "stood_still_percent": 100 * self.turns.stood_still_ns(start, end) / max(1, end - start),
            "connects": sum(one.connects for one in self.connections),
            "connect_ns": sum(one.connect_ns for one in self.connections),
        }
