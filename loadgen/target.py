"""The service before the load: is it there, what does it call itself, which configuration is in effect?"""

from __future__ import annotations

import http.client
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from loadgen.connection import BlockingConnection, Timeouts
from loadgen.http import HttpFailure, Origin

AS_IS = "as-is"
WAIT_S = 3.0
LARGEST = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Served:
    """What ``/config`` said; ``config`` is None where there is no such thing."""

    config: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)


def slug(host: str) -> str:
    """A base URL as a folder's name: ``127.0.0.1-8001``."""
    return re.sub(r"[^A-Za-z0-9._]+", "-", host.split("://", 1)[-1].rpartition("@")[2]).strip("-.") or "url"


def reachable(origin: Origin) -> str | None:
    """Why nothing can be asked there, or None when a connection can be made."""
    connection = BlockingConnection(origin, Timeouts(total=WAIT_S))
    try:
        connection.connect()
    except HttpFailure as failure:
        return str(failure)
    finally:
        connection.close()
    return None


def served(origin: Origin, headers: Mapping[str, str]) -> Served:
    """Ask ``GET /config``; whatever goes wrong, the service is simply one without it."""
    kind = http.client.HTTPSConnection if origin.tls else http.client.HTTPConnection
    client = kind(origin.host, origin.port, timeout=WAIT_S)
    try:
        client.request("GET", f"{origin.prefix}/config", headers=dict(headers))
        response = client.getresponse()
        raw = orjson.loads(response.read(LARGEST))
    except (OSError, http.client.HTTPException, orjson.JSONDecodeError):
        return Served()
    finally:
        client.close()
    if response.status != 200 or not isinstance(raw, dict) or not isinstance(raw.get("config"), str):
        return Served()
    settings = raw.get("settings")
    return Served(config=raw["config"], settings=settings if isinstance(settings, dict) else {})
