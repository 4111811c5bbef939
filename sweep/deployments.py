"""Where the target runs: start it with a configuration, give its address and pids, stop it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from records.served import AS_IS, MOCKS_OF_CONFIG, Served
from sweep.http import served, status
from sweep.plan import Target, UsageError
from sweep.processes import Child, Ledger, free_port

READY_SECONDS = 180.0
_POLL_SECONDS = 0.1
_YES = {True: "yes", False: "no"}
Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A target that answers: where, which processes, and what it says is in effect."""

    base_url: str
    pids: tuple[int, ...] = ()
    log: Path | None = None
    served: Served = field(default_factory=Served)


class Deployment(Protocol):
    """One target under one configuration."""

    def start(self) -> Endpoint: ...

    def stop(self) -> None: ...


class UrlDeployment:
    """Somebody's running service: its configuration can only be asked for and checked."""

    def __init__(self, target: Target) -> None:
        self._url = target.url or ""

    def start(self) -> Endpoint:
        """Raises UsageError when nothing answers there."""
        if status(f"{self._url}/health", 5.0) is None:
            raise UsageError(f"nothing answers at {self._url}")
        return Endpoint(base_url=self._url, served=served(self._url))

    def stop(self) -> None:
        """It is not ours to stop."""


class LocalDeployment:
    """The reference app as a process on a free port of this machine."""

    def __init__(
        self, *, config: str, settings: Mapping[str, str], llm_url: str, log: Path, ledger: Ledger, say: Say
    ) -> None:
        self._config, self._settings, self._llm_url = config, settings, llm_url
        self._log, self._ledger, self._say = log, ledger, say
        self._child: Child | None = None

    def start(self) -> Endpoint:
        """Raises UsageError when it ends, or is not ready in time."""
        port = free_port()
        argv = ["-m", "uvicorn", "target_app.app:app", "--host", "127.0.0.1", "--port", str(port)]
        argv += ["--no-access-log"]
        self._child = Child(argv, log=self._log, ledger=self._ledger, env=self._environment())
        base_url = f"http://127.0.0.1:{port}"
        self._wait_ready(self._child, base_url)
        said = served(base_url)
        if said.config is None:
            raise UsageError(f"the target at {base_url} answers, but not /config")
        unknown = sorted(set(self._settings) - set(said.settings))
        if unknown:
            raise UsageError(f"--set: the target has no setting {', '.join(unknown)}")
        return Endpoint(base_url=base_url, pids=(self._child.pid,), log=self._log, served=said)

    def _environment(self) -> dict[str, str]:
        embeddings, llm = MOCKS_OF_CONFIG["baseline" if self._config == AS_IS else self._config]
        mocks = {"USE_MOCK_EMBEDDINGS": _YES[embeddings], "USE_MOCK_LLM": _YES[llm]}
        environment = {**os.environ, "OPENAI_BASE_URL": self._llm_url, **mocks, **self._settings}
        # The OpenAI SDK insists on a key; the mock server ignores it.
        environment.setdefault("OPENAI_API_KEY", "none")
        return environment

    def _wait_ready(self, child: Child, base_url: str) -> None:
        ends = time.monotonic() + READY_SECONDS
        while time.monotonic() < ends:
            if child.exit_code() is not None:
                raise UsageError(f"the target ended before it was ready: {child.last_words()} ({child.log})")
            if status(f"{base_url}/ready", 1.0) == 200:
                return
            self._say(f"starting {self._config}: {child.last_words()}")
            time.sleep(_POLL_SECONDS)
        raise UsageError(f"the target was not ready after {READY_SECONDS:.0f} s ({child.log})")

    def stop(self) -> None:
        if self._child is not None:
            self._child.stop()
