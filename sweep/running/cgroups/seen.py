"""The control group of a process that somebody else put there, as a container's: its limits and its use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sweep.running.cgroups import version1, version2
from sweep.running.cgroups.choice import Cgroups
from sweep.running.cgroups.group import number, words
from sweep.running.cgroups.limits import Limits
from sweep.running.cgroups.used import Usage

_UNLIMITED = 1 << 60
"""Bytes: version 1 has a number for no limit, which is near to that of a page table's end."""


@dataclass(frozen=True, kw_only=True)
class SeenGroup:
    method: str
    limits: Limits
    """As the kernel has them; no request is among them."""
    read: Callable[[], Usage]
    read_above: Callable[[], Usage]
    """Of the group that this one is in, as a container is in its pod: its peak is seen there later, too."""


def group_of(pid: int, root: Path = Path("/")) -> SeenGroup | None:
    """None where the process is gone, or its group is not to be seen here."""
    cgroups = Cgroups.here(root, process=str(pid))
    if folders := version1.folders_of(cgroups.tree, cgroups.own):
        cpu, memory = folders["cpu"], folders["memory"]
        return SeenGroup(
            method=version1.METHOD,
            limits=_limits(
                words(cpu / "cpu.cfs_quota_us")[:1],
                words(cpu / "cpu.cfs_period_us")[:1],
                number(memory / "memory.limit_in_bytes"),
            ),
            read=partial(version1.read, folders),
            read_above=partial(version1.read, {name: one.parent for name, one in folders.items()}),
        )
    folder = cgroups.tree.joinpath(*cgroups.own.get("", "").strip("/").split("/"))
    if "" not in cgroups.own or not (folder / "cpu.stat").exists():
        return None
    most = words(folder / "cpu.max")
    return SeenGroup(
        method=version2.METHOD,
        limits=_limits(most[:1], most[1:2], number(folder / "memory.max")),
        read=partial(version2.read, folder),
        read_above=partial(version2.read, folder.parent),
    )


def _limits(quota: Sequence[str], period: Sequence[str], memory: int | None) -> Limits:
    known = quota and period and quota[0].isdecimal() and period[0].isdecimal()
    return Limits(
        cpu_cores=int(quota[0]) / int(period[0]) if known else None,
        cpu_period_us=int(period[0]) if known else Limits().cpu_period_us,
        memory_bytes=memory if memory is not None and memory < _UNLIMITED else None,
    )
