"""The few questions a sweep asks of a target over HTTP, none of them under measurement."""

from __future__ import annotations

from reach.address import Address
from reach.failure import ReachFailure
from reach.get import get
from reach.key import key_headers
from reach.options import DIRECT, Reach
from records.served import Served
from sweep.secrets import key, redaction


def _get(address: Address, path: str, seconds: float) -> tuple[int, bytes]:
    return get(address, path, key_headers(key(), address.reach.key_header), seconds)


def trouble(base_url: str, path: str, seconds: float, reach: Reach) -> str | None:
    """Why a GET has no answer, in one line, or None where it has one, whatever it says."""
    try:
        _get(Address(base_url, reach), path, seconds)
    except ReachFailure as failure:
        said = f"{base_url} cannot be reached" if failure.final else f"nothing answers at {base_url}"
        return f"{said}: {failure}"
    return None


def status(base_url: str, path: str, seconds: float = 2.0, reach: Reach = DIRECT) -> int | None:
    """The HTTP status of a GET, or None when nothing answered."""
    try:
        return _get(Address(base_url, reach), path, seconds)[0]
    except ReachFailure:
        return None


def served(base_url: str, seconds: float = 5.0, reach: Reach = DIRECT) -> Served:
    """What a target says of itself at ``/config``, without secrets."""
    address = Address(base_url, reach)
    for path in address.own("/config"):
        try:
            said = Served.of_answer(*_get(address, path, seconds)).redacted(redaction())
        except ReachFailure:
            return Served()
        if said.config is not None:
            return said
    return Served()
