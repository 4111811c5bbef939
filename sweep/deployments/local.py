"""``local``: the reference app as a process on a free port of this machine."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Self

from reach.options import Reach
from records.services.variants import BASELINE
from sweep.deployments.app_settings import check_app_settings
from sweep.deployments.confinement import Confinement
from sweep.deployments.installed import check_installed
from sweep.deployments.process import READY_PATH, environment_of, reference_app_at, wait_ready
from sweep.deployments.protocol import Endpoint, Kind, Setup
from sweep.fixes.reference_app import REFERENCE_APP
from sweep.fixes.remedy import Remedies
from sweep.running.errors import UsageError
from sweep.running.processes import Child, free_port


class Local(Kind):
    """The only spec there is of it."""

    form = "local"
    started = configurable = reaches_loopback = has_mocks = has_dial = True

    @classmethod
    def of(cls, spec: str) -> Self | None:
        return cls() if spec == cls.form else None

    @property
    def name(self) -> str:
        return self.form

    @property
    def remedies(self) -> Remedies:
        return REFERENCE_APP

    def check(self, reach: Reach, headers: Mapping[str, str]) -> None:
        """Raises UsageError where what it imports is not installed."""
        check_installed()

    def check_settings(self, by_name: Mapping[str, Mapping[str, str]]) -> None:
        check_app_settings(by_name)

    def deployment(self, setup: Setup) -> LocalDeployment:
        return LocalDeployment(setup)


class LocalDeployment:
    """One process of the reference app, confined or not."""

    def __init__(self, setup: Setup, confinement: Confinement | None = None) -> None:
        self._setup = setup if confinement is None else confinement.waited_for(setup)
        self._confinement = confinement
        self._child: Child | None = None
        self._spawn: Callable[[], Child] | None = None
        """Starts it as it was started first."""

    def start(self, name: str, settings: Mapping[str, str]) -> Endpoint:
        """Raises UsageError when it ends, is not ready in time, or does not know a setting."""
        setup, port, confinement = self._setup, free_port(), self._confinement
        argv = ["-m", "uvicorn", "target_app.app:app", "--host", "127.0.0.1", "--port", str(port)]
        given = os.environ if confinement is None else confinement.environment_in(os.environ)
        confined = None if confinement is None else confinement.begin(setup.ledger)
        grouped: dict[str, Any] = {} if confined is None else {"group": confined.group}
        self._spawn = partial(
            Child,
            [*argv, "--no-access-log"],
            log=setup.log,
            ledger=setup.ledger,
            # Where it is not said what is mocked, nothing is: the sweep's own environment may say it.
            env=environment_of(setup, {**BASELINE.settings, **settings}, given),
            cpus=setup.cpus.target,
            **grouped,
        )
        self._child = child = self._spawn()
        base_url = f"http://127.0.0.1:{port}"
        path = setup.ready_path or READY_PATH
        try:
            wait_ready(child, setup, f"{base_url}{path}", lambda status: status == 200)
        except UsageError:
            if confined is not None:
                confined.check_killed(f"{setup.log.parent.name}/{name}")
            raise
        said = reference_app_at(base_url, name, settings)
        return Endpoint(
            base_url=base_url,
            pids=(child.pid,),
            log=child.log,
            ended=child.ended,
            inside=setup.inside,
            dial=setup.dial,
            confined=confined,
            served=said,
            metrics=f"{base_url}/metrics",
        )

    def stop(self) -> None:
        try:
            if self._child is not None:
                self._child.stop()
        finally:
            if self._confinement is not None:
                self._confinement.end()
