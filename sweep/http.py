"""The few questions a sweep asks of a target over HTTP, none of them under measurement."""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.request
from typing import Any

from records.served import Served
from sweep.secrets import key, redaction

READ_BYTES = 65536
LARGEST = 1_000_000
"""Bytes of an answer: a configuration has some thousand."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _get(url: str, seconds: float) -> tuple[int, bytes]:
    headers = {}
    if given := key():
        headers["Authorization"] = f"Bearer {given}"
    request = urllib.request.Request(url, headers=headers)
    # Loopback and the user's own service are asked directly, whatever proxy the environment names.
    # A redirect is not followed: it would carry the key to another host.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect())
    try:
        with opener.open(request, timeout=seconds) as response:
            return response.status, _body(response, time.monotonic() + seconds)
    except urllib.error.HTTPError as error:
        return error.code, b""


def _body(response: Any, until_s: float) -> bytes:
    """What is sent in time, and not without end. Raises OSError for the rest."""
    parts, size = [], 0
    while part := response.read1(READ_BYTES):
        size += len(part)
        if size > LARGEST or time.monotonic() > until_s:
            raise OSError("the answer does not end")
        parts.append(part)
    return b"".join(parts)


def status(url: str, seconds: float = 2.0) -> int | None:
    """The HTTP status of a GET, or None when nothing answered."""
    try:
        return _get(url, seconds)[0]
    except (OSError, ValueError, http.client.HTTPException):
        return None


def served(base_url: str, seconds: float = 5.0) -> Served:
    """What a target says of itself at ``/config``, without secrets."""
    try:
        return Served.of_answer(*_get(f"{base_url}/config", seconds)).redacted(redaction())
    except (OSError, ValueError, http.client.HTTPException):
        return Served()
