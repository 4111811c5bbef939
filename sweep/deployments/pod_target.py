"""The reference app under a container's limits and its probes: a process that is killed and started again as
the container would be."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from sweep.deployments.confinement import Confinement
from sweep.deployments.local import LocalDeployment
from sweep.deployments.pods.container import Container
from sweep.deployments.pods.here import ProcessEngine, probes_here
from sweep.deployments.pods.life import Life
from sweep.deployments.pods.probes import Probe
from sweep.deployments.pods.probing import fault_of
from sweep.deployments.pods.watch import ContainerWatch
from sweep.deployments.protocol import Endpoint, Setup

HERE = "this machine"
"""Where its pods are, as pods.json says it."""


class PodDeployment(LocalDeployment):
    """One process in a group."""

    def __init__(self, setup: Setup, container: Container, environment: Mapping[str, str]) -> None:
        confinement = Confinement(
            limits=container.limits,
            environment=environment,
            ready_path=container.ready_path,
            ready_seconds=container.ready_seconds,
        )
        super().__init__(setup, confinement)
        self._container = container
        self._life: Life | None = None
        self._pool = ThreadPoolExecutor(3, thread_name_prefix="probe")

    def start(self, name: str, settings: Mapping[str, str]) -> Endpoint:
        """Raises UsageError as the app alone does. It is asked more often till it is ready first than its
        startup probe would."""
        began, endpoint = time.monotonic(), super().start(name, settings)
        assert endpoint.confined is not None
        assert self._child is not None
        assert self._spawn is not None
        engine = ProcessEngine(child=self._child, spawn=self._spawn, group=endpoint.confined.group)
        raw = self._container.raw
        self._life = life = Life(
            engine=engine,
            probes=probes_here(raw, int(endpoint.base_url.rpartition(":")[2])),
            submit=self._submit,
            startup_seconds=self._setup.longest_start,
            memory_bytes=self._container.limits.memory_bytes,
            started=lambda: self._now_is(engine),
        )
        life.begin(began)
        life.watch(time.monotonic)
        watch = ContainerWatch(
            life=life, context=HERE, pod=self._setup.log.parent.name, of=self._container.name,
            container=str(raw.get("name", "")), resources=raw.get("resources") or {},
        )  # fmt: skip
        return replace(
            endpoint,
            # Its probes first: who was killed by one says but the signal.
            ended=lambda: watch.ended() if life.killed else engine.child.ended() or watch.ended(),
            interrupted=lambda: watch.interrupted() or engine.child.ended() or "",
            watch=watch,
            wait_up=watch.wait_up,
            current_pids=lambda: () if life.end else (life.pid,),
        )

    def stop(self) -> None:
        try:
            if self._life is not None:
                self._life.stop()
            self._pool.shutdown(wait=False, cancel_futures=True)
        finally:
            super().stop()

    def _now_is(self, engine: ProcessEngine) -> None:
        self._child = engine.child

    def _submit(self, probe: Probe) -> Future[str]:
        return self._pool.submit(fault_of, probe, _no_command)


def _no_command(words: Sequence[str], seconds: float) -> bool:
    raise AssertionError(words)  # such a probe is not among them
