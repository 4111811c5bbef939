"""What a kind of deployment is: it parses its own spec, says what it can do, and starts and stops targets."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self

from reach.options import DIRECT, Reach
from records.services.served import Served
from sweep.deployments.start_options import StartOptions
from sweep.fixes.remedy import Remedies
from sweep.running.confined import Confined
from sweep.running.cpus import Cpus
from sweep.running.elsewhere import LoadElsewhere, Way
from sweep.running.ledger import Ledger
from sweep.running.waiting import Wait
from sweep.running.watched import Requests, Watched

HEALTH_PATH = "/health"
"""Where a service is asked whether it is there, and where it costs the least."""


class Watch(Protocol):
    """Sees what becomes of a target elsewhere while a cell is measured on it."""

    def begin(self, via: str) -> None:
        """The load is about to start, by this way, where it was said by which."""
        ...

    def end(self, requests: Requests) -> Watched:
        """It is over: what was seen in its time. ``requests``: has the cell's read."""
        ...

    def notes(self) -> list[str]:
        """What the user is told of the last cell."""
        ...


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A target that answers: where, which processes, and what it says is in effect."""

    base_url: str
    pids: tuple[int, ...] = ()
    """Of the processes on this machine that are profiled, with their children."""
    log: Path | None = None
    inside: Path | None = None
    """The folder in which its processes write what the collector sees inside them,"""
    dial: Path | None = None
    """and that in which the reference app writes which stage it slowed when."""
    served: Served = field(default_factory=Served)
    kept: Mapping[str, str] | None = None
    """What makes it another service than one of its label, as the code in its folder, just before it began;
    None: as it is now."""
    ended: Callable[[], str | None] = lambda: None
    """How it ended, if it did, as far as the sweep started it itself."""
    interrupted: Callable[[], str] = lambda: ""
    """Of what is started again: how it ended since its cell began, though it may be there again; empty: it
    did not."""
    confined: Confined | None = None
    """The control group that it is in; None: none of ours."""
    watch: Watch | None = None
    """What sees it where no profiler does, or what happens to it beside that."""
    metrics: str | None = None
    """The URL at which it says how it is, in Prometheus's format; None: nobody knows of one."""
    current_pids: Callable[[], tuple[int, ...]] | None = None
    """Of what is started again meanwhile; None: its processes stay those."""
    wait_up: Callable[[], None] = lambda: None
    """Till what is being started again is there. Raises NotUp where that takes too long."""
    load: LoadElsewhere | None = None
    """What makes the load of its cells, where that is not this machine."""
    connect_to: str = ""
    """HOST:PORT to which connections go, where the base URL's own host is but a name."""
    server_name: str = ""
    """Of the certificate that is shown there; empty: the base URL's host."""
    ways: Mapping[str, Way] = field(default_factory=dict)
    """By which else it can be asked, by their names,"""
    via: str = ""
    """and by which it is; empty: by the only one."""

    def as_it_is(self) -> Endpoint:
        """With the processes that it has now."""
        return self if self.current_pids is None else replace(self, pids=self.current_pids())

    def by(self, via: object) -> Endpoint:
        """Asked by that way; None: by its own. Raises KeyError for one that it has not."""
        if via is None:
            return self
        way = self.ways[str(via)]
        return replace(
            self,
            base_url=way.base_url,
            connect_to=way.connect_to,
            server_name=way.server_name,
            via=str(via),
        )


@dataclass(frozen=True, kw_only=True)
class Setup(StartOptions):
    """What targets are started with, whatever their variant."""

    cpus: Cpus
    llm_url: str
    """Where one that reaches this machine's loopback finds its LLM."""
    log: Path
    inside: Path | None = None
    """The folder of what the collector sees inside the processes; None: nobody looks."""
    dial: Path | None = None
    """The folder of which stage was slowed when; None: none is."""
    otlp_url: str = ""
    """Where it sends its spans; empty: where it likes."""
    ledger: Ledger
    report: Callable[[str], None]
    """Told what it does while it gets ready, and what its load elsewhere does; whose it is is known."""
    note: Callable[[str], None] = lambda text: None
    """Told what the user should know of its start, once: a line that stays."""
    reach: Reach = DIRECT
    """How a running service is reached,"""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """and what each request says to it, as the load's do; there may be a key among them."""
    budget_ends: float = math.inf
    """The moment, of `time.monotonic`, until which it is waited for at most."""
    ways: tuple[str, ...] = ()
    """By which its cells are asked, where the plan says so; none: by the one of its spec."""

    def wait(self) -> Wait:
        """Until it is ready, from now on."""
        return Wait.from_now(self.longest_start, self.budget_ends)


