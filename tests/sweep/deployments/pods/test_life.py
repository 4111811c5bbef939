"""What probes of a container lead to: it is waited for, killed, started again, or left alone."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Any

from sweep.deployments.pods.life import Life, Probes, State
from sweep.deployments.pods.probes import Probe
from sweep.deployments.pods.watch import ContainerWatch
from sweep.running.cgroups.used import Usage


@dataclass
class Engine:
    """A container that passes its probes or not, as it is told."""

    now: State = field(default_factory=lambda: State(pid=7))
    passes: dict[str, bool] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)

    def state(self) -> State:
        return self.now

    def start(self) -> None:
        self.done.append("start")
        self.now = State(pid=self.now.pid + 1 or 8)

    def kill(self) -> None:
        self.done.append("kill")
        self.now = State(exit_code=137)

    def runs(self, pid: int) -> bool:
        return pid == self.now.pid

    def used(self, pid: int) -> Usage | None:
        return Usage(periods=10, cpu_seconds=1.0, memory_peak_bytes=50, oom_kills=0)

    def submit(self, probe: Probe) -> Future[str]:
        asked: Future[str] = Future()
        asked.set_result("" if self.passes.get(probe.path, True) else "HTTP 503")
        return asked


def life_of(engine: Engine, **changes: Any) -> Life:
    probes = Probes(
        startup=Probe(path="up", period=1),
        readiness=Probe(path="ready", period=1, failures=3),
        liveness=Probe(path="live", period=1, failures=2),
    )
    made = Life(
        engine=engine, probes=probes, submit=engine.submit, startup_seconds=30, memory_bytes=99, **changes
    )
    made.begin(0.0)
    return made


def stepped(life: Life, start: int, end: int) -> None:
    for tenth in range(start * 10, end * 10):
        life.step(tenth / 10)


def test_the_startup_probe_holds_the_others_off() -> None:
    engine = Engine(passes={"up": False, "live": False, "ready": False})
    life = life_of(engine)
    assert life.awaits == "its startup probe (GET up): not asked yet"
    stepped(life, 0, 29)
    assert (life.ready, engine.done) == (False, [])
    assert life.awaits == "its startup probe (GET up): HTTP 503"
    engine.passes = {"ready": False}
    stepped(life, 29, 31)
    assert life.awaits == "its readiness probe (GET ready): HTTP 503"
    engine.passes = {}
    stepped(life, 31, 33)
    assert (life.ready, life.awaits) == (True, "")
    assert life.counts(31.0).failed_liveness == 0


def test_a_container_is_killed_by_its_liveness_probe_and_started_again_at_once_and_then_later() -> None:
    engine = Engine()
    told: list[str] = []
    life = life_of(engine, started=lambda: told.append("again"))
    stepped(life, 0, 3)
    engine.passes = {"live": False}
    stepped(life, 3, 8)
    assert engine.done[:2] == ["kill", "start"]
    stepped(life, 8, 12)
    assert engine.done == ["kill", "start", "kill"]  # it waits ten seconds now
    engine.passes = {}
    stepped(life, 12, 25)
    counts = life.counts(25.0)
    assert (
        life.killed_by
        == "its liveness probe (GET live) reached its failureThreshold of 2, at last by: HTTP 503"
    )
    assert (engine.done[3:], counts.restarts, counts.killed, len(told)) == (["start"], 2, 2, 2)
    assert counts.not_ready_seconds > 10
    # Its counters begin again with each of its three groups, and are added up.
    assert life.used() == Usage(periods=30, cpu_seconds=3.0, memory_peak_bytes=50, oom_kills=0)


def test_what_its_probe_killed_between_two_looks_is_told_with_the_probe_and_then_as_a_restart() -> None:
    """Whoever asks at once is told; it is not up though nobody saw yet that it ended."""
    engine = Engine()
    life = life_of(engine)
    watch = ContainerWatch(life=life, context="here", pod="p", of="target", container="target", resources={})
    stepped(life, 0, 3)
    watch.begin("")
    assert (watch.ended(), watch.interrupted()) == (None, "")
    engine.passes, now = {"live": False}, 30
    while not engine.done:
        life.step(now / 10)
        now += 1
    said = "its liveness probe (GET live) reached its failureThreshold of 2, at last by: HTTP 503"
    assert (life.up, life.end) == (False, None)
    assert watch.ended() == watch.interrupted() == f"the target's container was killed: {said}"
    engine.passes = {}
    stepped(life, now // 10 + 1, now // 10 + 4)
    assert (life.up, watch.ended()) == (True, None)
    assert watch.interrupted() == f"the target's container was restarted 1 time (1 killed: {said})"


def test_who_is_not_ready_is_left_running() -> None:
    engine = Engine(passes={"ready": True})
    life = life_of(engine)
    stepped(life, 0, 3)
    engine.passes = {"ready": False}
    stepped(life, 3, 10)
    seen = life.counts(10.0)
    assert (life.ready, engine.done, seen.failed_readiness) == (False, [], 7)
    assert 3.5 < seen.not_ready_seconds < 5
    engine.passes = {}
    stepped(life, 10, 12)
    assert life.ready
    assert life.counts(20.0).not_ready_seconds == life.counts(12.0).not_ready_seconds


def test_one_killed_for_want_of_memory_stays_ended_with_its_limit_as_its_peak() -> None:
    engine = Engine()
    life = life_of(engine)
    stepped(life, 0, 3)
    engine.now = State(exit_code=137, oom_killed=True)
    stepped(life, 3, 40)
    assert (engine.done, life.over) == ([], "killed for want of memory")
    assert replace(life.used(), periods=None, cpu_seconds=None) == Usage(oom_kills=1, memory_peak_bytes=99)
