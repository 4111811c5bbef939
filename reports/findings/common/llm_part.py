"""Has the LLM a part in what requests wait for? By its own server's record; without one by where its answers
are read, which is known by how long they stream."""

from __future__ import annotations

from collections import Counter

from reports.evidence.excess import Excess
from reports.evidence.gates import slower_ms
from reports.evidence.kinds import READ
from reports.evidence.libraries import function_at
from reports.evidence.loaded import LoadedPoint
from reports.evidence.service import Service
from reports.findings.common.finding import Evidence
from reports.findings.common.held import FEWEST_SEEN, MOST, share, where

MORE = 1.25
"""Times the requests that stream, by Little's law (L = lambda W, W from the first token to the end): so many
read in the function that reads the streams where first tokens, too, are waited for in it."""

GROWN = 1.5
"""Times as long as at the light load, from which on first tokens come later."""

SLOWER = 0.5
"""The share of what the load adds to an answer that the server's own record has to show."""


def why_no_part(service: Service, found: tuple[Excess, ...]) -> tuple[Evidence, ...] | None:
    """None: the LLM may have a part in what waits there. Else, where its server has no record, where its
    first tokens are waited for instead.

    By that record it became no slower, or got nothing at all at any load (of a load alone that it got nothing
    at, the record may be lost); where those are less than the cause, by what they alone add to an answer.
    Then there is nothing to add.
    """
    here, there = service.heavy.upstream, service.light.upstream
    if here is None and there is None:
        return _awaited_elsewhere(service, where(found)) or None
    if here is not None and there is not None and not here.requests and not there.requests:
        return ()
    slower = slower_ms(service.light, service.heavy)
    added = service.waiting - sum(one.before for one in found)
    if share(found) < MOST:
        added = sum(one.requests - one.before for one in found)
    is_as_fast = slower is not None and slower < SLOWER * 1e3 * added / service.heavy.per_second
    return () if is_as_fast else None


def _awaited_elsewhere(service: Service, line: str) -> tuple[Evidence, ...]:
    """Are the LLM's first tokens waited for in another function than that line's, at both loads? Then what is
    called there is another service. Empty: nobody knows."""
    if not line or not service.compared:
        return ()
    reads = _by_function(service.heavy, but=function_at(line))
    function = max(reads, key=lambda one: reads[one], default="")
    loads = (service.light, service.heavy)
    if not function or not all(_waits_for_first(load, function) for load in loads):
        return ()
    before, now = (_first_s(load, function) for load in loads)
    if now > GROWN * before:
        return ()  # they come later, too: the LLM may be slower there and at the line
    return (
        Evidence(
            figure="requests that wait for first tokens, or read streams, elsewhere", value=reads[function]
        ),
        Evidence(figure="of which stream, by how long that takes", value=_streaming(service.heavy)),
    )


def _first_s(load: LoadedPoint, function: str) -> float:
    """How long each answer waits for its first token there, by Little's law."""
    return (_by_function(load)[function] - _streaming(load)) / load.per_second


def _waits_for_first(load: LoadedPoint, function: str) -> bool:
    inside, streaming = load.inside, _streaming(load)
    if inside is None or streaming * inside.samples < FEWEST_SEEN:
        return False
    return _by_function(load)[function] >= MORE * streaming


def _streaming(load: LoadedPoint) -> float:
    """Requests that are between their first token and their end."""
    return load.per_second * (load.seconds_each - load.ttft_s) if load.ttft_s else 0.0


def _by_function(load: LoadedPoint, but: str = "") -> Counter[str]:
    reads: Counter[str] = Counter()
    for place, count in load.places.items():
        if place.kind == READ and place.where and (function := function_at(place.where)) != but:
            reads[function] += count  # type: ignore[assignment]
    return reads
