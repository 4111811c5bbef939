"""Version 2: one folder beside the sweep's own group: one that has processes in it may have none below."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from sweep.running.cgroups.group import Group, number, remove, scaled, table, words, write
from sweep.running.cgroups.limits import Limits
from sweep.running.cgroups.used import Usage

METHOD = "cgroup v2"
NEEDED = frozenset(("cpu", "memory"))


def make(name: str, limits: Limits, *, tree: Path, own: str) -> Group:
    """``own``: the path of this process's group. Raises OSError where it cannot be."""
    why = OSError("no group may have another one with cpu and memory below it")
    for parent in _parents(tree, own):
        folder = parent / name
        try:
            _enable(parent)
            folder.mkdir()
            _limit(folder, limits)
        except OSError as error:
            why = error
            remove([folder])
            continue
        return Group(method=METHOD, folders=(folder,), read=partial(read, folder))
    raise why


def _parents(tree: Path, own: str) -> Iterator[Path]:
    """Those above its own group, the nearest first; the root may have processes of its own."""
    parts = [part for part in own.split("/") if part]
    above = [tree.joinpath(*parts[:count]) for count in range(len(parts) - 1, -1, -1)]
    for parent in above if ".." not in parts else []:
        if parent.is_dir():
            yield parent
    if not parts or ".." in parts:
        yield tree


def _enable(parent: Path) -> None:
    file = parent / "cgroup.subtree_control"
    missing = NEEDED - set(words(file))
    if missing - set(words(parent / "cgroup.controllers")):
        raise OSError(f"{parent} does not have {' and '.join(sorted(missing))}")
    if missing:
        write(file, " ".join(f"+{one}" for one in sorted(missing)))


def _limit(folder: Path, limits: Limits) -> None:
    if limits.weight is not None:
        write(folder / "cpu.weight", str(limits.weight))
    if limits.quota_us is not None:
        write(folder / "cpu.max", f"{limits.quota_us} {limits.period_us}")
    if limits.memory_bytes is not None:
        write(folder / "memory.max", str(limits.memory_bytes))
        with suppress(OSError):  # a kernel without swap
            write(folder / "memory.swap.max", "0")


def read(folder: Path) -> Usage:
    stat = table(folder / "cpu.stat")
    return Usage(
        periods=stat.get("nr_periods"),
        throttled_periods=stat.get("nr_throttled"),
        throttled_seconds=scaled(stat.get("throttled_usec"), 1e-6),
        cpu_seconds=scaled(stat.get("usage_usec"), 1e-6),
        memory_peak_bytes=number(folder / "memory.peak"),
        oom_kills=table(folder / "memory.events").get("oom_kill"),
    )
