"""The service before the load: is it there, what does it call itself, which configuration is in effect?"""

from __future__ import annotations

from collections.abc import Mapping

from loadgen.client.connection import Timeouts
from loadgen.client.http import HttpFailure, Origin
from loadgen.client.secured import connection
from loadgen.usage import UsageError
from reach.failure import ReachFailure
from reach.get import get
from records.served import Served

WAIT_S = 3.0


def reachable(origin: Origin) -> str | None:
    """Why nothing can be asked there, or None when a connection can be made."""
    one = connection(origin, Timeouts(total=WAIT_S))
    try:
        one.connect()
    except HttpFailure as failure:
        return str(failure)
    finally:
        one.close()
    return None


def served(origin: Origin, headers: Mapping[str, str]) -> Served:
    """Ask ``GET /config``; whatever goes wrong, the service is simply one without it.

    Raises:
        UsageError: it speaks TLS where none was asked for or the other way round, or the two do not agree
            on it: nothing else would be answered.
    """
    for path in origin.own("/config"):
        try:
            said = Served.of_answer(*get(origin, path, headers, WAIT_S))
        except ReachFailure as failure:
            if failure.final:
                raise UsageError(f"{origin.url} cannot be reached: {failure}") from failure
            return Served()
        if said.config is not None:
            return said
    return Served()
