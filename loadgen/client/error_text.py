"""What a service or the wire says of a failure, as text that is fit to be kept and counted."""

from __future__ import annotations

import re

import orjson

_NUMBER = re.compile(r"0x[0-9a-fA-F]+|\d+")
_LONG = 160
KEPT = 4000
"""Characters of an error, before secrets are taken out of it and it is cut to be counted."""


def normalised(message: object) -> str:
    """An error message in one line, with numbers replaced, so that equal failures count together."""
    return _NUMBER.sub("N", " ".join(str(message).split()))[:_LONG]


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
    return str(said or payload.decode("utf-8", "replace"))
