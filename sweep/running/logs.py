"""The logs of what a sweep starts: who prints without end fills no disk. The first and last part are kept."""

from __future__ import annotations

import contextlib
import os
import re
import threading
from pathlib import Path
from typing import BinaryIO

HEAD_BYTES = TAIL_BYTES = 2 << 20
MOST_BYTES = 16 << 20
"""A log that is longer is cut, while it is written."""
LOOK_SECONDS = 0.25
_MARK = "\n[... {:15d} bytes were left out here ...]\n"
"""Always as long, and always at the same place."""
_MARK_BYTES = len(_MARK.format(0))
_FOUND = re.compile(rb"\n\[\.\.\. +(\d+) bytes were left out here \.\.\.\]\n")
_LINE_BYTES = 1 << 16
"""Longer lines are cut in their midst."""


class Bounds:
    """Keeps the logs short that it is given, in a thread of its own, while there are any."""

    def __init__(self) -> None:
        self._paths: list[Path] = []
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._thread: threading.Thread | None = None

    def add(self, path: Path) -> None:
        with self._lock:
            self._paths.append(path)
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="logs", daemon=True)
                self._thread.start()

    def remove(self, path: Path) -> None:
        """Nobody writes into it any more: it is cut for the last time."""
        with self._lock:
            if path in self._paths:
                self._paths.remove(path)
            self._changed.notify_all()
            with contextlib.suppress(OSError):  # moved, or a full disk
                cut(path, HEAD_BYTES + _MARK_BYTES + TAIL_BYTES)

    def _watch(self) -> None:
        with self._lock:
            while self._paths:
                for path in self._paths:
                    with contextlib.suppress(OSError):
                        cut(path, MOST_BYTES)
                self._changed.wait(LOOK_SECONDS)
            self._thread = None


BOUNDS = Bounds()


def cut(path: Path, most: int) -> None:
    """Take the middle out of a log that is longer than ``most``. It may be written meanwhile, by whoever
    appends: what is written within these moments is lost. Raises OSError."""
    if path.stat().st_size <= most:
        return
    with path.open("r+b", buffering=0) as file:
        size, already = file.seek(0, os.SEEK_END), _left_out(file)
        file.seek(size - TAIL_BYTES)
        tail = file.read(TAIL_BYTES)
        # Half a line could show half a secret, which nobody would know as one.
        tail = tail[tail.find(b"\n", 0, _LINE_BYTES) + 1 :]
        if not already:
            file.seek(HEAD_BYTES - _LINE_BYTES)
            end = file.read(_LINE_BYTES).rfind(b"\n") + 1 or _LINE_BYTES
            file.seek(HEAD_BYTES - _LINE_BYTES + end)
            file.write(b" " * (_LINE_BYTES - end))
        file.seek(HEAD_BYTES + _MARK_BYTES)
        file.write(tail)
        size = file.seek(0, os.SEEK_END)  # what came meanwhile is lost, and counted
        whole = size + already - _MARK_BYTES if already else size
        file.seek(HEAD_BYTES)
        file.write(_MARK.format(whole - HEAD_BYTES - len(tail)).encode())
        file.truncate(HEAD_BYTES + _MARK_BYTES + len(tail))


def _left_out(file: BinaryIO) -> int:
    """How many bytes were, until now."""
    file.seek(HEAD_BYTES)
    found = _FOUND.match(file.read(_MARK_BYTES))
    return int(found[1]) if found else 0


def written(path: Path) -> int:
    """How many bytes were written in all. Raises OSError."""
    with path.open("rb") as file:
        size, left = file.seek(0, os.SEEK_END), _left_out(file)
    return size + left - _MARK_BYTES if left else size


def since(path: Path, start: int, most: int) -> bytes:
    """What was written after the first ``start`` bytes, as far as it was kept, at most so much. Raises
    OSError."""
    with path.open("rb") as file:
        file.seek(_place(file, start))
        return file.read(most)


def last(path: Path, start: int, most: int) -> str:
    """The end of what `since` has, of at most so many bytes. Raises OSError."""
    with path.open("rb") as file:
        file.seek(max(_place(file, start), file.seek(0, os.SEEK_END) - most))
        return file.read().decode("utf-8", "replace")


def _place(file: BinaryIO, start: int) -> int:
    """Where the byte lies now before which so many were written, or the first after it that was kept."""
    left = _left_out(file)
    return max(HEAD_BYTES, start - left + _MARK_BYTES) if left and start > HEAD_BYTES else start
