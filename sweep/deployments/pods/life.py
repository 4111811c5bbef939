"""A container from its start to its end: its probes, what they lead to, its restarts and its counters."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Protocol

from sweep.deployments.pods.probes import Probe, Tally, pause_before
from sweep.running.cgroups.used import Usage
from sweep.running.errors import UsageError

_LOOK_SECONDS = 0.2
"""Between looks at whether it runs, and what it has used: that is not to be seen once it has ended."""


@dataclass(frozen=True, kw_only=True)
class State:
    """As its engine says it."""

    pid: int = 0
    """On this machine; 0: it does not run."""
    exit_code: int = 0
    oom_killed: bool = False


class Engine(Protocol):
    """What runs one container."""

    def state(self) -> State: ...

    def start(self) -> None:
        """Again. Raises UsageError."""
        ...

    def kill(self) -> None: ...

    def runs(self, pid: int) -> bool:
        """Cheaply."""
        ...

    def used(self, pid: int) -> Usage | None:
        """None: that is not to be seen any more."""
        ...


@dataclass(frozen=True, kw_only=True)
class Probes:
    startup: Probe | None = None
    readiness: Probe | None = None
    liveness: Probe | None = None


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Since it was started first."""

    restarts: int = 0
    killed: int = 0
    """By its probes; each is a restart, too."""
    failed_readiness: int = 0
    failed_liveness: int = 0
    not_ready_seconds: float = 0.0
    """In which Kubernetes would have given it no new connections, after it was ready first."""


