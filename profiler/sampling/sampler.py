"""One sample: the system and the followed processes, in the original benchmark's JSON form."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import psutil

from profiler.sampling import kernel
from profiler.sampling.cgroup import Cgroup
from profiler.sampling.memory import SharedMemory
from profiler.sampling.sockets import Sockets
from profiler.sampling.tcp_table import same_network
from profiler.sampling.threads import Threads
from profiler.sampling.watch import Watch

_GB = 1024**3
_MB = 1024**2
MACHINE_S = 1.95
"""So old may be what is said of the machine's memory, disk and network: reading it takes a fifth of all."""


class Sampler:
    """Takes samples; CPU shares are over the time since the sample before (the first: since made)."""

    def __init__(self, watch: Watch, interval_s: float, redact: Callable[[str], str] = str) -> None:
        """``redact``: what may be kept of the names that processes and threads give themselves."""
        self._watch = watch
        self._redact = redact
        self._shared = SharedMemory()
        self._threads = Threads(redact=redact)
        self._sockets = Sockets()
        self._cgroup = Cgroup()
        self._first: int | None = None
        self._network: int | None = None
        """Whose limits and whose network they are; None for the network that is ours, too."""
        self._interval_s = interval_s
        self._id = uuid4().hex[:16]
        """By which its samples are told from those of another one that watches at the same time."""
        self._cpu_s: dict[int, float] = {}
        self._started: dict[int, str | None] = {}
        """As it was when psutil last said that it is still the one followed, which takes it longer."""
        self._start_s = self._before_s = time.monotonic()
        self._anchor_ns = time.time_ns() - time.monotonic_ns()
        self._cpu_count = psutil.cpu_count() or 1
        self._cpu_times = _told(psutil.cpu_times)
        self._machine: dict[str, Any] = {}
        self._machine_s = float("-inf")
        watch.refresh(self._before_s)
        self._processes(0.0)
        self._own_cpu_s = time.process_time()

    @property
    def start_s(self) -> float:
        """time.monotonic() at the start of the sampling."""
        return self._start_s

    def sample(self, missed_ticks: int) -> dict[str, Any]:
        now_s = time.monotonic()
        at_ns = self._anchor_ns + time.monotonic_ns()
        self._watch.refresh(now_s)
        system = self._system(now_s)
        processes = self._processes(now_s - self._before_s)
        self._before_s = now_s
        own_cpu_s = time.process_time() - self._own_cpu_s
        elapsed_s = now_s - self._start_s
        return {
            "timestamp": utc(at_ns),
            "at_ns": at_ns,
            "elapsed_seconds": round(elapsed_s, 4),
            "system": system,
            "processes": processes,
            "profiler": {
                "id": self._id,
                "cpu_seconds": round(own_cpu_s, 6),
                "cpu_percent_of_core": round(100 * own_cpu_s / elapsed_s, 4) if elapsed_s else 0.0,
                "sample_interval_seconds": self._interval_s,
                "missed_ticks": missed_ticks,
            },
        }

    def _system(self, now_s: float) -> dict[str, Any]:
        first = self._first_pid()
        if first != self._first:
            self._first, self._network = first, None if same_network(first) else first
        before, times = self._cpu_times, _told(psutil.cpu_times)
        self._cpu_times = times
        if now_s - self._machine_s >= MACHINE_S:
            self._machine_s, self._machine = now_s, _machine()
        return {
            "cpu_percent": kernel.cpu_percent(before, times) if before and times else None,
            "cpu_count": self._cpu_count,
            **kernel.cpu_seconds(times),
            **self._machine,
            "pressure": kernel.of_machine(),
            "tcp": kernel.tcp(self._network),
            "cgroup": self._cgroup.look(first, now_s),
        }

    def _first_pid(self) -> int:
        """Whose limits count: the first process that is followed, or our own."""
        return next((process.pid for process in self._watch.processes()), os.getpid())

    def _processes(self, over_s: float) -> dict[str, Any]:
        details = []
        followed = self._watch.processes()
        pids = [process.pid for process in followed]
        now_s = time.monotonic()
        self._shared.refresh(set(pids), now_s)
        threads = self._threads.look(pids, now_s)
        for process in followed:
            try:
                details.append(self._process(process, over_s, threads.get(process.pid)))
            except psutil.NoSuchProcess:
                self._watch.drop(process)
                self._cpu_s.pop(process.pid, None)
                self._started.pop(process.pid, None)
            except (psutil.Error, OSError, ValueError, LookupError):
                continue  # its figures could not be read this once
        return {
            "process_count": len(details),
            "total_cpu_percent": round(sum(d["cpu_percent"] for d in details), 2),
            "total_memory_mb": round(
                sum(d["memory_mb"] if d["pss_mb"] is None else d["pss_mb"] for d in details), 3
            ),
            "memory_source": _source([d["pss_mb"] for d in details]),
            "total_threads": sum(d["num_threads"] for d in details),
            "total_open_files": sum(d["open_files"] or 0 for d in details),
            "sockets": self._sockets.look(pids, now_s),
            "process_details": details,
        }

    def _process(self, process: psutil.Process, over_s: float, threads: Any) -> dict[str, Any]:
        """One process: CPU in percent of one core; memory resident, and its proportional set (null where it
        is not ours to see).

        Raises:
            psutil.NoSuchProcess: it has ended; its number may be a stranger's already.
            psutil.Error, OSError, ValueError, LookupError: the system does not say, or not in its form.
        """
        stat = kernel.stat_of(process.pid)
        if stat is None or stat.started != self._started.get(process.pid):
            if not process.is_running():
                raise psutil.NoSuchProcess(process.pid)
            self._started[process.pid] = stat and stat.started
        with process.oneshot():
            status = process.status()
            if status == psutil.STATUS_ZOMBIE:
                raise psutil.NoSuchProcess(process.pid)
            times = process.cpu_times()
            cpu_s = times.user + times.system
            before_s = self._cpu_s.get(process.pid)
            if before_s is None:
                # Born since the last sample: all its CPU time belongs to this one. By its age, for the clock
                # may have been set since.
                before_s = 0.0 if 0 <= time.time() - process.create_time() <= over_s + 0.01 else cpu_s
            self._cpu_s[process.pid] = cpu_s
            resident = process.memory_info().rss
            proportional = self._shared.bytes_of(process.pid, resident)
            return {
                "pid": process.pid,
                "parent": stat and stat.parent,
                "name": self._redact(readable(process.name())),
                "cpu_percent": round(100 * max(0.0, cpu_s - before_s) / over_s, 2) if over_s else 0.0,
                "cpu_seconds": round(cpu_s, 3),
                "cpus_allowed": _cpus_allowed(process.pid),
                "memory_mb": round(resident / _MB, 3),
                "pss_mb": None if proportional is None else round(proportional / _MB, 3),
                "major_faults": stat and stat.major_faults,
                "num_threads": stat.threads if stat else process.num_threads(),
                "threads": threads,
                "open_files": _open_files(process),
                "status": status,
            }


