"""What a process may have: the limits of its control group (Linux), in a container not the machine's.

Limits hold for all below, so the smallest on the way up is the one in effect. Version 2 has `cpu.max` and
`memory.max` (kernel documentation, admin-guide/cgroup-v2), version 1 `cpu.cfs_quota_us` and
`memory.limit_in_bytes` in trees of their own.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from profiler.sampling.kernel import pressure
from profiler.sampling.reading import text_of

LIMITS_S = 2.0
"""How often limits are read, which hardly ever change; what is used each time."""
_GB = 1024**3
_NO_LIMIT = 2**60
"""Version 1 writes about 2^63 where there is none."""


class _Limits(NamedTuple):
    figures: dict[str, Any]
    cpu: str
    """The group whose quota is in effect,"""
    memory: str
    """and that whose memory is limited; the process's own where there is no limit."""


class Cgroup:
    """Looks at the group of a process, and remembers its limits."""

    def __init__(self, root: Path = Path("/")) -> None:
        """``root``: of the file system."""
        self._root, self._proc = root, root / "proc"
        self._groups: dict[str, tuple[str, ...]] = {}
        self._limits: _Limits | None = None
        self._due_s = float("-inf")

    def look(self, pid: int, now_s: float) -> dict[str, Any] | None:
        """The limits and the use of the group; None where there is no such thing. In it null: no limit, or
        not said. ``now_s`` is any monotonic clock.

        Use is that of the group whose limit is in effect, of the process's own where none is: a process in a
        group of its own below its pod's is throttled, and killed, by what the pod uses.
        """
        groups = _groups(pid, self._root, text_of(f"{self._proc}/{pid}/cgroup"))
        if not groups:
            return None
        first = "memory" in groups
        if self._limits is None or groups != self._groups or now_s >= self._due_s:
            self._limits = _limits_1(groups) if first else _limits_2(groups[""])
            self._groups, self._due_s = groups, now_s + LIMITS_S
        use = _use_1(groups, self._limits) if first else _use_2(groups[""], self._limits)
        return self._limits.figures | use


@lru_cache
def _groups(pid: int, root: Path, text: str) -> dict[str, tuple[str, ...]]:
    """By controller, version 2 by "", the group and all above it; from what the system says of a process.
    Found once: one that moves has another text."""
    paths: dict[str, str] = {}
    for line in text.splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        paths |= dict.fromkeys(controllers.split(","), path)
    tree = root / "sys" / "fs" / "cgroup"
    its_own = root / "proc" / str(pid) / "root" / "sys" / "fs" / "cgroup"
    if "cpu" in paths or "memory" in paths:
        return {
            name: _upwards(_controller(tree, name), _controller(its_own, name), paths.get(name, "/"))
            for name in ("cpu", "cpuacct", "cpuset", "memory")
        }
    return {"": _upwards(tree, its_own, paths[""])} if "" in paths else {}


def _limits_2(groups: tuple[str, ...]) -> _Limits:
    limit, group = _least(groups, lambda one: _quota(f"{one}/cpu.max"))
    size, limited = _least(groups, lambda one: _size(f"{one}/memory.max"))
    figures = {
        "version": 2,
        "cpu_limit_cores": limit,
        "cpu_period_ms": _scaled(_period(f"{group}/cpu.max"), 1e-3),
        "cpuset_cores": _first(_cpus(f"{one}/cpuset.cpus.effective") for one in groups),
        "memory_limit_gb": _scaled(size, 1 / _GB),
    }
    return _Limits(figures, group, limited)


def _use_2(groups: tuple[str, ...], limits: _Limits) -> dict[str, Any]:
    stat, events = _table(f"{limits.cpu}/cpu.stat"), _table(f"{limits.memory}/memory.events")
    return {
        "cpu_usage_seconds": _scaled(stat.get("usage_usec"), 1e-6),
        "cpu_periods": stat.get("nr_periods"),
        "cpu_throttled_periods": stat.get("nr_throttled"),
        "cpu_throttled_seconds": _scaled(stat.get("throttled_usec"), 1e-6),
        "memory_used_gb": _gigabytes(f"{limits.memory}/memory.current"),
        "memory_peak_gb": _gigabytes(f"{limits.memory}/memory.peak"),
        "memory_limit_hits": events.get("max"),
        "memory_oom_kills": events.get("oom_kill"),
        "pressure": pressure(lambda resource: f"{groups[0]}/{resource}.pressure"),
    }


def _limits_1(groups: dict[str, tuple[str, ...]]) -> _Limits:
    limit, group = _least(groups["cpu"], _quota_1)
    size, limited = _least(groups["memory"], lambda one: _size(f"{one}/memory.limit_in_bytes"))
    figures = {
        "version": 1,
        "cpu_limit_cores": limit,
        "cpu_period_ms": _scaled(_number(f"{group}/cpu.cfs_period_us"), 1e-3),
        "cpuset_cores": _first(
            _cpus(f"{one}/{name}")
            for one in groups["cpuset"]
            for name in ("cpuset.effective_cpus", "cpuset.cpus")
        ),
        "memory_limit_gb": _scaled(size, 1 / _GB),
    }
    return _Limits(figures, group, limited)


