"""``url:<base>``, or a plain URL: somebody's running service, which can only be asked what it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from reach.address import Address
from reach.options import Reach
from records.cells.layout import deployment_name
from records.services.served import Served
from sweep.deployments.attached import attach
from sweep.deployments.protocol import HEALTH_PATH, Endpoint, Kind, Setup
from sweep.running.asking import served, trouble
from sweep.running.errors import UsageError, check_base_url
from sweep.running.processes import Child

ANSWER_SECONDS = 5.0
"""For a running service to say anything at all."""
_PREFIX = "url:"
_SCHEMES = ("http://", "https://")


@dataclass(frozen=True)
class Url(Kind):
    """The base URL of a service."""

    form = "url:http://HOST:PORT"
    may_be_attached = True
    base_url: str

    @classmethod
    def of(cls, spec: str) -> Self | None:
        if not spec.startswith((_PREFIX, *_SCHEMES)):
            return None
        url = spec.removeprefix(_PREFIX)
        check_base_url("--deployment", url, key="TARGET_API_KEY")
        return cls(url.rstrip("/"))

    @property
    def tls(self) -> bool:
        return self.base_url.lower().startswith("https:")

    @property
    def name(self) -> str:
        return deployment_name(self.base_url)

    def check_reach(self, reach: Reach) -> None:
        Address(self.base_url, reach)

    def check(self, reach: Reach, headers: Mapping[str, str]) -> Served:
        """Raises UsageError when nothing answers there."""
        if why := trouble(self.base_url, HEALTH_PATH, ANSWER_SECONDS, reach, headers):
            raise UsageError(why)
        return served(self.base_url, reach=reach, headers=headers)

    def deployment(self, setup: Setup) -> UrlDeployment:
        return UrlDeployment(self, setup)


class UrlDeployment:
    """A service that runs, whoever started it."""

    def __init__(self, kind: Url, setup: Setup) -> None:
        self._kind = kind
        self._setup = setup
        self._looking: Child | None = None

    def start(self, name: str, settings: Mapping[str, str]) -> Endpoint:
        """Whether it runs as ``name`` is only asked.

        Raises:
            UsageError: nothing answers there, or it cannot be looked into.
        """
        setup, url = self._setup, self._kind.base_url
        said = self._kind.check(setup.reach, setup.headers)
        if not setup.attach or setup.inside is None:
            return Endpoint(base_url=url, served=said)
        self._looking = attach(setup, url, setup.inside)
        return Endpoint(base_url=url, served=said, inside=setup.inside)

    def stop(self) -> None:
        """It is not ours to stop, but what looks into it is."""
        if self._looking is not None:
            self._looking.stop()
