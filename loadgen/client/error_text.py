"""What a service or the wire says of a failure, as text that is fit to be kept and counted."""

from __future__ import annotations

import json
import re

_NUMBER = re.compile(
    r"(?P<said>(?<![a-z])(?:port|status|code|http|errno)(?:[\s_:=#\"'(\[]|code){0,4}|/v)(?P<kept>\d{1,5})(?![\d.])"
    r"|(?P<host>[a-z\]]|\b\d+\.\d+\.\d+\.\d+):(?P<port>\d{2,5})(?!\d|[.:]\d)"
    r"|0x[0-9a-f]+|\d+",
    re.IGNORECASE,
)
_FIRST_OF_CLIENTS = 32768
"""Ports from here on are given to clients, another one each time."""
_CHARSET = re.compile(r"""charset\s*=\s*["']?([^\s;"',]+)""", re.IGNORECASE)
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


def decoded_text(said: bytes, content_type: str = "") -> str:
    """What a service says in a body, in whatever charset: JSON in UTF-16 or UTF-32 is known by its first
    bytes, any other text has the charset of its content type, or is UTF-8."""
    found, named = json.detect_encoding(said), _CHARSET.search(content_type)
    if found == "utf-8" and named:
        try:
            text = said.decode(named[1], "replace")
            return text.encode("utf-8", "replace").decode()  # a record can hold no lone surrogate
        except (LookupError, ValueError):  # no charset, or none that goes on behind what is not in it
            pass
    return said.decode(found, "replace")


def beginning(payload: bytes) -> str:
    """What a service sent, for a message: as much as an error keeps."""
    return decoded_text(payload[:KEPT])
