"""Through which proxy, by ``HTTPS_PROXY``, ``HTTP_PROXY`` and ``NO_PROXY``. Pure: no name is looked up."""

from __future__ import annotations

import ipaddress
import re
from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from reach.failure import ReachError
from records.options.hosts import ip_of, is_host_name, is_loopback

DEFAULT_PORT = 80


@dataclass(frozen=True, kw_only=True)
class Proxy:
    """One that is spoken to in plain HTTP: CONNECT for https, the whole URL in a request for http."""

    host: str
    port: int
    authorization: str = field(default="", repr=False)
    """The value of Proxy-Authorization; a secret."""

    @property
    def name(self) -> str:
        """To be shown, and kept."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def headers(self) -> dict[str, str]:
        return {"Proxy-Authorization": self.authorization} if self.authorization else {}


@dataclass(frozen=True, kw_only=True)
class Proxies:
    """What the environment says, unread: nobody minds a variable that is not used."""

    https: str = field(default="", repr=False)
    http: str = field(default="", repr=False)
    all: str = field(default="", repr=False)
    """Not used: whoever sets it means a proxy, and is told."""
    none: str = ""

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Proxies:
        """Lower-case names win, as with curl."""

        def first(name: str) -> str:
            return environment.get(name) or environment.get(name.upper()) or ""

        names = ("https_proxy", "http_proxy", "all_proxy", "no_proxy")
        https, http, every, none = map(first, names)
        return cls(https=https, http=http, all=every, none=none)

    def proxy_for(self, *, tls: bool, host: str, port: int) -> Proxy | None:
        """None: it is asked directly. Raises ReachError where what is to be used is no proxy of ours."""
        url, name = (self.https, "HTTPS_PROXY") if tls else (self.http, "HTTP_PROXY")
        if not (url or self.all) or is_loopback(host) or excepted(host, port, self.none):
            return None
        if not url:
            raise ReachError(
                f"ALL_PROXY is not used here, nor any socks proxy: give {name}=http://HOST:PORT, or "
                "name the host in NO_PROXY"
            )
        return parse_proxy(name, url)


def parse_proxy(name: str, url: str) -> Proxy:
    """From ``[http://][USER:PASSWORD@]HOST[:PORT]``. Raises ReachError, which does not show it."""
    scheme, separator, _ = url.partition("://")
    try:
        parts = urlsplit(url if separator else f"http://{url}")
        host, port = parts.hostname or "", DEFAULT_PORT if parts.port is None else parts.port
    except ValueError:
        host, port = "", 0
    if separator and scheme.lower() != "http":
        kind = f"{scheme.lower()}://" if re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]{0,20}", scheme) else "that"
        raise ReachError(f"{name}: {kind} is no proxy that is spoken to here; give one as http://HOST:PORT")
    beside = "" if not port else f"{parts.path.removeprefix('/')}{parts.query}{parts.fragment}"
    if not re.fullmatch(r"[!-~]+", host) or not is_host_name(host) or not port or beside:
        raise ReachError(f"{name} is not like http://HOST:PORT, with or without a user and a password")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    secret = (
        b64encode(f"{user}:{password}".encode("utf-8", "surrogateescape")).decode()
        if parts.username is not None
        else ""
    )
    return Proxy(host=host, port=port, authorization=f"Basic {secret}" if secret else "")


def excepted(host: str, port: int, no_proxy: str) -> bool:
    """Does ``NO_PROXY`` name it: ``*``, a domain (with all below it), a number, a network, with or without a
    port?

    Raises:
        ReachError: one of its entries is none of these.
    """
    name = host.lower().rstrip(".")
    entries = [entry for entry in re.split(r"[\s,]+", no_proxy.lower()) if entry]
    for entry in entries:
        _check_entry(entry)
    return any(_names(entry, name, port) for entry in entries)


def _check_entry(entry: str) -> None:
    if entry == "*" or _network(entry) is not None:
        return
    domain, _, port = entry.rpartition(":") if re.search(r":[^:\]]*$", entry) else (entry, "", "1")
    good = re.fullmatch(r"(\*?\.)?[a-z0-9_.-]+|\[[0-9a-f:.]+\]", domain.removesuffix("."))
    if not good or not re.fullmatch(r"[0-9]{1,5}", port) or not 0 < int(port) < 65536:
        told = repr(entry) if re.fullmatch(r"[a-z0-9_.:/*-]{1,80}", entry) else "an entry"
        raise ReachError(f"NO_PROXY: {told} is no host, domain, number or network, with or without a port")


def _names(entry: str, name: str, port: int) -> bool:
    if entry == "*":
        return True
    ip, network = ip_of(name), _network(entry)
    if network is not None:
        return ip is not None and ip.version == network.version and ip in network
    domain, colon, its_port = entry.rpartition(":")
    if colon and its_port.isdecimal():
        if int(its_port) != port:
            return False
        entry = domain
    if ip is not None:
        return entry.strip("[]") == name or ip_of(entry.strip("[]")) == ip
    entry = entry.removeprefix("*").lstrip(".").rstrip(".")
    return bool(entry) and (name == entry or name.endswith(f".{entry}"))


def _network(entry: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """169.254/16, as macOS has it, too."""
    number, slash, bits = (entry[1:-1] if re.fullmatch(r"\[.*\]", entry) else entry).partition("/")
    if slash and re.fullmatch(r"[0-9.]+", number):
        number += ".0" * (3 - number.count("."))
    with suppress(ValueError):
        return ipaddress.ip_network(f"{number}{slash}{bits}", strict=False)
    return None
