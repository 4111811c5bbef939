"""A GET that is no part of any measurement: readiness, and what a service says of itself."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from reach.address import Address
from reach.failure import ENCRYPTED, NO_HANDSHAKE, ReachFailure, is_final, no_tls, why
from reach.tcp import left, open_socket, refusal

READ_BYTES = 65536
LARGEST = 1_000_000
"""Bytes of an answer: a configuration has some thousand."""
PROBE_S = 2.0


def get(address: Address, path: str, headers: Mapping[str, str], seconds: float) -> tuple[int, bytes]:
    """The status, and the body of a 200. A redirect is not followed: it would carry the key to another host.

    Raises:
        ReachFailure: nobody answered, or not in HTTP, or not in time, or without an end.
    """
    try:
        return _get(address, path, headers, time.monotonic() + seconds)
    except (ConnectionError, http.client.HTTPException) as error:
        refused = isinstance(error, ConnectionRefusedError)
        if not (refused or address.tls or address.proxy) and speaks_tls(address):
            raise ReachFailure(ENCRYPTED, final=True) from error
        said = why(error) if isinstance(error, OSError) else "what answers there speaks no HTTP"
        if isinstance(error, http.client.RemoteDisconnected):
            said = "connection closed before an answer"
        raise ReachFailure(said) from error
    except TimeoutError as error:
        raise ReachFailure("no answer in time") from error
    except OSError as error:
        raise ReachFailure(why(error), final=is_final(error)) from error


def _get(address: Address, path: str, headers: Mapping[str, str], until_s: float) -> tuple[int, bytes]:
    client = http.client.HTTPConnection(address.host, address.port)
    client.sock = sock = connected(address, until_s)
    try:
        with suppress(ConnectionError, ssl.SSLEOFError):  # what it said before it closed is still to be read
            _send_request(client, address.target(path), sent_headers(address, headers))
        response = client.getresponse()
        if response.status == 407 and address.proxy is not None and not address.tunnel:
            raise ReachFailure(refusal(address.proxy, 407, response.reason), final=True)
        return response.status, _body(response, sock, until_s) if response.status == 200 else b""
    finally:
        client.close()


def sent_headers(address: Address, headers: Mapping[str, str]) -> dict[str, str]:
    """All that a GET on a connection of its own says; what is given goes before what is ours."""
    own = {"Host": address.authority, **address.proxy_headers, "Connection": "close"}
    given = {name.lower() for name in headers}
    return {name: value for name, value in own.items() if name.lower() not in given} | dict(headers)


def _send_request(client: http.client.HTTPConnection, path: str, headers: Mapping[str, str]) -> None:
    try:
        client.request("GET", path, headers=headers)
    except ValueError as error:  # http.client will not send it
        raise ReachFailure("a path or a header that no request may have") from error


def connected(address: Address, until_s: float) -> socket.socket:
    """A socket that has TLS on it where it is to have."""
    return secured(open_socket(address, until_s), address, until_s)


def secured(plain: socket.socket, address: Address, until_s: float) -> socket.socket:
    """The same connection with TLS on it, where it is to have; closed where that fails."""
    try:
        plain.settimeout(left(until_s))
        if address.context is None:
            return plain
        try:
            return address.context.wrap_socket(plain, server_hostname=address.server_name)
        except TimeoutError as error:
            raise ReachFailure(NO_HANDSHAKE) from error
    except BaseException:
        plain.close()
        raise


def _body(response: Any, sock: socket.socket, until_s: float) -> bytes:
    """What is sent in time, and not without end. Raises OSError for the rest."""
    parts, size = [], 0
    while part := response.read1(READ_BYTES):
        size += len(part)
        if size > LARGEST:
            raise ReachFailure("the answer does not end")
        parts.append(part)
        if not response.isclosed():
            sock.settimeout(left(until_s))
    return b"".join(parts)


def speaks_tls(address: Address) -> bool:
    """Does what answers in no HTTP answer in TLS? Nothing is asked of it."""
    asking = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    asking.check_hostname = False
    asking.verify_mode = ssl.CERT_NONE
    with suppress(OSError):
        plain = open_socket(address, time.monotonic() + PROBE_S)
        with plain:
            plain.settimeout(PROBE_S)
            try:
                asking.wrap_socket(plain, server_hostname=address.host).close()
            except ssl.SSLEOFError:
                return False
            except ssl.SSLError as error:
                return not no_tls(error)
            return True
    return False
