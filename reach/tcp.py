"""A TCP connection to where a service is, through a proxy where one is to be used, within a time.

The time is one for all of it: to look the name up, to connect, to be let through by a proxy, and for TLS,
which whoever opens it goes on to within what is left.
"""

from __future__ import annotations

import ipaddress
import queue
import re
import socket
import threading
import time
from typing import Any

from reach.address import Address
from reach.failure import ReachFailure, why
from reach.proxy import Proxy

_MOST_BYTES = 16384
"""Of a proxy's answer."""
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})(?: ([^\r\n]*))?\r?\n")


def open_socket(address: Address, until_s: float) -> socket.socket:
    """A connected socket, TLS still to come. ``until_s``: by `time.monotonic`.

    Raises:
        TimeoutError: it took longer. OSError: it was not to be had; ReachFailure where a proxy is in the way.
    """
    proxy = address.proxy
    if proxy is None:
        return _connected(*address.connects_to, until_s)
    try:
        sock = _connected(*address.connects_to, until_s)
        if address.tunnel:
            try:
                _open_tunnel(sock, address, proxy, until_s)
            except BaseException:
                sock.close()
                raise
    except ReachFailure:
        raise
    except TimeoutError as error:
        raise ReachFailure(f"the proxy {proxy.name} gave no way through in time") from error
    except OSError as error:
        raise ReachFailure(f"the proxy {proxy.name}: {why(error)}") from error
    return sock


def left(until_s: float) -> float:
    """Seconds until then. Raises TimeoutError where none are left."""
    seconds = until_s - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds


def _connected(host: str, port: int, until_s: float) -> socket.socket:
    """To the first of a host's addresses that takes it: all of them within the time."""
    trouble: OSError | None = None
    found = _looked_up(host, port, until_s)
    for tried, (family, kind, protocol, _, place) in enumerate(found):
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(
                left(until_s) / (len(found) - tried)
            )  # one that is silent leaves time for the rest
            sock.connect(place)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            sock.close()
            trouble = trouble or error
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise trouble or socket.gaierror


Places = list[tuple[Any, Any, int, str, Any]]
"""What ``getaddrinfo`` gives."""


def _looked_up(host: str, port: int, until_s: float) -> Places:
    """Addresses of a host. A resolver has no time limit of ours: it is waited for so long, then left."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        pass
    else:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    said: queue.SimpleQueue[Places | OSError] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            said.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except UnicodeError:  # longer than a name may be
            said.put(socket.gaierror())
        except OSError as error:
            said.put(error)

    threading.Thread(target=look_up, daemon=True).start()
    try:
        found = said.get(timeout=left(until_s))
    except queue.Empty as error:
        raise ReachFailure(f"the name {host} was not looked up in time") from error
    if isinstance(found, OSError):
        raise found
    return found


def _open_tunnel(sock: socket.socket, address: Address, proxy: Proxy, until_s: float) -> None:
    """CONNECT. Behind the answer's head nothing comes: in TLS the client speaks first."""
    place = (
        address.authority if address.authority.endswith(f":{address.port}") else f"{address.authority}:443"
    )
    lines = [f"CONNECT {place} HTTP/1.1", f"Host: {place}"]
    lines += [f"{name}: {value}" for name, value in proxy.headers.items()]
    sock.settimeout(left(until_s))
    sock.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
    head = b""
    while not re.search(rb"\r?\n\r?\n", head):
        sock.settimeout(left(until_s))
        more = sock.recv(_MOST_BYTES)
        head += more
        if not more or len(head) > _MOST_BYTES:
            break
    status = _STATUS.match(head)
    if status is None:
        raise ReachFailure(f"the proxy {proxy.name} did not answer in HTTP")
    if not status[1].startswith(b"2"):
        said = refusal(proxy, int(status[1]), (status[2] or b"").decode("latin-1"))
        raise ReachFailure(said, final=True)


def refusal(proxy: Proxy, status: int, reason: str) -> str:
    """What a proxy's own refusal is called."""
    said = "".join(c for c in reason if c.isprintable()).strip()[:60]
    text = f"the proxy {proxy.name} answered {status} {said}".rstrip()
    return f"{text}; its user and password go into the proxy's URL" if status == 407 else text
