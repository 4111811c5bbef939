"""The CPU of pods as a share of what they request, and whether an autoscaler would have acted on it.

The rule is that of Kubernetes' documentation (Horizontal Pod Autoscaling, algorithm details): the mean use of
all containers of the pods over the sum of their requests; ``ceil(replicas * use / target)`` pods are wanted,
but none more while the quotient is within 10 % of 1; where a container requests no CPU, nothing is done.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from statistics import fmean

from records.evidence.pods import Autoscaler, CellPods
from records.options.quantity import quantity
from reports.figures.summary import CellSummary

DEFAULT_PERCENT = 80.0
"""Of an HPA that names no metric."""
TOLERANCE = 0.1


@dataclass(frozen=True, kw_only=True)
class Requested:
    """Of all pods of a level, in the mean over its cells."""

    cpu_cores: float
    request_cores: float
    """Of all containers of all pods."""
    replicas: int
    without: tuple[str, ...] = ()
    """Containers that request no CPU."""
    autoscaler: Autoscaler | None = None
    """The original's; None: there was none, or nobody says."""

    @property
    def share(self) -> float:
        return self.cpu_cores / self.request_cores

    @property
    def target(self) -> float:
        return (self.autoscaler.cpu_percent if self.autoscaler else DEFAULT_PERCENT) / 100

    @property
    def wanted(self) -> int:
        """How many pods the autoscaler would have: as many as there are where it would not act."""
        quotient = self.share / self.target
        if self.without or abs(quotient - 1) <= TOLERANCE:
            return self.replicas
        most = self.autoscaler.max_replicas if self.autoscaler else None
        wanted = max(1, math.ceil(self.replicas * quotient))
        return wanted if most is None else min(most, wanted)


def requested(cells: Sequence[CellSummary]) -> Requested | None:
    """None where no container's request or use is known."""
    found = [one for cell in cells if (one := _of_cell(cell)) is not None]
    if not found:
        return None
    first = found[0]
    return Requested(
        cpu_cores=fmean(one.cpu_cores for one in found),
        request_cores=first.request_cores,
        replicas=first.replicas,
        without=first.without,
        autoscaler=first.autoscaler,
    )


def _of_cell(cell: CellSummary) -> Requested | None:
    limits, pods = cell.limits, cell.pods
    if limits is None:
        return None
    if pods is not None and limits.seconds:
        return _of_pods(pods, limits.seconds)
    machine = cell.machine
    # Where nothing is requested there is no share of it: such a pod has no autoscaler that acts on its CPU.
    if not limits.cpu_request_cores or machine is None or machine.cpu_cores is None:
        return None
    return Requested(cpu_cores=machine.cpu_cores, request_cores=limits.cpu_request_cores, replicas=1)


def _of_pods(pods: CellPods, seconds: float) -> Requested | None:
    used = [one.cpu_seconds for one in pods.containers if one.cpu_seconds is not None]
    requests = list(_requests(pods))
    if not requests or len(used) != len(pods.containers):
        return None
    named = {one.container for one in pods.containers if not _cores(one.requests)}
    return Requested(
        cpu_cores=sum(used) / seconds,
        request_cores=sum(requests),
        replicas=pods.replicas,
        without=tuple(sorted(named)),
        autoscaler=pods.autoscaler,
    )


def _requests(pods: CellPods) -> Iterator[float]:
    for one in pods.containers:
        if cores := _cores(one.requests):
            yield cores


def _cores(requests: dict[str, str]) -> float:
    with suppress(ValueError):
        return float(quantity(requests.get("cpu")))
    return 0.0