@dataclass(kw_only=True)
class Life:
    """``submit``: has a probe asked elsewhere: what fails it, empty where it passed. ``started``: told of
    each restart."""

    engine: Engine
    probes: Probes
    submit: Callable[[Probe], Future[str]]
    startup_seconds: float
    memory_bytes: int | None = None
    """Its limit."""
    started: Callable[[], None] = lambda: None
    pid: int = 0
    end: State | None = None
    """How it ended; None while it runs."""
    over: str = ""
    """Why it is not started again."""
    killed_by: str = ""
    """The probe that killed it last, its threshold, and what it got."""
    ready: bool = False
    _was_ready: bool = False
    _up: bool = False
    _counts: Counts = field(default_factory=Counts)
    _tallies: dict[str, Tally] = field(default_factory=dict)
    _due: dict[str, float] = field(default_factory=dict)
    _asked: dict[str, Future[str]] = field(default_factory=dict)
    _dying: bool = False
    """It was killed, and is not seen to be gone."""
    _faults: dict[str, str] = field(default_factory=dict)
    """What each got last that failed it."""
    _began: float = 0.0
    _unready_since: float | None = None
    _again_at: float | None = None
    _earlier: Usage = field(default_factory=Usage)
    _last: Usage = field(default_factory=Usage)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _stopped: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def begin(self, now: float) -> None:
        """It was just started."""
        self.pid, self.end, self.ready = self.engine.state().pid, None, False
        self._began, self._up, self._again_at = now, self.probes.startup is None, None
        named = {"startup": self.probes.startup, "readiness": self.probes.readiness,
                 "liveness": self.probes.liveness}  # fmt: skip
        found = {name: probe for name, probe in named.items() if probe}
        self._tallies = {name: Tally(probe=one, passing=name == "liveness") for name, one in found.items()}
        self._due = {name: now + probe.delay for name, probe in found.items()}
        self._faults = {}
        self._asked, self._dying = {}, False
        self._settle(now)

    def step(self, now: float) -> None:
        """See how it is, ask what is due, and do what follows."""
        with self._lock:
            if self.over:
                return
            try:
                self._step(now)
            except UsageError as error:  # its engine does not answer, or not start it
                self.over = str(error)

    def _step(self, now: float) -> None:
        if self._again_at is not None:
            self._start_again(now)
        elif self.end is None and not self.engine.runs(self.pid):
            self._gone(now)
        elif self.end is None and not self._dying:
            self._last = self.engine.used(self.pid) or self._last
            self._probe(now)

    @property
    def up(self) -> bool:
        """It runs, and has passed its startup probe since it was started last."""
        return self.end is None and self._up and not self._dying

    @property
    def awaits(self) -> str:
        """What it is not ready for; empty: it is."""
        with self._lock:
            if self.ready:
                return ""
            name = "readiness" if self._up else "startup"
            if self.end is not None or self._dying or name not in self._tallies:
                return "it is started again"
            fault = self._faults.get(name, "not asked yet")
            return f"its {name} probe ({self._tallies[name].probe.asks}): {fault}"

    @property
    def killed(self) -> bool:
        """A probe has killed it, and it is not started again yet."""
        return self._dying

    def counts(self, now: float) -> Counts:
        with self._lock:
            since = 0.0 if self._unready_since is None else now - self._unready_since
            return replace(self._counts, not_ready_seconds=self._counts.not_ready_seconds + since)

    def used(self) -> Usage:
        """In all its lives."""
        with self._lock:
            if self.end is None:
                self._last = self.engine.used(self.pid) or self._last
            return self._earlier.plus(self._last)

    def watch(self, clock: Callable[[], float]) -> None:
        """Step by step, in a thread of its own, until `stop`."""

        def steps() -> None:
            while not self._stopped.wait(_LOOK_SECONDS):
                self.step(clock())

        self._thread = threading.Thread(target=steps, name="probes", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()

    def _probe(self, now: float) -> None:
        for name in [name for name, asked in self._asked.items() if asked.done()]:
            fault = self._asked.pop(name).result()
            passed = not fault
            if fault:
                self._faults[name] = fault
            if not passed and name != "startup":
                key = f"failed_{name}"
                self._counts = replace(self._counts, **{key: getattr(self._counts, key) + 1})
            if self._tallies[name].took(passed) and name == "liveness":
                self._kill(name, f"reached its failureThreshold of {self._tallies[name].probe.failures}")
                return
        if not self._up and self._tallies["startup"].passing:
            self._up = True
        if not self._up and now - self._began > self.startup_seconds:
            self._kill("startup", f"had not passed after {self.startup_seconds:g} s")
            return
        for name in ("readiness", "liveness") if self._up else ("startup",):
            if name in self._tallies and name not in self._asked and now >= self._due[name]:
                probe = self._tallies[name].probe
                self._due[name] = now + probe.period
                self._asked[name] = self.submit(probe)
        self._settle(now)

    def _settle(self, now: float) -> None:
        """Whether it is ready, and since when not."""
        readiness = self._tallies.get("readiness")
        self.ready = self.end is None and self._up and (readiness is None or readiness.passing)
        if self.ready:
            self._counts = self.counts(now)
            self._was_ready, self._unready_since = True, None
        elif self._was_ready and self._unready_since is None:
            self._unready_since = now

    def _kill(self, name: str, why: str) -> None:
        probe, got = self._tallies[name].probe, self._faults.get(name, "no answer")
        self.killed_by = f"its {name} probe ({probe.asks}) {why}, at last by: {got}"
        self._dying = True
        self._counts = replace(self._counts, killed=self._counts.killed + 1)
        self.engine.kill()

    def _gone(self, now: float) -> None:
        state = self.engine.state()
        if state.pid:  # its engine has not seen it yet
            return
        self.end = state
        self._earlier, self._last = self._earlier.plus(self._last), Usage()
        self._settle(now)
        if state.oom_killed:
            # The counters went with its group: it had all of its limit.
            self._earlier = replace(
                self._earlier,
                oom_kills=max(1, self._earlier.oom_kills or 0),
                memory_peak_bytes=self.memory_bytes or self._earlier.memory_peak_bytes,
            )
            self.over = "killed for want of memory"
        else:
            self._again_at = now + pause_before(self._counts.restarts)

    def _start_again(self, now: float) -> None:
        if self._again_at is None or now < self._again_at:
            return
        self.engine.start()
        self._counts = replace(self._counts, restarts=self._counts.restarts + 1)
        self.begin(now)
        self.started()
