"""A container played by a process of this machine, as `life` wants it: it is killed, and started again in its
group; and which of its probes can be asked of a process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sweep.deployments.pods.life import Probes, State
from sweep.deployments.pods.probes import LIVENESS, READINESS, STARTUP, Probe, played_probe
from sweep.running.cgroups.group import Group
from sweep.running.cgroups.used import Usage
from sweep.running.errors import UsageError
from sweep.running.processes import Child

Facts = Mapping[str, Any]


@dataclass(kw_only=True)
class ProcessEngine:
    """``spawn``: starts it as it was started first."""

    child: Child
    spawn: Callable[[], Child]
    group: Group
    _kills: int = field(init=False)
    """For want of memory, before it was started."""

    def __post_init__(self) -> None:
        self._kills = self._oom_kills()

    def _oom_kills(self) -> int:
        return self.group.read().oom_kills or 0

    def state(self) -> State:
        code = self.child.exit_code()
        if code is None:
            return State(pid=self.child.pid)
        return State(exit_code=code, oom_killed=self._oom_kills() > self._kills)

    def start(self) -> None:
        self._kills = self._oom_kills()
        try:
            self.child.stop()  # what it started may still be there
            self.child = self.spawn()
        except RuntimeError as error:
            raise UsageError(f"the target cannot be started again: {error}") from error

    def kill(self) -> None:
        self.child.kill()

    def runs(self, pid: int) -> bool:
        return self.child.pid == pid and self.child.exit_code() is None

    def used(self, pid: int) -> Usage | None:
        return None  # its group is there as long as the deployment is, and says it


def probes_here(container: Facts, port: int) -> Probes:
    """Those that can be asked of the app at that port."""
    found = {name: probe for name, probe, why in _each(container, port) if probe and not why}
    return Probes(startup=found.get(STARTUP), readiness=found.get(READINESS), liveness=found.get(LIVENESS))


def unplayed_probes(container: Facts) -> tuple[str, ...]:
    """What is not asked, and why."""
    return tuple(why for _, _, why in _each(container, 0) if why)


def _each(container: Facts, port: int) -> Iterator[tuple[str, Probe | None, str]]:
    """Its name, what it is here, and why it is not played."""
    ports = [one.get("containerPort") for one in container.get("ports") or ()]
    for name in (STARTUP, READINESS, LIVENESS):
        try:
            probe = played_probe(container, name)
        except ValueError as error:
            yield name, None, str(error)
            continue
        if probe is None:
            continue
        if probe.command:
            yield name, None, f"the {name} runs a command of the image, which is not there"
        elif ports and int(probe.port) != int(ports[0]):
            yield name, None, f"the {name} is of port {probe.port}, at which another program listens"
        else:
            yield name, played_probe(container, name, {int(probe.port): port}), ""
