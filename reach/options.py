"""The options that say how a service is reached, declared once, for loads and for sweeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reach.connect_to import Place
from reach.key import KEY_VARIABLE
from reach.proxy import Proxies
from reach.tls import Tls


@dataclass(frozen=True, kw_only=True)
class Option:
    """One option. Without a ``metavar`` it takes no value."""

    flag: str
    metavar: str = ""
    text: str

    @property
    def name(self) -> str:
        return self.flag.removeprefix("--").replace("-", "_")


OPTIONS = (
    Option(flag="--ca", metavar="FILE", text="https: trust these certificates (PEM) [default: the system's]"),
    Option(flag="--insecure", text="https: verify nothing; the verdict says so"),
    Option(
        flag="--cert",
        metavar="FILE",
        text="https: show this certificate (PEM) to the service [default: none]",
    ),
    Option(flag="--cert-key", metavar="FILE", text="https: key of --cert [default: in its file]"),
    Option(
        flag="--server-name",
        metavar="NAME",
        text="https: send (SNI) and verify this name [default: the host's]",
    ),
    Option(
        flag="--key-header",
        metavar="NAME",
        text=f"Send {KEY_VARIABLE} as it is in this header (x-api-key) [default: Authorization: Bearer]",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Reach:
    """How a service is reached. Its key is not in it."""

    tls: Tls = field(default_factory=Tls)
    key_header: str = ""
    proxies: Proxies = field(default_factory=Proxies)
    connect_to: Place | None = None
    """Where connections are made, in place of where the service, or its proxy, is."""


DIRECT = Reach()
"""No option, no proxy."""


def reach_of(given: Any, environment: Mapping[str, str]) -> Reach:
    """``given``: the parsed options, as attributes; None and empty: not given."""
    values = {option.name: getattr(given, option.name) for option in OPTIONS}
    asked = {name: value for name, value in values.items() if value}
    key_header = asked.pop("key_header", "")
    return Reach(tls=Tls(**asked), key_header=key_header, proxies=Proxies.of(environment))
