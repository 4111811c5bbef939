"""A target's pods as they are now, with what each container has used: read inside it, or by its node."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from sweep.deployments.clusters.pods import Container, containers_of
from sweep.deployments.clusters.usage_by_node import NodeCounters, NodeUsage
from sweep.deployments.clusters.usage_inside import usage_of
from sweep.running.cgroups.used import Usage
from sweep.running.kubectl import Kubectl

CGROUP, CADVISOR = "cgroup", "cadvisor"
_AT_ONCE = 8


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One container."""

    container: Container
    usage: Usage
    by: str = ""
    """`CGROUP` or `CADVISOR`; empty: by nobody,"""
    unread: str = ""
    """for this reason."""


AllSeen = dict[tuple[str, str], Seen]
"""By pod and container."""


@dataclass(kw_only=True)
class UsageReader:
    """Of pods with these labels."""

    kubectl: Kubectl
    selector: str
    _nodes: NodeCounters = field(init=False)
    _without: set[str] = field(default_factory=set)
    """Names of containers that have no program which reads files."""

    def __post_init__(self) -> None:
        self._nodes = NodeCounters(kubectl=self.kubectl)

    def read(self, *, after_load: bool) -> AllSeen:
        """``after_load``: what the kubelet counts is waited for until it is of after now. Raises
        KubectlError."""
        containers = containers_of(self.kubectl.items("pods", f"--selector={self.selector}"))
        inside = [one for one in containers if one.name not in self._without]
        usage: Callable[[Container], tuple[Usage, str]] = partial(usage_of, self.kubectl)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            used = list(pool.map(usage, inside))
        seen = {
            _key(one): Seen(container=one, usage=found, by="" if why else CGROUP, unread=why)
            for one, (found, why) in zip(inside, used, strict=True)
        }
        missing = [one for one in containers if _key(one) not in seen or seen[_key(one)].unread]
        return {**seen, **self._by_nodes(missing, seen, after_load)} if missing else seen

    def _by_nodes(self, missing: list[Container], seen: AllSeen, after_load: bool) -> AllSeen:
        wanted = {_key(one): one.node for one in missing}
        counted = self._nodes.read_fresh(wanted) if after_load else self._nodes.read(wanted.values())
        return {_key(one): self._seen(one, counted.get(_key(one)), seen.get(_key(one))) for one in missing}

    def _seen(self, one: Container, by_node: NodeUsage | None, before: Seen | None) -> Seen:
        if by_node is not None:
            self._without.add(one.name)
            return Seen(container=one, usage=by_node.usage, by=CADVISOR)
        first = before.unread if before else "no program in it reads them"
        return Seen(container=one, usage=Usage(), unread=f"{first}; {self._nodes.why(one.node)}")


def _key(one: Container) -> tuple[str, str]:
    return one.pod, one.name
