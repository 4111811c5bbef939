"""Where a service is, from its base URL, and how it is reached."""

from __future__ import annotations

import copy
import re
import ssl

from reach.options import DIRECT, Reach
from reach.tls import context
from records.options.base_url import split_base_url

_VERSION = re.compile(r"v\d+\w*")
"""A segment of a path: v1, v1beta."""
_OF_THE_API = re.compile(r"(/v\d+\w*)?(/chat/completions|/ask/stream)?$")


class Address:
    """Scheme, host, port and path prefix of a base URL, with what reaching it takes.

    Raises:
        ValueError: it is none; ReachError for a proxy that cannot be used.
    """

    def __init__(self, base_url: str, reach: Reach = DIRECT) -> None:
        parts = split_base_url(base_url)
        self.url = base_url
        self.tls = parts.scheme == "https"
        self.host = parts.hostname or ""
        self.port = parts.port or (443 if self.tls else 80)
        self.prefix = parts.path.rstrip("/")
        default = self.port == (443 if self.tls else 80)
        name = f"[{self.host}]" if ":" in self.host else self.host
        self.authority = name if default else f"{name}:{self.port}"
        self.reach = reach
        self.proxy = reach.proxies.proxy_for(tls=self.tls, host=self.host, port=self.port)
        self.server_name = reach.tls.server_name or self.host

    @property
    def connects_to(self) -> tuple[str, int]:
        """Where a connection is made: at the service itself, or its proxy, if nobody says otherwise."""
        where = self.proxy or self
        return self.reach.connect_to or (where.host, where.port)

    def at(self, host: str) -> Address:
        """The same service at one address of its host, under its own name: no name is looked up for it."""
        found = copy.copy(self)
        found.host = host
        return found

    @property
    def context(self) -> ssl.SSLContext | None:
        """Of TLS, where it is to be spoken; the first time its files are read. Raises ReachError."""
        return context(self.reach.tls) if self.tls else None

    @property
    def tunnel(self) -> bool:
        """Is the proxy asked for a way through (CONNECT), and for nothing else?"""
        return self.proxy is not None and self.tls

    def path(self, path: str) -> str:
        """A path of the API below this base URL."""
        return joined(self.prefix, path)

    def own(self, path: str) -> tuple[str, ...]:
        """Where the service's own ``/config`` can be: below the base URL, or beside the API that it names."""
        return tuple(dict.fromkeys((self.prefix + path, _OF_THE_API.sub("", self.prefix) + path)))

    def target(self, path: str) -> str:
        """What a request line says: of a proxy that is not a tunnel the whole URL is asked."""
        return path if self.tunnel or self.proxy is None else f"http://{self.authority}{path}"

    @property
    def proxy_headers(self) -> dict[str, str]:
        """What each request says to a proxy; a tunnel has heard it by then."""
        return {} if self.tunnel or self.proxy is None else self.proxy.headers


def joined(prefix: str, path: str) -> str:
    """The path below the prefix, what both say said once: people give base URLs as SDKs take them, with the
    API's version (``/v1``, ``/api/paas/v4``, ``/v1beta/openai``), or the whole URL that is asked."""
    bare = path.partition("?")[0]
    if prefix.endswith(bare):
        return prefix.removesuffix(bare) + path
    outer, inner = prefix.split("/"), path.split("/")
    if not _VERSION.fullmatch(inner[1] if len(inner) > 1 else ""):
        return prefix + path
    for size in range(min(len(outer), len(inner)) - 1, 0, -1):
        if outer[-size:] == inner[1 : size + 1]:
            return prefix + "/".join(["", *inner[size + 1 :]])
    versioned = any(map(_VERSION.fullmatch, outer)) and (
        _VERSION.fullmatch(outer[-1]) or outer[-1] == "openai"
    )
    return prefix + "/".join(["", *inner[2:]]) if versioned else prefix + path
