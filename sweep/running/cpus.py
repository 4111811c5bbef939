"""Which CPUs the load has and which the targets: two that share one take each other's time."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from records.cells.cpus import SHARED, CpuDivision
from sweep.running.errors import UsageError

AUTO = "auto"
FORMS = "auto, shared or LOAD:TARGET, two lists of CPUs such as 0:1 or 0,2:1,3-5"
PINS = hasattr(os, "sched_setaffinity")
"""Can this system keep a process on some CPUs? (macOS can't.)"""
THREAD_SETTINGS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TORCH_THREADS")
"""In a target's environment: how many threads its libraries compute with, where not as many as CPUs."""
_DEFAULT_EXECUTOR_MOST = 32
"""Python's own: the default executor has so many threads at most, and four more than CPUs else."""
LOCUST_PRIORITY, PROBES_PRIORITY, LLM_PRIORITY = 1, 2, 3
LINK_PRIORITY = LLM_PRIORITY
"""Of SCHED_FIFO, the lowest: before all that is not real-time. The LLM server's few events are due at moments
of their own, which a busy Locust may not put off, and no kernel dates what probes read; what Locust reads it
does. Links, too, hand on what they have at moments of their own. The profiler has no such priority:
`beside.watcher` says why."""
_NAMED = 16
_LIST = re.compile(r"\d{1,5}(-\d{1,5})?(,\d{1,5}(-\d{1,5})?)*", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Cpus(CpuDivision):
    """How this machine's CPUs are divided, and what follows for whoever runs on them."""

    def of_a_running_service(self) -> Cpus:
        """With a service that is not ours the load has every CPU, but where it was told which to have: there
        it runs like any other, for the service may have been told the same. On all of them it keeps its
        priority."""
        if self.mode not in (AUTO, SHARED):
            return replace(self, target=None, realtime=False, realtime_refused=False, links_realtime=False)
        return replace(self, mode=SHARED, load=tuple(sorted({*self.load, *(self.target or ())})), target=None)

    def environment(self) -> dict[str, str]:
        """What a target that is kept on its CPUs is told: a library that counts the machine's CPUs instead
        has threads that wait for each other."""
        if self.mode == SHARED or not self.target:
            return {}
        return thread_settings(len(self.target))


def thread_settings(count: int) -> dict[str, str]:
    return dict.fromkeys(THREAD_SETTINGS, str(count))


def as_if(cores: int) -> dict[str, str]:
    """What the libraries of a process would find on a machine of so many cores: OpenMP, and torch by that,
    start a thread a core; Python sizes its executors by the CPUs that it counts, since 3.13 by a variable."""
    sizes = {name: text for name, text in thread_settings(cores).items() if name != "TORCH_THREADS"}
    # MKL, and torch by its word, else takes no more threads than there are cores here.
    sizes["MKL_DYNAMIC"] = "FALSE"
    executor = str(min(_DEFAULT_EXECUTOR_MOST, cores + 4))
    return {**sizes, "PYTHON_CPU_COUNT": str(cores), "DEFAULT_EXECUTOR_THREADS": executor}


def may_be_realtime() -> bool:
    """Does this system let the load run before all others? It takes root, CAP_SYS_NICE or an rtprio limit.

    Who was started to stand back (``chrt --idle``) does not: what runs before all else would wait, on the
    CPU that it keeps, for locks held by what runs after all else.
    """
    try:
        before = os.sched_getscheduler(0), os.sched_getparam(0)
        if before[0] != os.SCHED_OTHER:
            return False
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(LLM_PRIORITY))
        os.sched_setscheduler(0, *before)
    except (AttributeError, OSError):
        return False
    return True


def available() -> tuple[int, ...]:
    """The CPUs that this process may use, fewer than the machine has under ``taskset`` or in a container."""
    return tuple(sorted(os.sched_getaffinity(0) if PINS else range(os.cpu_count() or 1)))


def divide(text: str, usable: Sequence[int], *, pins: bool = PINS) -> Cpus:
    """``usable`` CPUs as ``text`` asks: one of `FORMS`.

    Raises:
        UsageError: it is none of them, or lists CPUs twice or such as are not usable.
    """
    shared = Cpus(mode=SHARED, load=tuple(usable), target=tuple(usable))
    if text == SHARED or (text == AUTO and (len(usable) < 2 or not pins)):
        return shared
    if text == AUTO:
        return Cpus(mode=AUTO, load=tuple(usable[:1]), target=tuple(usable[1:]))
    load, target = parse(text)
    if not pins:
        raise UsageError("--cpus LOAD:TARGET needs Linux: this system keeps no process on a CPU")
    if both := sorted(load & target):
        raise UsageError(f"--cpus {text}: {_named(both)} both of the load and of the target")
    if missing := sorted((load | target) - set(usable)):
        raise UsageError(f"--cpus {text}: {_named(missing)} not usable here; usable: {_joined(usable)}")
    return Cpus(mode=text, load=tuple(sorted(load)), target=tuple(sorted(target)))


def parse(text: str) -> tuple[frozenset[int], frozenset[int]]:
    """The CPUs of the load and of the target from ``LOAD:TARGET``. Raises UsageError."""
    parts = text.split(":")
    if len(parts) != 2 or not all(map(_LIST.fullmatch, parts)):
        raise UsageError(f"--cpus takes {FORMS}, not {text!r}")
    return _members(parts[0]), _members(parts[1])


def _members(text: str) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        members = range(int(first), int(last or first) + 1)
        if not members:
            raise UsageError(f"--cpus: the range {part} goes backwards")
        found.update(members)
    return frozenset(found)


def _named(cpus: Sequence[int]) -> str:
    return f"CPU {cpus[0]} is" if len(cpus) == 1 else f"CPUs {_joined(cpus)} are"


def _joined(cpus: Sequence[int]) -> str:
    more = ["..."] if len(cpus) > _NAMED else []
    return ", ".join([*map(str, cpus[:_NAMED]), *more])


@contextmanager
def kept_on(cpus: Collection[int]) -> Iterator[None]:
    """This thread, and what it starts, on these CPUs; nothing where the system cannot."""
    if not PINS:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
