"""What a service got of its machine while its cells were measured: means over them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

from records.evidence.machine import Machine
from reports.figures.summary import CellSummary

DELAYED = 0.3
"""The share of the time in which its threads could run, from which on it matters that they wait for a CPU;"""
THROTTLED = 0.1
"""and of its quota's periods, from which on it matters that it was stopped."""
FILLED = 0.75
"""The share of its CPUs from which on it is its own threads that keep each other from running."""


@dataclass(frozen=True, kw_only=True)
class GotOfMachine:
    """None: the profile does not say."""

    cpu_cores: float
    """How many cores' time the service's processes took."""
    cores: float
    """How many they may take: their CPUs, or their container's limit where that is less."""
    run_delay: float | None
    """Of the time in which its threads could run, the share in which they waited for a CPU."""
    main_thread_cpu: float | None
    """Share of the time in which its main thread was on a CPU, and in which it waited for one; None, too,
    where it is not known which of several processes has the event loop. Of that loop's thread
    `LoadedPoint.loop_cpu` knows more."""
    main_thread_delay: float | None
    threads: float | None
    throttled: float | None
    """Share of the quota's periods in which it was stopped."""
    memory_pressure: float | None
    oom_kills: float | None
    main_threads: float | None = None
    """How many main threads, of all its processes, were on a CPU or waited for one."""
    quota: float | None = None
    """Its limit in cores, where it has one that is counted by time,"""
    period_ms: float | None = None
    """and over which: so long it may be stopped."""
    torch_threads: int | None = None
    """With how many each of its callers computes."""
    major_faults_per_s: float | None = None
    """How often it waited for a page from a disk."""

    @property
    def fitting_threads(self) -> int | None:
        """As many as its quota has whole cores."""
        return None if self.quota is None else max(1, int(self.quota))

    @property
    def is_stopped(self) -> bool:
        """By a quota, however shortly: then its threads wait for that."""
        return (self.throttled or 0.0) >= THROTTLED

    @property
    def is_delayed(self) -> bool:
        return (self.run_delay or 0.0) >= DELAYED

    @property
    def busy(self) -> float:
        """The share of what it may take that it took."""
        return self.cpu_cores / self.cores if self.cores else 0.0

    @property
    def wanted_cores(self) -> float:
        """What it would take if it never had to wait for a CPU."""
        return self.cpu_cores / (1 - min(0.95, self.run_delay or 0.0))

    @property
    def full(self) -> float:
        """The share of what it may take that it took or waited for: 1 and more, there is no more to have."""
        return self.wanted_cores / self.cores if self.cores else 0.0


def got_of_machine(cells: Iterable[CellSummary]) -> GotOfMachine | None:
    """None without a profile of the service's processes."""
    cells = list(cells)
    found = [machine for cell in cells if (machine := cell.machine) is not None]
    cpu = _mean(found, lambda one: one.cpu_cores)
    if cpu is None:
        return None
    limits = [float(one) for machine in found for one in _limits(machine)]
    return GotOfMachine(
        cpu_cores=cpu,
        cores=min([*limits, *_given(cells)], default=1.0) * max(one.replicas for one in found),
        run_delay=_mean(found, lambda one: one.run_delay),
        main_thread_cpu=_mean(found, lambda one: one.main_thread_cpu),
        main_thread_delay=_mean(found, lambda one: one.main_thread_delay),
        main_threads=_mean(found, lambda one: one.main_threads),
        threads=_mean(found, lambda one: one.threads_max),
        throttled=_mean(found, lambda one: one.throttled_periods),
        memory_pressure=_mean(found, lambda one: one.memory_pressure),
        oom_kills=_mean(found, lambda one: one.oom_kills),
        quota=min((one.cpu_limit_cores for one in found if one.cpu_limit_cores), default=None),
        period_ms=_mean(found, lambda one: one.cpu_period_ms),
        torch_threads=max(filter(None, map(_torch_threads, cells)), default=None),
        major_faults_per_s=_mean(found, lambda one: one.major_faults_per_s),
    )


def _torch_threads(cell: CellSummary) -> int | None:
    return None if cell.limits is None else cell.limits.sees.get("torch_threads")


def _limits(machine: Machine) -> Iterator[float]:
    for one in (machine.machine_cpus, machine.cpus_allowed, machine.cpu_limit_cores):
        if one:
            yield one


def _given(cells: Iterable[CellSummary]) -> Iterator[float]:
    """The number of CPUs that the sweep gave them."""
    for cell in cells:
        if given := cell.cell.division.target:
            yield float(len(given))


def _mean(found: Sequence[Machine], figure: Callable[[Machine], float | None]) -> float | None:
    values = [value for one in found if (value := figure(one)) is not None]
    return fmean(values) if values else None
