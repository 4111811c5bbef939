"""A control group as a sweep uses it: a child joins it before it is its program, and its use is read."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sweep.running.cgroups.used import Usage

REMOVE_SECONDS = 5.0
"""What was killed leaves its group a moment later."""
_POLL_SECONDS = 0.05


@dataclass(frozen=True, kw_only=True)
class Group:
    """One that was made. ``folders``: of version 1 one a controller."""

    method: str
    """By what, as run.json says it."""
    folders: tuple[Path, ...]
    read: Callable[[], Usage]
    words: tuple[str, ...] = ()
    """Come before the words of a command, which the program that they name puts into the group."""

    def join(self) -> None:
        """In the child, between fork and exec: put this process in. Raises OSError."""
        if self.words:
            return
        for folder in self.folders:
            # As little as can go wrong between fork and exec; 0 is whoever writes.
            write(folder / "cgroup.procs", 0)

    def remove(self) -> None:
        """End whoever is still in it, and remove it. Raises OSError where that cannot be."""
        remove(self.folders)


def remove(folders: Iterable[Path], seconds: float = REMOVE_SECONDS) -> None:
    """Remove groups that are ours, and end whoever is in them."""
    ends = time.monotonic() + seconds
    for folder in folders:
        while folder.exists():
            try:
                folder.rmdir()
            except FileNotFoundError:
                break
            except OSError:  # somebody is in it
                if time.monotonic() > ends:
                    raise
                for pid in members(folder):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                time.sleep(_POLL_SECONDS)


def members(folder: Path) -> list[int]:
    return [int(word) for word in words(folder / "cgroup.procs") if word.isdecimal() and int(word) > 1]


# -- the kernel's files: of one number, or of names and numbers


def words(file: Path) -> Sequence[str]:
    try:
        return file.read_text().split()
    except (OSError, UnicodeDecodeError):
        return ()


def number(file: Path) -> int | None:
    found = words(file)
    return int(found[0]) if len(found) == 1 and found[0].isdecimal() else None


def table(file: Path) -> dict[str, int]:
    found = words(file)
    return {name: int(text) for name, text in zip(found[::2], found[1::2], strict=False) if text.isdecimal()}


def scaled(value: int | None, by: float) -> float | None:
    return None if value is None else value * by


def write(file: Path, value: int | str) -> None:
    """Into a control of the kernel's; what is no file there yet is none. Raises OSError."""
    descriptor = os.open(file, os.O_WRONLY | os.O_TRUNC)
    try:
        os.write(descriptor, str(value).encode())
    finally:
        os.close(descriptor)
