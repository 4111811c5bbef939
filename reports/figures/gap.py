"""The gap between a service and itself in a pod, by a third that has the pod's CPU and wastes none.

Less CPU: how many times more answers the first gives than the third. Wasted CPU: how many times more the
third gives than the pod, whose threads do not fit its quota and are stopped. The two multiply to the whole
gap, so their shares are of its logarithm.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

from reports.figures.compare import DeploymentRatio
from reports.figures.load import Load
from reports.figures.ratios import Ratios
from reports.figures.stats import Estimate
from reports.figures.summary import OperatingPoint

EQUAL_CPU = "local-equal-cpu"
"""The kind of deployment that has as much CPU as another one and wastes none."""

ALIKE = 1.15
"""So many times as much CPU at most is as much."""


@dataclass(frozen=True, kw_only=True)
class Gap:
    """Of one configuration at one load."""

    config: str
    load: Load
    first: str
    equal: str
    second: str
    whole: Estimate
    less: Estimate
    """The first's throughput over the third's,"""
    wasted: Estimate
    """and the third's over the second's."""
    equal_cores: float | None
    """How much CPU the third got, and the second."""
    second_cores: float | None

    @property
    def is_equal(self) -> bool:
        """Did both get about as much? Else neighbours took it, and neither is what it is called."""
        if not self.equal_cores or not self.second_cores:
            return True
        return 1 / ALIKE <= self.equal_cores / self.second_cores <= ALIKE

    @property
    def less_share(self) -> float | None:
        """Of the gap; None where there is none to speak of, or the CPU was not equal."""
        if not self.is_equal or self.whole.value <= 1 or not self.whole.excludes_one:
            return None
        return math.log(self.less.value) / math.log(self.whole.value)


def _cores(level: OperatingPoint | None) -> float | None:
    machines = [cell.machine for cell in level.valid_cells] if level is not None else []
    found = [one.cpu_cores for one in machines if one is not None and one.cpu_cores is not None]
    return fmean(found) if found else None


def is_equal_cpu(level: OperatingPoint) -> bool:
    for cell in level.cells:
        service = cell.cell.requested.get("service")
        if isinstance(service, dict) and str(service.get("spec")).partition(":")[0] == EQUAL_CPU:
            return True
    return False


def gaps(levels: Sequence[OperatingPoint], found: Sequence[DeploymentRatio], ratios: Ratios) -> Iterator[Gap]:
    """Of each other deployment that is compared with the first."""
    at = {(lv.deployment, lv.config, lv.workload, lv.load): lv for lv in levels}
    equals = dict.fromkeys(lv.deployment for lv in levels if is_equal_cpu(lv))
    less = {(r.second, r.config, r.workload, r.load): r.throughput for r in found}
    for one in found:
        if one.second in equals or one.throughput is None or one.workload_mismatch:
            continue
        for equal in equals:
            key = (one.config, one.workload, one.load)
            middle, pod = at.get((equal, *key)), at.get((one.second, *key))
            of_less = less.get((equal, *key))
            wasted = ratios.throughput(middle, pod) if middle and pod else None
            if of_less is None or wasted is None:
                continue
            yield Gap(
                config=one.config,
                load=one.load,
                first=one.first,
                equal=equal,
                second=one.second,
                whole=one.throughput,
                less=of_less,
                wasted=wasted,
                equal_cores=_cores(middle),
                second_cores=_cores(pod),
            )