def _use_1(groups: dict[str, tuple[str, ...]], limits: _Limits) -> dict[str, Any]:
    cpu, accounted = groups["cpu"], groups["cpuacct"]
    stat = _table(f"{limits.cpu}/cpu.stat")
    # The two are trees of their own, in which a group mostly has the same place.
    above = min(cpu.index(limits.cpu), len(accounted) - 1)
    return {
        "cpu_usage_seconds": _scaled(_number(f"{accounted[above]}/cpuacct.usage"), 1e-9),
        "cpu_periods": stat.get("nr_periods"),
        "cpu_throttled_periods": stat.get("nr_throttled"),
        "cpu_throttled_seconds": _scaled(stat.get("throttled_time"), 1e-9),
        "memory_used_gb": _gigabytes(f"{limits.memory}/memory.usage_in_bytes"),
        "memory_peak_gb": _gigabytes(f"{limits.memory}/memory.max_usage_in_bytes"),
        "memory_limit_hits": _number(f"{limits.memory}/memory.failcnt"),
        "memory_oom_kills": _table(f"{limits.memory}/memory.oom_control").get("oom_kill"),
        "pressure": None,
    }


def _controller(tree: Path, name: str) -> Path:
    """Of version 1: controllers are mounted alone, or together under both names."""
    # Path.is_dir raises where another user's process keeps its root to itself; this is False there.
    both = ("cpu,cpuacct", "cpuacct,cpu") if name in ("cpu", "cpuacct") else ()
    return next((tree / one for one in (name, *both) if os.path.isdir(tree / one)), tree / name)


def _upwards(tree: Path, its_own: Path, path: str) -> tuple[str, ...]:
    """A group and all above it, as far as they are seen: within a container the path may be the host's, and
    the root of the tree is the container's own group. Where the process is in another one than we are, the
    tree is what the process itself sees.
    """
    parts = [part for part in path.split("/") if part]
    group = tree.joinpath(*parts)
    if ".." in parts or not os.path.isdir(group):
        foreign = ".." in parts  # it lies outside of all that we see: our own tree has none of its limits
        tree = group = its_own if foreign or os.path.isdir(its_own) else tree
    found = [group]
    while group != tree:
        group = group.parent
        found.append(group)
    return tuple(map(str, found))


def _gigabytes(file: str) -> float | None:
    return _scaled(_number(file), 1 / _GB)


def _size(file: str) -> int | None:
    size = _number(file)
    return size if size is not None and size < _NO_LIMIT else None


def _quota_1(group: str) -> float | None:
    return _ratio(_number(f"{group}/cpu.cfs_quota_us"), _number(f"{group}/cpu.cfs_period_us"))


def _quota(file: str) -> float | None:
    """Cores, from ``QUOTA PERIOD``; None for ``max``."""
    words = _words(file)
    if len(words) != 2 or not all(map(str.isdecimal, words)):
        return None
    return _ratio(int(words[0]), int(words[1]))


def _period(file: str) -> int | None:
    words = _words(file)
    return int(words[1]) if len(words) == 2 and words[1].isdecimal() else None


def _ratio(quota: int | None, period: int | None) -> float | None:
    return quota / period if quota is not None and quota > 0 and period else None


def _number(file: str) -> int | None:
    words = _words(file)
    return int(words[0]) if len(words) == 1 and words[0].lstrip("-").isdecimal() else None


def _table(file: str) -> dict[str, int]:
    """Lines of a name and a number."""
    words = _words(file)
    return {name: int(text) for name, text in zip(words[::2], words[1::2], strict=False) if text.isdecimal()}


def _words(file: str) -> list[str]:
    return text_of(file).split()


def _cpus(file: str) -> int | None:
    """How many are in ``0-3,7``; None for an empty list, which version 1 has where none is set."""
    count = 0
    for span in ",".join(_words(file)).split(","):
        first, _, last = span.partition("-")
        if not first.isdecimal() or not (last or first).isdecimal():
            return None
        count += int(last or first) - int(first) + 1
    return count


def _least(groups: tuple[str, ...], limit: Callable[[str], float | None]) -> tuple[float | None, str]:
    """The limit in effect, and whose it is: the nearest group's of equal ones, the first where none is."""
    found = [(value, group) for group in groups if (value := limit(group)) is not None]
    return min(found, key=lambda one: one[0], default=(None, groups[0]))


def _first(values: Iterator[int | None]) -> int | None:
    return next((value for value in values if value is not None), None)


def _scaled(value: float | None, by: float) -> float | None:
    return None if value is None else round(value * by, 4)