def _machine() -> dict[str, Any]:
    """What the machine has in memory, on its disk and on the wire."""
    memory = _told(psutil.virtual_memory)
    read, written = _told(_disk_bytes) or (None, None)
    sent, received = _told(_network_bytes) or (None, None)
    space = _told(lambda: psutil.disk_usage(os.sep))
    load = _told(os.getloadavg)
    return {
        "memory_total_gb": round(memory.total / _GB, 4) if memory else None,
        "memory_used_gb": round(memory.used / _GB, 4) if memory else None,
        "memory_percent": memory.percent if memory else None,
        "memory_available_gb": round(memory.available / _GB, 4) if memory else None,
        "disk_percent": space.percent if space else None,
        "disk_read_bytes": read,
        "disk_write_bytes": written,
        "network_bytes_sent": sent,
        "network_bytes_recv": received,
        "load_avg": [round(one, 2) for one in load] if load else None,
    }


def _told(read: Callable[[], Any]) -> Any:
    """What the system says; None where it cannot, as in some containers and on some kernels."""
    try:
        return read()
    except (OSError, RuntimeError, ValueError, LookupError, AttributeError, psutil.Error):
        return None


def _disk_bytes() -> tuple[int, int] | None:
    """Read and written. psutil looks at all disks' files each time."""
    found = kernel.disk_bytes()
    if found is None and (told := psutil.disk_io_counters(nowrap=False)):
        found = told.read_bytes, told.write_bytes
    return found


def _network_bytes() -> tuple[int, int] | None:
    """Sent and received."""
    found = kernel.network_bytes()
    if found is None and (told := psutil.net_io_counters(nowrap=False)):
        found = told.bytes_sent, told.bytes_recv
    return found


def _cpus_allowed(pid: int) -> int | None:
    """On how many CPUs it may run: what Python's `os.process_cpu_count` sees, but no quota."""
    found = _told(lambda: os.sched_getaffinity(pid))  # not on macOS
    return None if found is None else len(found)


def _source(sets: list[float | None]) -> str | None:
    """Of what the sum is: proportional sets, resident ones, or some of each; None of nothing."""
    known = sum(one is not None for one in sets)
    if not sets:
        return None
    return "pss" if known == len(sets) else "mixed" if known else "rss"


def _open_files(process: psutil.Process) -> int | None:
    """How many descriptors it has open; None where only its owner may know."""
    try:
        count: int = process.num_fds()
    except psutil.NoSuchProcess:
        raise
    except (psutil.Error, OSError):
        return None
    return count


def utc(at_ns: int) -> str:
    """Unix nanoseconds as ISO 8601 in UTC, to the millisecond."""
    moment = datetime.fromtimestamp(at_ns / 1e9, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def readable(text: str) -> str:
    """``text`` as it goes into a file: what the system gave us need not be UTF-8, but JSON is."""
    return os.fsencode(text).decode("utf-8", "replace")
