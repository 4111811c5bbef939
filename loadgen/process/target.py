"""The service before the load: is it there, and which configuration is in effect?"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping

from loadgen.client.http import Origin
from loadgen.engine.priority import low_priority
from reach import config
from reach.failure import ReachFailure, why
from reach.get import connected, get
from records.errors import UsageError
from records.evidence import noise
from records.secrets.redaction import Redaction
from records.services.served import Served

WAIT_S = 3.0


def trouble(origin: Origin, headers: Mapping[str, str]) -> str | None:
    """Why nothing can be asked there, or None. One that only takes its time is not in trouble."""
    before = noise.read([os.getpid()])
    try:
        connected(origin, time.monotonic() + WAIT_S).close()
    except TimeoutError:
        return f"connect timed out{_starved(before)}"
    except OSError as error:
        return why(error)
    try:  # some refusals come with an answer only: TLS where none was asked for, a client's certificate
        get(origin, origin.own("/config")[0], headers, WAIT_S)
    except ReachFailure as failure:
        return str(failure) if failure.final else None
    return None


def _starved(before: noise.Counters) -> str:
    """That the time went by without this process, if so."""
    seen = noise.of_generator(before, noise.read([os.getpid()]))
    if not seen.generator_starved:
        return ""
    at = low_priority()
    better = f"; it runs at {at}: start it at the usual priority (without chrt or nice)" if at else ""
    waited = seen.generator_delay_percent
    return f", but this load itself waited {waited:.0f} % of that time for a CPU{better}"


def served(
    origin: Origin, headers: Mapping[str, str], redaction: Redaction, *, requested_elsewhere: bool = False
) -> Served:
    """What it says of itself. ``requested_elsewhere``: the load comes from other machines, which may reach
    what this one cannot, so that nothing is said.

    Raises:
        UsageError: it speaks TLS where none was asked for or the other way round, or the two do not agree
            on it: nothing else would be answered.
    """
    try:
        return config.served(origin, headers, redaction, WAIT_S)
    except ReachFailure as failure:
        if requested_elsewhere:
            return Served()
        raise UsageError(f"{origin.url} cannot be reached: {failure}") from failure
