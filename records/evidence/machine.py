"""What the profiler's samples come to over a span of time: what a service got of its machine.

Each figure is null where the samples do not say: of an older profiler, another system, or where there are too
few of them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from records.evidence.over_samples import (
    NS,
    Samples,
    ends,
    figure,
    found_at,
    growth,
    last,
    listed,
    most,
    number_at,
    processes,
    rate,
    rates_by_process,
    total,
    whole,
)

_MB_OF_GB = 1024
IDLE = 0.001
"""Of the time: a main thread that could run for less has nothing to do, as that of a master of workers."""


@dataclass(frozen=True, kw_only=True)
class Peer:
    """To whom the service is connected, and by how many connections."""

    to: str
    mean: float
    max: int


@dataclass(frozen=True, kw_only=True)
class Machine:
    """Shares are of 1; what is of the service is of all its processes."""

    samples: int
    seconds: float
    cpu_cores: float | None
    """How many CPUs the service used."""
    main_thread_cpu: float | None
    """Share of the time in which its main thread, the event loop's, was on a CPU, and in which it waited for
    one. Of several workers that are alike it is the busiest one's: of those that were seen with connections
    from outside, as a pool's processes have none, where any was. Null where processes of several programs
    have something to do in theirs, as an app and a database beside it: nobody knows for which requests
    wait."""
    main_thread_delay: float | None
    main_threads: float | None
    """So many were on a CPU or waited for one: of all processes but those that a serving one has started."""
    run_delay: float | None
    """Of the time in which its threads could run, the share in which they waited for a CPU."""
    involuntary_switches_per_s: float | None
    voluntary_switches_per_s: float | None
    threads_max: int | None
    cpu_limit_cores: float | None
    """Its quota, and how many CPUs it may run on."""
    cpus_allowed: int | None
    throttled_periods: float | None
    """Share of the quota's periods in which it was stopped, and for how many seconds a second."""
    throttled_seconds_per_s: float | None
    memory_max_mb: float | None
    memory_growth_mb: float | None
    memory_limit_mb: float | None
    memory_limit_hits: int | None
    oom_kills: int | None
    cpu_pressure: float | None
    """Share of the time in which something waited for it: in the service's own group where that says so,
    else on the whole machine."""
    memory_pressure: float | None
    io_pressure: float | None
    pressure_of: str | None
    """``cgroup`` or ``machine``."""
    machine_cpus: int | None
    machine_cpu_cores: float | None
    """How many of them were in use; and by all but the service, the load too where it is on this machine."""
    others_cpu_cores: float | None
    steal_cores: float | None
    listen_queue_max: int | None
    """The most connections that waited to be accepted, of how many may at that port."""
    listen_backlog: int | None
    listen_overflows: int | None
    """Connections for which there was no room; of all services of this network."""
    connects_per_s: float | None
    """Connections that the service made, as far as they were seen."""
    time_wait_growth: int | None
    peers: tuple[Peer, ...]
    """Those that it had most connections to first."""
    cpu_period_ms: float | None = None
    """Over which its quota is counted: nobody is stopped for longer."""
    major_faults_per_s: float | None = None
    """How often the service waited for a page from a disk."""
    replicas: int = 1
    """Its limits are of each of these."""


def machine_over(samples: Iterable[dict[str, Any]], span: tuple[int, int] | None = None) -> Machine | None:
    """Of the samples in a span (Unix ns, both ends in it), of all where none is said; None of fewer than two.
    Of the samples of several profilers, one after the other, those of the one that took most."""
    ours = _one_profiler(one for one in samples if _within(one, span))
    if len(ours) < 2:
        return None
    own = _pressure(ours, "system", "cgroup", "pressure")
    pressure = own or _pressure(ours, "system", "pressure")
    busy, cpu = rate(ours, figure("system", "cpu_busy_seconds")), _cpu_cores(ours)
    return Machine(
        samples=len(ours),
        seconds=(ours[-1]["at_ns"] - ours[0]["at_ns"]) / NS,
        cpu_cores=cpu,
        **_threads(ours),
        **_limits(ours),
        **_memory(ours),
        cpu_pressure=pressure.get("cpu"),
        memory_pressure=pressure.get("memory"),
        io_pressure=pressure.get("io"),
        pressure_of="cgroup" if own else "machine" if pressure else None,
        machine_cpus=whole(last(ours, figure("system", "cpu_count"))),
        machine_cpu_cores=busy,
        others_cpu_cores=None if busy is None or cpu is None else max(0.0, busy - cpu),
        steal_cores=rate(ours, figure("system", "cpu_steal_seconds")),
        **_network(ours),
    )


