"""The service before the load: is it there, what does it call itself, which configuration is in effect?"""

from __future__ import annotations

import time
from collections.abc import Mapping

from loadgen.client.http import Origin
from loadgen.usage import UsageError
from reach.failure import ReachFailure, why
from reach.get import connected, get
from records.redaction import Redaction
from records.served import Served

WAIT_S = 3.0


def reachable(origin: Origin) -> str | None:
    """Why nothing can be asked there, or None when a connection can be made."""
    try:
        connected(origin, time.monotonic() + WAIT_S).close()
    except TimeoutError:
        return "connect timed out"
    except OSError as error:
        return why(error)
    return None


def served(origin: Origin, headers: Mapping[str, str], redaction: Redaction) -> Served:
    """Ask ``GET /config``, and keep no secret of what it says; whatever goes wrong, the service is simply
    one without it.

    Raises:
        UsageError: it speaks TLS where none was asked for or the other way round, or the two do not agree
            on it: nothing else would be answered.
    """
    for path in origin.own("/config"):
        try:
            said = Served.of_answer(*get(origin, path, headers, WAIT_S)).redacted(redaction)
        except ReachFailure as failure:
            if failure.final:
                raise UsageError(f"{origin.url} cannot be reached: {failure}") from failure
            return Served()
        if said.config is not None:
            return said
    return Served()
