"""The engine drives whatever a task gives it: an item may have several records, and the items may end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from loadgen.client.connection import Timeouts
from loadgen.client.reading import Exchange
from loadgen.engine.clock import Clock
from loadgen.engine.driver import Driver
from loadgen.engine.in_flight import WorkerIdentity
from loadgen.engine.session import Plan, Session
from loadgen.engine.task import Share, Task
from records.cells.request import RequestRecord


@dataclass(frozen=True)
class Job:
    id: str


class Jobs(Task[Job, Exchange]):
    """Each is submitted and polled: two records. They end."""

    workload, path, finite, timeouts = "jobs", "/jobs", True, Timeouts(total=1)

    def __init__(self, count: int, between: Callable[[], object] = lambda: None) -> None:
        self.count, self.between = count, between

    def requested(self) -> Mapping[str, Any]:
        return {}

    def items(self, share: Share) -> Iterator[Job]:
        return (Job(str(n)) for n in range(share.place, self.count, share.places))

    def exchange(self, sent_ns: int) -> Exchange:
        return Exchange(sent_ns=sent_ns)

    def client(self, connection: Any) -> Client:
        return Client(connection, self.between)

    def fill(self, record: RequestRecord, exchange: Exchange, clock: Clock) -> None:
        record.values["filled"] = 1


@dataclass
class Client:
    connection: Any
    between: Callable[[], object]

    def run(self, item: Job, begin: Callable[[], Exchange]) -> None:
        for number in range(2):
            if number:
                self.between()
            exchange = begin()
            exchange.outcome = "ok"
            exchange.ended_ns = exchange.body_ended_ns = exchange.sent_ns + 1


def driver(task: Jobs, users: int = 1) -> tuple[Driver, list[RequestRecord]]:
    records: list[RequestRecord] = []
    settings: Any = SimpleNamespace(
        rate=0, open_loop=False, think_time_s=0, region="", redaction=SimpleNamespace(redact=str)
    )
    connection: Any = lambda *_: SimpleNamespace(connect=lambda: None, connects=0, connect_ns=0)  # noqa: E731
    origin: Any = None
    session = Session(plan=Plan(users=users, warmup_requests=0, requests=0, min_seconds=0), spawned=True)
    one = Driver(
        origin=origin, settings=settings, task=task, place=WorkerIdentity(run="r", cell="c", worker="local"),
        session=session, users=users, connection=connection, on_end=records.append,
    )  # fmt: skip
    return one, records


def test_an_item_may_have_several_records() -> None:
    one, records = driver(Jobs(3))
    user = one.virtual_user()
    assert one.run_next(user)
    assert [(r.question, r.seq, r.outcome) for r in records] == [("0", 1, "ok"), ("0", 2, "ok")]
    assert all(r.values == {"filled": 1} for r in records)
    assert records[0].flags[0] == "warmup"
    assert one.in_flight == []
    assert not one.exhausted


@pytest.mark.parametrize("users", [1, 2])
def test_a_finite_task_ends_its_load(users: int) -> None:
    one, records = driver(Jobs(3), users)
    every = [one.virtual_user() for _ in range(users)]
    while any(list(map(one.run_next, every))):
        pass
    assert sorted(r.question for r in records) == ["0", "0", "1", "1", "2", "2"]
    assert one.exhausted
    assert one.session.stopping
    assert one.session.first_idle_ns is not None


def test_a_worker_leaves_its_end_to_its_master() -> None:
    one, _ = driver(Jobs(1))
    one.session.decides = False
    user = one.virtual_user()
    assert [one.run_next(user), one.run_next(user)] == [True, False]
    assert one.exhausted
    assert not one.session.stopping


def test_nothing_of_an_item_is_recorded_once_the_run_was_cut() -> None:
    made: list[Driver] = []
    one, records = driver(Jobs(1, between=lambda: made[0].abort()))
    made.append(one)
    one.run_next(one.virtual_user())
    assert [r.outcome for r in records] == ["ok"]  # it was over by then
    assert one.session.in_flight == 0


def test_what_was_due_and_not_begun_is_dropped_and_filled_as_any_other() -> None:
    one, records = driver(Jobs(1))
    one.drop(5, 1)
    assert (records[0].outcome, records[0].user, records[0].values) == ("dropped", -1, {"filled": 1})
