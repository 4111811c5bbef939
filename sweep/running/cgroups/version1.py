"""Version 1: a folder in the tree of each controller, below the sweep's own group, whose limits hold on."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from sweep.running.cgroups.group import Group, number, remove, scaled, table, write
from sweep.running.cgroups.limits import Limits
from sweep.running.cgroups.used import Usage

METHOD = "cgroup v1"
NEEDED = ("cpu", "memory")
ACCOUNTING = "cpuacct"


def make(name: str, limits: Limits, *, tree: Path, own: dict[str, str]) -> Group:
    """``own``: the path of this process's group by controller. Raises OSError where it cannot be."""
    folders: dict[str, Path] = {}
    try:
        for controller in (*NEEDED, ACCOUNTING):
            parent = _parent(tree, controller, own.get(controller, "/"))
            if parent is None:
                if controller == ACCOUNTING:
                    continue
                raise OSError(f"no controller {controller}")
            folder = parent / name
            folder.mkdir(exist_ok=True)  # cpu and cpuacct are mostly one tree
            folders[controller] = folder
        _limit(folders["cpu"], folders["memory"], limits)
    except OSError:
        remove(folders.values())
        raise
    unique = tuple(dict.fromkeys(path.resolve() for path in folders.values()))
    return Group(method=METHOD, folders=unique, read=partial(read, folders))


def _parent(tree: Path, controller: str, path: str) -> Path | None:
    both = ("cpu,cpuacct", "cpuacct,cpu") if controller in ("cpu", ACCOUNTING) else ()
    for mounted in (controller, *both):
        root = tree / mounted
        if root.is_dir():
            inner: Path = root.joinpath(*[part for part in path.split("/") if part])
            return inner if ".." not in path and inner.is_dir() else root
    return None


def folders_of(tree: Path, own: dict[str, str]) -> dict[str, Path]:
    """The group that a process is in, by controller; nothing where they are not all there."""
    found: dict[str, Path] = {}
    for controller in (*NEEDED, ACCOUNTING):
        folder = _parent(tree, controller, own.get(controller, "/"))
        inner = own.get(controller, "").strip("/")
        if controller in own and folder is not None and str(folder).endswith(inner):
            found[controller] = folder
    return found if found.keys() >= set(NEEDED) else {}


def _limit(cpu: Path, memory: Path, limits: Limits) -> None:
    if limits.shares is not None:
        write(cpu / "cpu.shares", limits.shares)
    if limits.quota_us is not None:
        write(cpu / "cpu.cfs_period_us", limits.period_us)
        write(cpu / "cpu.cfs_quota_us", limits.quota_us)
    if limits.memory_bytes is not None:
        write(memory / "memory.limit_in_bytes", limits.memory_bytes)
        swap = memory / "memory.memsw.limit_in_bytes"
        if swap.exists():  # a pod has none
            write(swap, limits.memory_bytes)


def read(folders: dict[str, Path]) -> Usage:
    stat = table(folders["cpu"] / "cpu.stat")
    memory = folders["memory"]
    used = number(folders[ACCOUNTING] / "cpuacct.usage") if ACCOUNTING in folders else None
    return Usage(
        periods=stat.get("nr_periods"),
        throttled_periods=stat.get("nr_throttled"),
        throttled_seconds=scaled(stat.get("throttled_time"), 1e-9),
        cpu_seconds=scaled(used, 1e-9),
        memory_peak_bytes=number(memory / "memory.max_usage_in_bytes"),
        oom_kills=table(memory / "memory.oom_control").get("oom_kill"),
    )