def _within(sample: dict[str, Any], span: tuple[int, int] | None) -> bool:
    at = sample.get("at_ns")
    return isinstance(at, int) and (span is None or span[0] <= at <= span[1])


def _one_profiler(samples: Iterable[dict[str, Any]]) -> Samples:
    parts: list[list[dict[str, Any]]] = [[]]
    for sample in samples:
        if parts[-1] and sample["at_ns"] <= parts[-1][-1]["at_ns"]:
            parts.append([])
        parts[-1].append(sample)
    return max(parts, key=len)


def _cpu_cores(samples: Samples) -> float | None:
    """By each sample's share of the time since the one before: a process that was born in it counts."""
    used = over_ns = 0.0
    for before, after in itertools.pairwise(samples):
        percent = number_at(after, "processes", "total_cpu_percent")
        if percent is not None and number_at(after, "processes", "process_count"):
            span_ns = after["at_ns"] - before["at_ns"]
            used, over_ns = used + percent / 100 * span_ns, over_ns + span_ns
    return used / over_ns if over_ns else None


def _threads(samples: Samples) -> dict[str, Any]:
    rates = {
        name: rates_by_process(samples, "threads", name)
        for name in ("cpu_seconds", "run_delay_seconds", "involuntary_switches", "voluntary_switches")
    }
    cpu, delay = total(rates["cpu_seconds"]), total(rates["run_delay_seconds"])
    return {
        **_main_threads(samples),
        "run_delay": None if cpu is None or delay is None or not cpu + delay else delay / (cpu + delay),
        "involuntary_switches_per_s": total(rates["involuntary_switches"]),
        "voluntary_switches_per_s": total(rates["voluntary_switches"]),
        "threads_max": whole(most(samples, figure("processes", "total_threads"))),
    }


def _main_threads(samples: Samples) -> dict[str, float | None]:
    main = rates_by_process(samples, "threads", "main", "cpu_seconds")
    delays = rates_by_process(samples, "threads", "main", "run_delay_seconds")
    wanted = {pid: share + delays.get(pid, 0.0) for pid, share in main.items()}
    at_work = {pid for pid in wanted if wanted[pid] >= IDLE} or set(main)
    alike = len({name for pid, name in _names(samples) if pid in at_work}) <= 1
    serving = _serving(samples) & main.keys() or set(main)
    busiest = max(serving & at_work or serving, key=lambda pid: main[pid], default=None) if alike else None
    loops = main.keys() - _helpers(samples, serving)
    return {
        "main_thread_cpu": None if busiest is None else main[busiest],
        "main_thread_delay": None if busiest is None else delays.get(busiest),
        "main_threads": sum(wanted[pid] for pid in loops) if loops else None,
    }


def _serving(samples: Samples) -> set[int]:
    """The processes that had connections from outside of the service when somebody looked. Empty: nobody saw
    whose they are."""
    return {
        pid
        for sample in samples
        for one in listed(sample, "processes", "sockets", "accepted")
        if isinstance(pid := one.get("pid"), int) and number_at(one, "connections")
    }


