"""A target in a container of podman's: played, waited for by its startup probe, watched, and removed."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any

from records.secrets.secret_names import secret_within
from records.services.served import Served
from records.services.variants import BASELINE
from sweep.deployments.confinement import Confinement
from sweep.deployments.pods.container import Container, container_of, target_in, user_of
from sweep.deployments.pods.engine import PodmanEngine
from sweep.deployments.pods.life import Life, Probes
from sweep.deployments.pods.played import Changes, beside, container_port, image_of, listens_at, played
from sweep.deployments.pods.probes import LIVENESS, READINESS, STARTUP, Probe, played_probe
from sweep.deployments.pods.probing import fault_of
from sweep.deployments.pods.watch import ContainerWatch
from sweep.deployments.process import READY_PATH, environment_of, reference_app_at
from sweep.deployments.protocol import Endpoint, Setup
from sweep.running import podman
from sweep.running.asking import status
from sweep.running.cgroups.choice import new_name
from sweep.running.cgroups.group import Group
from sweep.running.cgroups.limits import Limits
from sweep.running.confined import Confined
from sweep.running.cpu_got import Watched
from sweep.running.cpus import as_if
from sweep.running.errors import UsageError
from sweep.running.inside import SITE
from sweep.running.lent import lend
from sweep.running.pods import PodKeeper
from sweep.running.processes import free_port

_KEY = "OPENAI_API_KEY"
_POLL_SECONDS = 0.1
_ANSWER_SECONDS = 1.0
_PAGE = 4096


class PodmanDeployment:
    """One pod."""

    def __init__(self, documents: Sequence[Any], form: str, setup: Setup) -> None:
        self._documents, self._form = documents, form
        self._given = given = container_of(documents)
        self._setup = Confinement(
            limits=given.limits, ready_path=given.ready_path, ready_seconds=given.ready_seconds
        ).waited_for(setup)
        self._keeper: PodKeeper | None = None
        self._life: Life | None = None
        self._pool = ThreadPoolExecutor(3, thread_name_prefix="probe")

    def start(self, name: str, settings: Mapping[str, str]) -> Endpoint:
        """Raises UsageError when podman does not play it, it ends, or its startup probe fails."""
        setup, raw = self._setup, target_in(self._documents).raw
        podman.remove_left()
        pod, port = new_name(), listens_at(self._documents, free_port())
        container = f"{pod}-{raw['name']}"
        self._keeper = keeper = PodKeeper(pod, container, log=setup.log, ledger=setup.ledger)
        engine = PodmanEngine(name=container, limits=self._given.limits)
        self._play(pod, port, settings)
        engine.settle()
        for other, limits in beside(self._documents).items():
            with suppress(podman.PodmanError):  # it may have ended
                PodmanEngine(name=f"{pod}-{other}", limits=limits).settle()
        keeper.started()
        self._life = life = self._begun(engine, port, raw)
        confined = self._confined(life, engine)
        base_url = f"http://127.0.0.1:{port}"
        self._wait_ready(life, confined, name, base_url)
        said = reference_app_at(base_url, name, settings)
        life.watch(time.monotonic)
        return self._endpoint(life, confined, base_url, said, pod)

    def stop(self) -> None:
        try:
            if self._life is not None:
                self._life.stop()
            self._pool.shutdown(wait=False, cancel_futures=True)
        finally:
            if self._keeper is not None:
                self._keeper.stop()

    def _play(self, pod: str, port: int, settings: Mapping[str, str]) -> None:
        environment = environment_in(self._setup, self._given, settings)
        changes = Changes(
            name=pod,
            labels={podman.LABEL: pod},
            port=port,
            environment=environment,
            folders=_folders(self._setup, user_of(self._documents)),
        )
        documents = played(self._documents, changes)
        hidden = [text for key, text in environment.items() if secret_within(key, text) is not None]
        podman.play(documents, hidden=hidden)

    def _begun(self, engine: PodmanEngine, port: int, raw: Mapping[str, Any]) -> Life:
        at = {container_port(raw): port}
        startup, readiness, liveness = (
            played_probe(raw, name, at) for name in (STARTUP, READINESS, LIVENESS)
        )
        life = Life(
            engine=engine,
            probes=Probes(startup=startup, readiness=readiness, liveness=liveness),
            submit=partial(self._submit, engine),
            startup_seconds=self._setup.longest_start,
            memory_bytes=self._given.limits.memory_bytes,
            started=self._keeper.started if self._keeper else lambda: None,
        )
        life.begin(time.monotonic())
        return life

    def _submit(self, engine: PodmanEngine, probe: Probe) -> Any:
        return self._pool.submit(fault_of, probe, engine.execute)

    def _confined(self, life: Life, engine: PodmanEngine) -> Confined:
        """Its group, once the limits are seen to have arrived there. Raises UsageError."""
        seen, wanted = engine.group(life.pid), self._given.limits
        if seen is None:
            life.step(time.monotonic())  # it may have ended at once
            method = podman.version()
        else:
            method = f"{podman.version()}, {seen.method}"
            _check_arrived(seen.limits, wanted, self._form)
        return Confined(group=Group(method=method, folders=(), read=life.used), limits=wanted)

    def _wait_ready(self, life: Life, confined: Confined, name: str, base_url: str) -> None:
        setup, keeper, wait = self._setup, self._keeper, self._setup.wait()
        assert keeper is not None
        watched = Watched(wait.began, setup.note)
        while not (life.ready and self._answers(base_url)):
            life.step(time.monotonic())
            if life.end is not None or life.over:
                confined.check_killed(f"{setup.log.parent.name}/{name}")
                code = life.over or f"with {life.end.exit_code if life.end else 'no code'}"
                raise UsageError(
                    f"the target ended before it was ready, {code}: {keeper.complaint()} ({setup.log})"
                )
            if wait.is_over:
                why = f"by its probes{watched.got(life.pid)}"
                raise wait.error(f"{why}; its last words: {keeper.complaint()} ({setup.log})")
            awaited = life.awaits or f"no answer at {READY_PATH} yet"
            setup.report(f"{awaited}{watched.got(life.pid)}; {keeper.last_words()}")
            time.sleep(_POLL_SECONDS)

    def _answers(self, base_url: str) -> bool:
        """Whether it serves, where no startup probe asks that over HTTP: Kubernetes does not wait then."""
        return bool(self._given.ready_path) or status(base_url, READY_PATH, _ANSWER_SECONDS) == 200

    def _endpoint(self, life: Life, confined: Confined, base_url: str, said: Served, pod: str) -> Endpoint:
        setup = self._setup
        target = target_in(self._documents)
        watch = ContainerWatch(
            life=life, context="podman", pod=pod, of=target.name, container=str(target.raw["name"]),
            image=image_of(self._documents), resources=target.raw.get("resources") or {},
        )  # fmt: skip
        return Endpoint(
            base_url=base_url,
            pids=(life.pid,),
            log=setup.log,
            inside=setup.inside,
            dial=setup.dial,
            served=said,
            ended=watch.ended,
            interrupted=watch.interrupted,
            confined=confined,
            watch=watch,
            wait_up=watch.wait_up,
            metrics=f"{base_url}/metrics",
            current_pids=lambda: () if life.end else (life.pid,),
        )


def environment_in(setup: Setup, given: Container, settings: Mapping[str, str]) -> dict[str, str]:
    """What the sweep sets in the container, before what its manifests do: the sweep's own environment is not
    there, but for the key of a real LLM."""
    sizes = {} if setup.as_if_cores is None else as_if(setup.as_if_cores)
    before = {name: text for name, text in sizes.items() if name not in given.in_a_cluster}
    if _KEY in os.environ:
        before[_KEY] = os.environ[_KEY]
    return environment_of(setup, {**BASELINE.settings, **settings}, before)


def _folders(setup: Setup, uid: int | None) -> dict[str, bool]:
    """Where the collector is, and where it and the dial write; made so that the container's user may, until
    whoever stops the target takes them back."""
    written = [folder for folder in (setup.inside, setup.dial) if folder is not None]
    for folder in written:
        lend(folder, uid)
    read = {str(SITE.parent): False} if setup.inside is not None else {}
    return {**read, **{str(folder.resolve()): True for folder in written}}


def _check_arrived(seen: Limits, wanted: Limits, form: str) -> None:
    """Raises UsageError where the kernel does not have what the manifests say."""
    cpu = wanted.cpu_cores is None or abs((seen.cpu_cores or 0.0) - wanted.cpu_cores) <= 0.01
    memory = wanted.memory_bytes is None or abs((seen.memory_bytes or 0) - wanted.memory_bytes) < _PAGE
    if not (cpu and memory):
        what = " and ".join(["CPU limit"] * (not cpu) + ["memory limit"] * (not memory))
        raise UsageError(
            f"--deployment {form}: the {what} did not arrive in the container's control group: podman "
            "cannot limit containers here (see docs/pod.md)"
        )
