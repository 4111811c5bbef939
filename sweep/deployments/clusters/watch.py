"""A cell's pods, from before its load to after it: what they used, and whether they were there all along."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from records.cells.flags import RETRIED
from records.cells.request import RequestRecord
from records.evidence.pods import Autoscaler, CellPods, ContainerUse, ForwardCost
from sweep.deployments.clusters.forward import Forward
from sweep.deployments.clusters.forward_cost import in_words
from sweep.deployments.clusters.limits import limits_of
from sweep.deployments.clusters.requests_counted import requests_counted
from sweep.deployments.clusters.spec import Spec
from sweep.deployments.clusters.usage_of_pods import AllSeen, Seen, UsageReader
from sweep.running.cgroups.used import Usage, since
from sweep.running.kubectl import Kubectl, KubectlError
from sweep.running.watched import Requests, Watched
from workloads.checks.run import asked_again, port_forward

_FORWARD, _INGRESS = " the way here", " its ingress"
"""No container is called so."""
_UNSENT = ("dropped", "connect_error")


@dataclass(kw_only=True)
class PodsWatch:
    """Of one target."""

    kubectl: Kubectl
    spec: Spec
    name: str
    selector: str
    container: str
    port: int
    forward: Forward | None = None
    forward_cost: ForwardCost | None = None
    autoscaler: Autoscaler | None = None
    load_node: str = ""
    """Where the load of the last cell ran, in the cluster."""
    left_out: tuple[str, ...] = ()
    """Annotations that the original's ingress has, and the clone's has not."""
    _reader: UsageReader = field(init=False)
    _via: str = ""
    _before: AllSeen = field(default_factory=dict)
    _counted: int | None = None
    _ends: int = 0
    _notes: list[str] = field(default_factory=list)
    _told: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._reader = UsageReader(kubectl=self.kubectl, selector=self.selector)

    def begin(self, via: str) -> None:
        self._notes, self._via = [], via or self.spec.via
        self._before = self._read(after_load=False)
        self._counted = self._count(self._before)
        self._ends = self.forward.ends() if self.forward else 0

    def end(self, requests: Requests) -> Watched:
        ends = self.forward.ends() - self._ends if self.forward else 0
        now_counted = self._count(self._before)  # before the wait for what the kubelet counts
        now = self._read(after_load=True)
        uses = tuple(_use(self._before.get(key), one) for key, one in now.items())
        new = {pod for pod, _ in now} - {pod for pod, _ in self._before}
        sent = _sent(asked := requests())
        more = None if new else since(self._counted, now_counted)
        pods = CellPods(
            context=self.spec.context,
            namespace=self.spec.namespace,
            deployment=self.name,
            of=self.spec.deployment,
            via=self._via,
            replicas=len({pod for pod, _ in now}),
            forward_ends=ends,
            forward=self.forward_cost,
            load="cluster" if self.spec.in_cluster else "here",
            load_node=self.load_node,
            container=self.container,
            autoscaler=self.autoscaler,
            counted_requests=more,
            sent_requests=sent,
            other_pods=len(new),
            containers=uses,
        )
        self._note_all(new if self._before else set(), uses)
        checks = (port_forward(ends),) if self.forward else ()
        of_the_app = [use for use in uses if use.container == self.container]
        return Watched(
            checks=(*checks, *asked_again(more, sent)),
            pods=pods,
            limits=limits_of(of_the_app, seconds=_loaded_seconds(asked)),
        )

    def notes(self) -> list[str]:
        return self._notes

    def _note_all(self, new: set[str], uses: Sequence[ContainerUse]) -> None:
        """What the user is told of the cell, and once of the way to it."""
        if new:
            self._notes.append(f"pods came meanwhile that were not there before: {', '.join(sorted(new))}")
        for use in uses:
            self._note(use)
        if self._via == "ingress" and self.left_out and _INGRESS not in self._told:
            self._told.add(_INGRESS)
            self._notes.append(f"the clone's ingress is without the annotations {', '.join(self.left_out)}")
        if self.forward_cost and _FORWARD not in self._told:
            self._told.add(_FORWARD)
            self._notes.append(in_words(self.forward_cost))

    def _note(self, use: ContainerUse) -> None:
        what = f"pod {use.pod}, container {use.container}"
        if use.restarts:
            limit = f" (limit {use.limits.get('memory', 'none')})" if use.oom_killed else ""
            why = f", killed for its memory{limit}" if use.oom_killed else ""
            self._notes.append(f"{what}: restarted {use.restarts} times in the cell's time{why}")
        if use.unread and use.container not in self._told:
            self._told.add(use.container)
            self._notes.append(f"{what}: its CPU counters are not read: {use.unread}")

    def _read(self, *, after_load: bool) -> AllSeen:
        try:
            return self._reader.read(after_load=after_load)
        except KubectlError as error:
            self._notes.append(f"the pods were not read: {error}")
            return {}

    def _count(self, seen: AllSeen) -> int | None:
        pods = sorted({pod for pod, _ in seen})
        return requests_counted(self.kubectl, pods, self.port, self.spec.requests) if pods else None


def _use(before: Seen | None, now: Seen) -> ContainerUse:
    """What a container used in between. One that was restarted, or came later, counts from its own start, of
    which nobody knows how much was before; so does one that another counted before."""
    one = now.container
    restarts = one.restarts - before.container.restarts if before else 0
    used = now.usage.since(before.usage if before and not restarts and before.by == now.by else Usage())
    return ContainerUse(
        pod=one.pod,
        container=one.name,
        image=one.image,
        node=one.node,
        requests=dict(one.requests),
        limits=dict(one.limits),
        restarts=restarts,
        oom_killed=bool(restarts) and one.oom_killed,
        cpu_period_us=used.period_us,
        read_by=now.by,
        unread=now.unread,
        **used.counted,
    )


def _sent(requests: Sequence[RequestRecord]) -> int | None:
    """How often something was asked, as far as the load knows: what it sent again itself counts twice."""
    went = [one for one in requests if one.outcome not in _UNSENT]
    return sum(1 + (RETRIED in one.flags) for one in went) if requests else None


def _loaded_seconds(requests: Sequence[RequestRecord]) -> float | None:
    times = list(_times(requests))
    return (max(times) - min(times)) / 1e9 if times else None


def _times(requests: Sequence[RequestRecord]) -> Iterator[int]:
    for one in requests:
        yield from (one.sent_at_ns, one.ended_at_ns)