def _helpers(samples: Samples, serving: set[int]) -> set[int]:
    """Those that a serving process started, itself or by another one, and that do not serve: a pool's, which
    compute. A worker that happened to have no connection at any look was started by no such one."""
    parents = {
        pid: parent
        for sample in samples
        for one in processes(sample)
        if isinstance(pid := one.get("pid"), int) and isinstance(parent := one.get("parent"), int)
    }
    found = set()
    for pid in parents.keys() - serving:
        above, seen = parents[pid], {pid}
        while above in parents and above not in seen | serving:
            seen.add(above)
            above = parents[above]
        if above in serving:
            found.add(pid)
    return found


def _names(samples: Samples) -> Iterator[tuple[int, Any]]:
    """A process's number, and what its program is called."""
    for sample in samples:
        for one in processes(sample):
            if isinstance(pid := one.get("pid"), int):
                yield pid, one.get("name")


def _limits(samples: Samples) -> dict[str, Any]:
    periods = growth(samples, figure("system", "cgroup", "cpu_periods"))
    throttled = growth(samples, figure("system", "cgroup", "cpu_throttled_periods"))
    allowed = [number_at(one, "cpus_allowed") for one in processes(samples[-1])]
    return {
        "cpu_limit_cores": last(samples, figure("system", "cgroup", "cpu_limit_cores")),
        "cpu_period_ms": last(samples, figure("system", "cgroup", "cpu_period_ms")),
        "cpus_allowed": whole(max((one for one in allowed if one is not None), default=None)),
        "throttled_periods": None if throttled is None or not periods else min(1.0, throttled / periods),
        "throttled_seconds_per_s": rate(samples, figure("system", "cgroup", "cpu_throttled_seconds")),
    }


def _memory(samples: Samples) -> dict[str, Any]:
    used = figure("processes", "total_memory_mb")
    limit, both = last(samples, figure("system", "cgroup", "memory_limit_gb")), ends(samples, used)
    return {
        "memory_max_mb": most(samples, used),
        "major_faults_per_s": total(rates_by_process(samples, "major_faults")),
        "memory_growth_mb": None if both is None else both[1][1] - both[0][1],
        "memory_limit_mb": None if limit is None else limit * _MB_OF_GB,
        "memory_limit_hits": whole(growth(samples, figure("system", "cgroup", "memory_limit_hits"))),
        "oom_kills": whole(growth(samples, figure("system", "cgroup", "memory_oom_kills"))),
    }


def _pressure(samples: Samples, *path: str) -> dict[str, float]:
    """The resources that are told of."""
    shares = {name: rate(samples, figure(*path, name, "some_seconds")) for name in ("cpu", "memory", "io")}
    return {name: min(1.0, share) for name, share in shares.items() if share is not None}


def _network(samples: Samples) -> dict[str, Any]:
    queues = [
        (queued, number_at(one, "backlog"))
        for sample in samples
        for one in listed(sample, "processes", "sockets", "listen")
        if (queued := number_at(one, "queued")) is not None
    ]
    fullest = max(queues, key=lambda one: one[0], default=(None, None))
    waiting = ends(samples, figure("processes", "sockets", "states", "time_wait"))
    return {
        "listen_queue_max": whole(fullest[0]),
        "listen_backlog": whole(fullest[1]),
        "listen_overflows": whole(growth(samples, figure("system", "tcp", "listen_overflows"))),
        "connects_per_s": rate(samples, figure("processes", "sockets", "connects")),
        "time_wait_growth": None if waiting is None else round(waiting[1][1] - waiting[0][1]),
        "peers": _peers(samples),
    }


def _peers(samples: Samples) -> tuple[Peer, ...]:
    looks = [one for one in samples if found_at(one, "processes", "sockets", "peers") is not None]
    counts: dict[str, list[float]] = {}
    for sample in looks:
        for one in listed(sample, "processes", "sockets", "peers"):
            if (number := number_at(one, "established")) is not None:
                counts.setdefault(str(one.get("to")), []).append(number)
    found = (Peer(to=to, mean=sum(of) / len(looks), max=round(max(of))) for to, of in counts.items())
    return tuple(sorted(found, key=lambda peer: (-peer.mean, peer.to)))
