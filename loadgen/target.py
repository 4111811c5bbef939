"""The service before the load: is it there, what does it call itself, which configuration is in effect?"""

from __future__ import annotations

import http.client
from collections.abc import Mapping

from loadgen.client.connection import BlockingConnection, Timeouts
from loadgen.client.http import HttpFailure, Origin
from records.redaction import Redaction
from records.served import Served

WAIT_S = 3.0
LARGEST = 1_000_000


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


def served(origin: Origin, headers: Mapping[str, str], redaction: Redaction) -> Served:
    """Ask ``GET /config``, and keep no secret of what it says; whatever goes wrong, the service is simply
    one without it."""
    kind = http.client.HTTPSConnection if origin.tls else http.client.HTTPConnection
    client = kind(origin.host, origin.port, timeout=WAIT_S)
    try:
        client.request("GET", f"{origin.prefix}/config", headers=dict(headers))
        response = client.getresponse()
        return Served.of_answer(response.status, response.read(LARGEST)).redacted(redaction)
    except (OSError, http.client.HTTPException):
        return Served()
    finally:
        client.close()
