"""Where the target runs: start it with a configuration, give its address and pids, stop it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from reach.options import DIRECT, Reach
from records.served import Served
from records.variants import BASELINE
from sweep.cpus import Cpus
from sweep.http import served, status, trouble
from sweep.plan import Target
from sweep.processes import Child, Ledger, free_port
from sweep.secrets import without_key
from sweep.usage import UsageError

READY_SECONDS = 600.0
"""A first start embeds thousands of passages, on the target's CPUs alone."""
_POLL_SECONDS = 0.1


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A target that answers: where, which processes, and what it says is in effect."""

    base_url: str
    pids: tuple[int, ...] = ()
    log: Path | None = None
    served: Served = field(default_factory=Served)


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What a deployment of ours is started with."""

    config: str
    """The variant's name."""
    settings: Mapping[str, str]
    """Its own and the common ones."""
    cpus: Cpus
    llm_url: str
    """Where it finds its LLM."""
    log: Path
    ledger: Ledger
    say: Callable[[str], None]
    """Told what it is doing while it gets ready."""
    reach: Reach = DIRECT
    """How a running service is reached."""


class Deployment(Protocol):
    """One target under one configuration."""

    def start(self) -> Endpoint: ...

    def stop(self) -> None: ...


class UrlDeployment:
    """Somebody's running service: its configuration can only be asked for and checked."""

    def __init__(self, url: str, reach: Reach = DIRECT) -> None:
        self._url = url
        self._reach = reach

    def start(self) -> Endpoint:
        """Raises UsageError when nothing answers there."""
        if why := trouble(self._url, "/health", 5.0, self._reach):
            raise UsageError(why)
        return Endpoint(base_url=self._url, served=served(self._url, reach=self._reach))

    def stop(self) -> None:
        """It is not ours to stop."""


class LocalDeployment:
    """The reference app as a process on a free port of this machine."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._child: Child | None = None

    def start(self) -> Endpoint:
        """Raises UsageError when it ends, or is not ready in time."""
        port = free_port()
        argv = ["-m", "uvicorn", "target_app.app:app", "--host", "127.0.0.1", "--port", str(port)]
        argv += ["--no-access-log"]
        self._child = Child(
            argv,
            log=self._setup.log,
            ledger=self._setup.ledger,
            env=self._environment(),
            cpus=self._setup.cpus.target,
        )
        base_url = f"http://127.0.0.1:{port}"
        self._wait_ready(self._child, base_url)
        said = served(base_url)
        if said.config is None:
            raise UsageError(f"the target at {base_url} answers, but not /config")
        unknown = sorted(set(self._setup.settings) - set(said.settings))
        if unknown:
            raise UsageError(f"{self._setup.config}: the target has no setting {', '.join(unknown)}")
        return Endpoint(base_url=base_url, pids=(self._child.pid,), log=self._child.log, served=said)

    def _environment(self) -> dict[str, str]:
        setup = self._setup
        threads = setup.cpus.environment()  # first: what the user set says more
        environment = {
            **threads,
            **without_key(os.environ),
            "OPENAI_BASE_URL": setup.llm_url,
            **BASELINE.settings,  # where it is not said what is mocked, nothing is
            **setup.settings,
        }
        # The OpenAI SDK insists on a key; the mock server ignores it.
        environment.setdefault("OPENAI_API_KEY", "none")
        return environment

    def _wait_ready(self, child: Child, base_url: str) -> None:
        ends = time.monotonic() + READY_SECONDS
        while time.monotonic() < ends:
            if child.exit_code() is not None:
                raise UsageError(f"the target ended before it was ready: {child.complaint()} ({child.log})")
            if status(base_url, "/ready", 1.0) == 200:
                return
            self._setup.say(f"starting {self._setup.config}: {child.last_words()}")
            time.sleep(_POLL_SECONDS)
        raise UsageError(f"the target was not ready after {READY_SECONDS:.0f} s ({child.log})")

    def stop(self) -> None:
        if self._child is not None:
            self._child.stop()


def deployment_of(target: Target, setup: Setup) -> Deployment:
    """The deployment that a target's spec asks for."""
    return LocalDeployment(setup) if target.url is None else UrlDeployment(target.url, setup.reach)
