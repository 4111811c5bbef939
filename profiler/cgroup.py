"""What a process may have: the limits of its control group (Linux), in a container not the machine's.

Limits hold for all below, so the smallest on the way up is the one in effect. Version 2 has `cpu.max` and
`memory.max` (kernel documentation, admin-guide/cgroup-v2), version 1 `cpu.cfs_quota_us` and
`memory.limit_in_bytes` in trees of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

_GB = 1024**3
_NO_LIMIT = 2**60
"""Version 1 writes about 2^63 where there is none."""


def of_process(pid: int, root: Path = Path("/")) -> dict[str, Any] | None:
    """The limits and the use of the group of a process; None where there is no such thing. In it null: no
    limit, or not said. ``root``: of the file system."""
    try:
        lines = (root / "proc" / str(pid) / "cgroup").read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    paths: dict[str, str] = {}
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        paths |= dict.fromkeys(controllers.split(","), path)
    tree = root / "sys" / "fs" / "cgroup"
    if "cpu" in paths or "memory" in paths:
        return _version_1(tree, paths)
    return _version_2(tree, paths[""]) if "" in paths else None


def _version_2(tree: Path, path: str) -> dict[str, Any]:
    groups = list(_upwards(tree, path))
    stat = _table(groups[0] / "cpu.stat")
    return {
        "version": 2,
        "cpu_limit_cores": _least(_quota(group / "cpu.max") for group in groups),
        **_memory(groups, "memory.max", "memory.current"),
        "cpu_periods": stat.get("nr_periods"),
        "cpu_throttled_periods": stat.get("nr_throttled"),
        "cpu_throttled_seconds": _scaled(stat.get("throttled_usec"), 1e-6),
    }


def _version_1(tree: Path, paths: dict[str, str]) -> dict[str, Any]:
    cpu = list(_upwards(_controller(tree, "cpu"), paths.get("cpu", "/")))
    memory = list(_upwards(_controller(tree, "memory"), paths.get("memory", "/")))
    stat = _table(cpu[0] / "cpu.stat")
    return {
        "version": 1,
        "cpu_limit_cores": _least(
            _ratio(_number(group / "cpu.cfs_quota_us"), _number(group / "cpu.cfs_period_us")) for group in cpu
        ),
        **_memory(memory, "memory.limit_in_bytes", "memory.usage_in_bytes"),
        "cpu_periods": stat.get("nr_periods"),
        "cpu_throttled_periods": stat.get("nr_throttled"),
        "cpu_throttled_seconds": _scaled(stat.get("throttled_time"), 1e-9),
    }


def _controller(tree: Path, name: str) -> Path:
    """Of version 1: controllers are mounted alone, or together under both names."""
    together = {"cpu": ("cpu", "cpu,cpuacct", "cpuacct,cpu")}
    return next((tree / one for one in together.get(name, (name,)) if (tree / one).is_dir()), tree / name)


def _upwards(tree: Path, path: str) -> Iterator[Path]:
    """A group and all above it, as far as they are seen: within a container the path may be the host's, and
    the root of the tree is the container's own group."""
    group = tree.joinpath(*(part for part in path.split("/") if part not in ("", "..")))
    if not group.is_dir():
        group = tree
    yield group
    while group != tree:
        group = group.parent
        yield group


def _memory(groups: list[Path], limit: str, used: str) -> dict[str, float | None]:
    limits = (_number(group / limit) for group in groups)
    least = _least(one for one in limits if one is not None and one < _NO_LIMIT)
    return {
        "memory_limit_gb": _scaled(least, 1 / _GB),
        "memory_used_gb": _scaled(_number(groups[0] / used), 1 / _GB),
    }


def _quota(file: Path) -> float | None:
    """Cores, from ``QUOTA PERIOD``; None for ``max``."""
    words = _words(file)
    if len(words) != 2 or not all(map(str.isdecimal, words)):
        return None
    return _ratio(int(words[0]), int(words[1]))


def _ratio(quota: int | None, period: int | None) -> float | None:
    return quota / period if quota is not None and quota > 0 and period else None


def _number(file: Path) -> int | None:
    words = _words(file)
    return int(words[0]) if len(words) == 1 and words[0].lstrip("-").isdecimal() else None


def _table(file: Path) -> dict[str, int]:
    """Lines of a name and a number."""
    words = _words(file)
    return {name: int(text) for name, text in zip(words[::2], words[1::2], strict=False) if text.isdecimal()}


def _words(file: Path) -> list[str]:
    try:
        return file.read_text().split()
    except (OSError, UnicodeDecodeError):
        return []


def _least(values: Iterator[float | None]) -> float | None:
    return min((value for value in values if value is not None), default=None)


def _scaled(value: float | None, by: float) -> float | None:
    return None if value is None else round(value * by, 4)
