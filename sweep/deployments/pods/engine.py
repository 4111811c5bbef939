"""One container of podman's, as `life` wants it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import psutil

from sweep.deployments.pods.life import State
from sweep.running import podman
from sweep.running.cgroups.limits import Limits
from sweep.running.cgroups.seen import SeenGroup, group_of
from sweep.running.cgroups.used import Usage

_SIGKILL = 137
"""The exit code of who was killed so."""
_ALL = 0.98


@dataclass(kw_only=True)
class PodmanEngine:
    """Every method that asks podman raises PodmanError."""

    name: str
    limits: Limits
    _killed: bool = False
    _groups: dict[int, SeenGroup] = field(default_factory=dict)

    def state(self) -> State:
        found = json.loads(podman.run("inspect", "--type=container", "--format={{json .State}}", self.name))
        running = bool(found.get("Running"))
        exit_code = int(found.get("ExitCode") or 0)
        return State(
            pid=int(found.get("Pid") or 0) if running else 0,
            exit_code=exit_code,
            oom_killed=bool(found.get("OOMKilled"))
            or (not running and exit_code == _SIGKILL and not self._killed and self._had_all_memory()),
        )

    def _had_all_memory(self) -> bool:
        """Podman does not always see why the kernel killed it, and its group is gone."""
        used = [group.read_above() for group in self._groups.values()]
        most = max((one.memory_peak_bytes or 0 for one in used), default=0)
        return self.limits.memory_bytes is not None and most >= _ALL * self.limits.memory_bytes

    def start(self) -> None:
        self._killed = False
        podman.run("start", self.name)
        self.settle()

    def settle(self) -> None:
        """What podman does not take from a pod: the weight of its request, and that it has no swap."""
        shares, memory = self.limits.shares, self.limits.memory_bytes
        words = [] if shares is None else [f"--cpu-shares={shares}"]
        words += [] if memory is None else [f"--memory={memory}b", f"--memory-swap={memory}b"]
        if words:
            podman.run("update", *words, self.name)

    def kill(self) -> None:
        self._killed = True
        with suppress(podman.PodmanError):  # it ended by itself meanwhile
            podman.run("kill", self.name)

    def runs(self, pid: int) -> bool:
        return pid > 0 and psutil.pid_exists(pid)

    def used(self, pid: int) -> Usage | None:
        group = self.group(pid)
        used = None if group is None else group.read()
        return None if used is None or used == Usage() else used

    def group(self, pid: int) -> SeenGroup | None:
        """Found once: it is the same as long as the process is."""
        if pid not in self._groups and (found := group_of(pid)) is not None:
            self._groups = {pid: found}
        return self._groups.get(pid)

    def execute(self, words: Sequence[str], seconds: float) -> bool:
        """Whether a command in the container ends well in that time."""
        with suppress(podman.PodmanError):
            podman.run("exec", self.name, *words, seconds=seconds)
            return True
        return False
