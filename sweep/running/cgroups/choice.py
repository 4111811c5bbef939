"""Which control groups this system lets us make; and those that killed sweeps left, found by their names."""

from __future__ import annotations

import contextlib
import os
import re
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from records.errors import UsageError
from sweep.running.cgroups import scope, version1, version2
from sweep.running.cgroups.group import Group, remove
from sweep.running.cgroups.limits import Limits

TREE = Path("/sys/fs/cgroup")
PREFIX = "chokepoint-"
_NAME = re.compile(re.escape(PREFIX) + r"(\d+)-(\d+)-[0-9a-f]+")
_TRIED = Limits(cpu_cores=1.0, cpu_request_cores=1.0, memory_bytes=1 << 30)


@dataclass(frozen=True, kw_only=True)
class Cgroups:
    """Where they are. ``own``: the path of a process's group by controller, of version 2 by no name."""

    tree: Path
    own: dict[str, str]

    @classmethod
    def here(cls, root: Path = Path("/"), process: str = "self") -> Cgroups:
        own: dict[str, str] = {}
        with contextlib.suppress(OSError):
            for line in (root / "proc" / process / "cgroup").read_text().splitlines():
                _, _, rest = line.partition(":")
                controllers, _, path = rest.partition(":")
                own |= dict.fromkeys(controllers.split(","), path)
        return cls(tree=root / TREE.relative_to("/"), own=own)

    def make(self, limits: Limits) -> Group:
        """A group of these limits. Raises UsageError, which says what was tried."""
        name, refused = new_name(), []
        for method, attempt in self._ways(name, limits):
            try:
                return attempt()
            except OSError as error:
                refused.append(f"{method}: {error.strerror or error}")
        tried = "; ".join(refused) or "no control groups are mounted"
        raise UsageError(f"no process can be given a CPU and a memory limit here ({tried})")

    def method(self) -> str:
        """By what groups are made here: one is, and removed. Raises UsageError."""
        group = self.make(_TRIED)
        group.remove()
        return group.method

    def _ways(self, name: str, limits: Limits) -> Iterator[tuple[str, Callable[[], Group]]]:
        if {"cpu", "memory"} <= self.own.keys():
            yield version1.METHOD, lambda: version1.make(name, limits, tree=self.tree, own=self.own)
        elif "" in self.own:
            yield version2.METHOD, lambda: version2.make(name, limits, tree=self.tree, own=self.own[""])
        if self.own:
            yield scope.METHOD, lambda: scope.make(name, limits, tree=self.tree)

    def remove_left(self) -> int:
        """Remove the groups of sweeps that are gone; how many folders there were."""
        left = [folder for folder in self._found() if not is_at_work(folder.name)]
        return remove_known(left)

    def _found(self) -> Iterator[Path]:
        """Where ours are made: below the groups on the way to our own."""
        for path in dict.fromkeys(self.own.values()):
            parts = [part for part in path.split("/") if part and part != ".."]
            for root in (self.tree, *(one for one in self.tree.glob("*") if one.is_dir())):
                for count in range(len(parts) + 1):
                    with contextlib.suppress(OSError):
                        yield from root.joinpath(*parts[:count]).glob(f"{PREFIX}*")


def remove_known(folders: Iterable[Path]) -> int:
    """Remove groups of sweeps that were killed, as far as they are there and bear our name."""
    count = 0
    for folder in dict.fromkeys(folder.resolve() for folder in folders):
        if _NAME.fullmatch(folder.name) and (folder / "cgroup.procs").exists():
            with contextlib.suppress(OSError):
                remove([folder])
                count += 1
    return count


def new_name() -> str:
    """Of what this process makes, by which it is found again."""
    return f"{PREFIX}{os.getpid()}-{born(os.getpid())}-{uuid.uuid4().hex[:8]}"


def is_ours(name: str) -> bool:
    return _NAME.fullmatch(name) is not None


def is_at_work(name: str) -> bool:
    """Does the process that made it still run? Of what is not ours, it may."""
    found = _NAME.fullmatch(name)
    return found is None or abs(born(int(found[1])) - int(found[2])) <= 1


def born(pid: int) -> int:
    """When a process began, by which it is told from another one of its number; 0: there is none."""
    with contextlib.suppress(psutil.Error):
        return int(psutil.Process(pid).create_time())
    return 0
