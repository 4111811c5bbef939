"""What the engine knows of a scenario: a `Task`. Of questions, dialects and streams it knows nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from loadgen.client.connection import Connection, Timeouts
from loadgen.client.reading import Exchange
from loadgen.engine.clock import Clock
from records.cells.request import RequestRecord


class Item(Protocol):
    """One thing to ask."""

    @property
    def id(self) -> str:
        """The same from run to run, and the same for what is the same: caches are found out by it."""


ItemT = TypeVar("ItemT", bound=Item)
ExchangeT = TypeVar("ExchangeT", bound=Exchange)
RequestedT = TypeVar("RequestedT", bound=Item, contravariant=True)
FilledT = TypeVar("FilledT", bound=Exchange, contravariant=True)


@dataclass(frozen=True, kw_only=True)
class Share:
    """Whose items: one user's of this process, or all of an open loop's."""

    user: int = 0
    users: int = 1
    worker: int = 0
    workers: int = 1

    @property
    def place(self) -> int:
        """Its place among all shares of the load, from 0 below ``places``."""
        return (self.user % self.users) * self.workers + self.worker % self.workers

    @property
    def places(self) -> int:
        return self.users * self.workers


class Client(Protocol[RequestedT, FilledT]):
    """One user's: asks over its connection."""

    connection: Connection

    def run(self, item: RequestedT, begin: Callable[[], FilledT]) -> None:
        """Ask one item, to its end. ``begin()`` opens a request and gives the exchange to fill; what it gave
        before is over by then. Each is a record: a job may have one that submits it and many that poll."""


class Task(Protocol[ItemT, ExchangeT]):
    """What a scenario asks, and what it makes of the answers. Derive from it to have its defaults."""

    workload: str
    """By which its records are measured: a name in `workloads.catalogue`."""
    method: str = "POST"
    path: str
    """Of locust's row, with the method."""
    seed: int = 0
    """Of all that is random in the load: the order of items, the moments of arrivals."""
    finite: bool = False
    """The items end, and the load with them."""
    timeouts: Timeouts

    fields: Sequence[str] = ()
    """What its requests' bodies hold, for advice on a service that refuses them."""

    def requested(self) -> Mapping[str, Any]:
        """What is kept with a cell, and compared by reports: whatever makes its load another one."""

    def facts(self) -> Mapping[str, Any]:
        """What the checks of its workload are to know of what was asked, by the names of
        `workloads.checks.facts.Facts`: are documents expected?"""
        return {}

    def warnings(self) -> Sequence[str]:
        """What its options make of the load that may not be meant, a line each; it starts all the same."""
        return ()

    def check(self) -> None:
        """Read what it needs, before the load starts: in each process that asks, and where nobody has begun
        yet. Raises UsageError."""
        return

    def items(self, share: Share) -> Iterator[ItemT]:
        """A share's own, in their order: nobody else asks them, unless they are fewer than the shares."""

    def exchange(self, sent_ns: int) -> ExchangeT:
        """A request that is about to be sent."""

    def client(self, connection: Connection) -> Client[ItemT, ExchangeT]: ...

    def fill(self, record: RequestRecord, exchange: ExchangeT, clock: Clock) -> None:
        """Put what the answer was into a record that has all else: tokens, values, labels, flags..."""


AnyTask = Task[Any, Any]
AnyClient = Client[Any, Any]
