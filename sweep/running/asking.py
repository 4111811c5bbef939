"""The few questions a sweep asks of a target over HTTP, none of them under measurement."""

from __future__ import annotations

from collections.abc import Mapping

from reach import config
from reach.address import Address
from reach.failure import ReachFailure
from reach.get import get
from reach.options import DIRECT, Reach
from records.services.served import Served
from sweep.running.redaction import redaction

NO_HEADERS: Mapping[str, str] = {}
"""To a process of our own: it wants no key, and gets none."""


def trouble(base_url: str, path: str, seconds: float, reach: Reach, headers: Mapping[str, str]) -> str | None:
    """Why a GET has no answer, in one line, or None where it has one, whatever it says."""
    try:
        get(Address(base_url, reach), path, headers, seconds)
    except ReachFailure as failure:
        said = f"{base_url} cannot be reached" if failure.final else f"nothing answers at {base_url}"
        return f"{said}: {failure}"
    return None


def status(base_url: str, path: str, seconds: float) -> int | None:
    """The HTTP status that a process of ours answers a GET with, or None when nothing answered."""
    try:
        return get(Address(base_url), path, NO_HEADERS, seconds)[0]
    except ReachFailure:
        return None


def served(
    base_url: str,
    seconds: float = 5.0,
    reach: Reach = DIRECT,
    headers: Mapping[str, str] = NO_HEADERS,
) -> Served:
    """What a target says of itself at ``/config``, without secrets."""
    try:
        return config.served(Address(base_url, reach), headers, redaction(), seconds)
    except ReachFailure:
        return Served()