class Deployment(Protocol):
    """One target."""

    def start(self, name: str, settings: Mapping[str, str]) -> Endpoint:
        """Start it as the variant of that name, with its settings.

        Raises:
            OutOfTime: the budget ended first.
            UsageError: it ends, is not ready in time, or cannot be what was asked for.
        """
        ...

    def stop(self) -> None:
        """Leave nothing of it running; also where it never started."""
        ...


class Kind(ABC):
    """A kind of deployment; an instance is one spec of it. What a kind does not say it cannot do."""

    form: ClassVar[str]
    """How its spec is written, for messages and ``--help``."""
    started: ClassVar[bool] = False
    """The sweep starts it."""
    elsewhere: ClassVar[bool] = False
    """What the sweep starts runs on no CPU of this machine, and with no environment of the sweep's."""
    own_environment: ClassVar[bool] = False
    """What the sweep starts has that of its image and manifests, and not the sweep's."""
    configurable: ClassVar[bool] = False
    """It can be given settings."""
    reaches_loopback: ClassVar[bool] = False
    """It reaches this machine's loopback, where the LLM server is."""
    has_mocks: ClassVar[bool] = False
    """It knows the four configurations, and they are what is measured where nothing else is asked for."""
    has_dial: ClassVar[bool] = False
    """It can slow its own stages."""
    has_quota: ClassVar[bool] = False
    """It has a limited share of all CPUs: no target of its sweep is kept on some, for a library that counts
    those would start as many threads as it may, and show nothing."""
    on_a_node: ClassVar[bool] = False
    """It can be sized as on a node of more cores."""
    may_be_attached: ClassVar[bool] = False
    """It runs, maybe on this machine, and can be looked into without a start."""
    ready_path: ClassVar[str | None] = None
    """Where it is asked whether it is ready, if the user may say where."""

    @classmethod
    @abstractmethod
    def of(cls, spec: str) -> Self | None:
        """The spec parsed, or None where it is another kind's. Raises UsageError for one that is wrong."""

    @property
    @abstractmethod
    def name(self) -> str:
        """What a deployment is called that nobody gave a label: a folder's name."""

    @property
    def long_name(self) -> str:
        """What it is called beside another one of that name."""
        return self.name

    @property
    def tls(self) -> bool:
        """Is it asked over TLS?"""
        return False

    @property
    def remedies(self) -> Remedies:
        """The settings that may mend what is found of it."""
        return {}

    def kept(self) -> dict[str, str]:
        """What makes it another service than one of the same spec: what it is given by files that may change.

        Raises:
            UsageError: they cannot be read.
        """
        return {}

    def facts(self) -> dict[str, Any]:
        """What run.json says of it. Raises UsageError."""
        return {}

    @property
    def ways(self) -> tuple[str, ...]:
        """Those that a plan may choose among (``--grid via=...``)."""
        return ()

    @property
    def loads_elsewhere(self) -> bool:
        """Does its load run on other machines than this one?"""
        return False

    @property
    def alone(self) -> bool:
        """Can it be only one variant at a time?"""
        return False

    def check_reach(self, reach: Reach) -> None:
        """See that it can be reached so, as far as that is known without asking. Raises ReachError."""
        return

    def check(self, reach: Reach, headers: Mapping[str, str]) -> Served | None:
        """See, before there is a folder in which nothing would be measured, that it can be started or is
        there; what one that runs already says of itself. Raises UsageError."""
        return None

    def check_settings(self, by_name: Mapping[str, Mapping[str, str]]) -> None:
        """See, as far as it can be known without a start, that it takes these settings. Raises UsageError,
        which names whose they are."""
        return

    @abstractmethod
    def deployment(self, setup: Setup) -> Deployment:
        """A target of this spec, not started yet."""
