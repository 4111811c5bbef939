"""Who asks, and what is asked at the moment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from loadgen.client.reading import Exchange
from loadgen.client.turns import Turns
from loadgen.engine.task import AnyClient, Item


@dataclass(frozen=True, kw_only=True)
class WorkerIdentity:
    """Where in the load this process stands."""

    run: str
    cell: str
    worker: str
    worker_index: int = 0
    workers: int = 1


@dataclass(kw_only=True)
class VirtualUser:
    """What a user keeps from request to request."""

    user: int
    client: AnyClient
    items: Iterator[Item]
    seq: int = 0
    free_ns: int | None = None
    """When its last answer let it go on."""


@dataclass(eq=False, kw_only=True)
class InFlightRequest:
    """A request that is not over."""

    user: int
    seq: int
    item: str
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

    @property
    def first_ms(self) -> float | None:
        """Milliseconds to the first of what is timed in its answer, once that has come."""
        first_ns = self.exchange.first_ns
        return None if first_ns is None else (first_ns - self.start_ns) / 1e6

    def late(self, turns: Turns) -> bool:
        """Can a stall of this process have moved what its record says?"""
        exchange = self.exchange
        if self.due_ns is None:
            waited_ns = turns.stood_still_ns(self.wanted_ns, exchange.sent_ns)
        else:  # its latency counts from when it was due, whatever this process did instead
            waited_ns = self.began_ns - self.due_ns
        return exchange.doubt.late(
            start_ns=self.start_ns,
            first_ns=exchange.first_ns,
            last_ns=exchange.last_ns,
            ended_ns=exchange.ended_ns,
            waited_ns=waited_ns,
            wait_counts=self.due_ns is not None,
        )
