"""A cell's pods, from before its load to after it: what they used, and whether they were there all along."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from records.cells.cell import Check
from records.evidence.pods import CellPods, ContainerUse
from sweep.deployments.clusters.counters import Usage, usage_of
from sweep.deployments.clusters.forward import Forward
from sweep.deployments.clusters.pods import Container, containers_of
from sweep.deployments.clusters.spec import Spec
from sweep.running.kubectl import Kubectl, KubectlError
from workloads.checks.run import port_forward

N = TypeVar("N", int, float)
_AT_ONCE = 8
_Seen = tuple[Container, Usage, str]
Seen = dict[tuple[str, str], _Seen]
"""By pod and container."""


@dataclass(kw_only=True)
class PodsWatch:
    """Of one target."""

    kubectl: Kubectl
    spec: Spec
    name: str
    selector: str
    forward: Forward | None = None
    _before: Seen = field(default_factory=dict)
    _ends: int = 0
    _notes: list[str] = field(default_factory=list)
    _told: set[str] = field(default_factory=set)

    def begin(self) -> None:
        self._notes = []
        self._before = self._read()
        self._ends = self.forward.ends() if self.forward else 0

    def end(self, folder: Path) -> tuple[Check, ...]:
        now, ends = self._read(), self.forward.ends() - self._ends if self.forward else 0
        uses = tuple(_use(self._before.get(key), *seen) for key, seen in now.items())
        new = {pod for pod, _ in now} - {pod for pod, _ in self._before}
        CellPods(
            context=self.spec.context,
            namespace=self.spec.namespace,
            deployment=self.name,
            of=self.spec.deployment,
            via=self.spec.via,
            replicas=len({pod for pod, _ in now}),
            forward_ends=ends,
            other_pods=len(new),
            containers=uses,
        ).write(folder)
        if new and self._before:
            self._notes.append(f"pods came meanwhile that were not there before: {', '.join(sorted(new))}")
        for use in uses:
            self._note(use)
        return (port_forward(ends),) if self.forward else ()

    def notes(self) -> list[str]:
        return self._notes

    def _note(self, use: ContainerUse) -> None:
        what = f"pod {use.pod}, container {use.container}"
        if use.restarts:
            limit = f" (limit {use.limits.get('memory', 'none')})" if use.oom_killed else ""
            why = f", killed for its memory{limit}" if use.oom_killed else ""
            self._notes.append(f"{what}: restarted {use.restarts} times in the cell's time{why}")
        if use.unread and use.container not in self._told:
            self._told.add(use.container)
            self._notes.append(f"{what}: its CPU counters are not read: {use.unread}")

    def _read(self) -> Seen:
        try:
            pods = self.kubectl.items("pods", f"--selector={self.selector}")
        except KubectlError as error:
            self._notes.append(f"the pods were not read: {error}")
            return {}
        containers = containers_of(pods)
        usage: Callable[[Container], tuple[Usage, str]] = partial(usage_of, self.kubectl)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            used = list(pool.map(usage, containers))
        return {(one.pod, one.name): (one, *use) for one, use in zip(containers, used, strict=True)}


def _use(before: _Seen | None, now: Container, used: Usage, unread: str) -> ContainerUse:
    """What a container used in between. One that was restarted, or came later, counts from its own start, of
    which nobody knows how much was before."""
    restarts = now.restarts - before[0].restarts if before else 0
    first = before[1] if before and not restarts else Usage()
    return ContainerUse(
        pod=now.pod,
        container=now.name,
        image=now.image,
        node=now.node,
        requests=dict(now.requests),
        limits=dict(now.limits),
        restarts=restarts,
        oom_killed=bool(restarts) and now.oom_killed,
        nr_periods=_since(first.periods, used.periods),
        nr_throttled=_since(first.throttled_periods, used.throttled_periods),
        throttled_seconds=_since(first.throttled_seconds, used.throttled_seconds),
        cpu_seconds=_since(first.cpu_seconds, used.cpu_seconds),
        oom_kills=_since(first.oom_kills, used.oom_kills),
        memory_peak_bytes=used.memory_peak_bytes,
        unread=unread,
    )


def _since(before: N | None, now: N | None) -> N | None:
    return None if before is None or now is None else now - before
