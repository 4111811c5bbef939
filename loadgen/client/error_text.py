"""What a service or the wire says of a failure, as text that is fit to be kept and counted."""

from __future__ import annotations

import re

import orjson

_NUMBER = re.compile(
    r"(?P<said>(?<![a-z])(?:port|status|code|http|errno)(?:[\s_:=#\"'(\[]|code){0,4}|/v)(?P<kept>\d{1,5})(?![\d.])"
    r"|(?P<host>[a-z\]]|\b\d+\.\d+\.\d+\.\d+):(?P<port>\d{2,5})(?!\d|[.:]\d)"
    r"|0x[0-9a-f]+|\d+",
    re.IGNORECASE,
)
_FIRST_OF_CLIENTS = 32768
"""Ports from here on are given to clients, another one each time."""
_LONG = 160
TOO_DEEP = "an error that is nested too deep to be shown"
KEPT = 4000
"""Characters of an error, before secrets are taken out of it and it is cut to be counted."""


def normalised(message: object) -> str:
    """An error message in one line, with numbers replaced, so that equal failures count together, but for
    those that tell one failure from another: statuses, ports of services, versions in paths."""
    return _NUMBER.sub(_counted, " ".join(str(message).split()))[:_LONG]


def _counted(found: re.Match[str]) -> str:
    if found["kept"]:
        return found[0]
    if found["port"]:
        port = found["port"] if int(found["port"]) < _FIRST_OF_CLIENTS else "N"
        return f"{re.sub('[0-9]+', 'N', found['host'])}:{port}"
    return "N"


def beginning(payload: bytes) -> str:
    """What a service sent, for a message: as much as an error keeps."""
    return payload[:KEPT].decode("utf-8", "replace")


def error_message(payload: bytes) -> str:
    """What an event named ``error`` says: its ``error.message``, ``error``, ``message``, or all of it."""
    try:
        event = orjson.loads(payload)
    except orjson.JSONDecodeError:
        event = None
    error = event.get("error", event) if isinstance(event, dict) else event
    said = error.get("message") if isinstance(error, dict) else error
    try:
        return str(said or payload.decode("utf-8", "replace"))
    except RecursionError:
        return TOO_DEEP
