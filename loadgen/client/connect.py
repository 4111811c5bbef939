"""Which kind of connection an origin is asked through."""

from __future__ import annotations

from loadgen.client.connection import Connection, Timeouts
from loadgen.client.http import Origin
from loadgen.client.secured import SecuredConnection
from loadgen.client.turns import Turns
from loadgen.client.watched import WatchedConnection


def connection(origin: Origin, timeouts: Timeouts, turns: Turns | None = None) -> Connection:
    """The connection through which an origin is asked."""
    kind = SecuredConnection if origin.tls else WatchedConnection
    return kind(origin, timeouts, turns)
