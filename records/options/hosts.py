"""A host, by its name or number: what may be one, and whether it is this machine. No name is looked up."""

from __future__ import annotations

import ipaddress
import re
import socket
from contextlib import suppress
from urllib.parse import urlsplit

Ip = ipaddress.IPv4Address | ipaddress.IPv6Address


def is_host_name(name: str) -> bool:
    """Can it be looked up, and sent in TLS? Numbers are, too."""
    return ":" in name or (
        len(name) <= 253
        and name.isascii()
        and all(0 < len(label) <= 63 for label in name.removesuffix(".").split("."))
    )


def ip_of(name: str) -> Ip | None:
    """The number that a host is named by, 127.1 too."""
    with suppress(ValueError):
        ip = ipaddress.ip_address(name)
        return ip.ipv4_mapped or ip if isinstance(ip, ipaddress.IPv6Address) else ip
    with suppress(OSError):
        if re.fullmatch(r"[0-9.]+", name):
            return ipaddress.IPv4Address(socket.inet_aton(name))
    return None


def is_loopback(host: str) -> bool:
    """This machine itself, by its name or number."""
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    ip = ip_of(name)
    return ip is not None and (ip.is_loopback or ip.is_unspecified)


def is_here(url: str) -> bool:
    """Is what answers there on this machine? What is no URL is nowhere."""
    try:
        return is_loopback(urlsplit(url).hostname or "")
    except ValueError:
        return False
