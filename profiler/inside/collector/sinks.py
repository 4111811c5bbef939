"""Where samples go: a file of the process's own, or a pipe that somebody reads."""

from __future__ import annotations

import os
import select
from typing import Protocol

MOST_BYTES = 256 << 20
"""Of a process's file, after which nothing more is written."""


class Sink(Protocol):
    def takes(self) -> bool:
        """Is there anybody for whom a sample is to be made?"""
        ...

    def gone(self) -> bool:
        """Will there never be anybody again?"""
        ...

    def write(self, line: bytes) -> None:
        """A whole line. Raises OSError."""
        ...

    def close(self) -> None: ...


class FileSink:
    """Made with its first line. Nobody needs to read it, so that it is never gone.

    What an app calls its threads, functions and files may hold a secret, which nobody here knows: until it is
    blanked it is for its user's eyes alone. In another user's folder, as of a container, that one reads it.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._file = -1
        self._size = 0

    def takes(self) -> bool:
        return self._size < MOST_BYTES

    def gone(self) -> bool:
        return False

    def write(self, line: bytes) -> None:
        if self._file < 0:
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
            flags |= getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
            is_ours = os.stat(os.path.dirname(self._path)).st_uid == os.geteuid()
            self._file = os.open(self._path, flags, 0o600 if is_ours else 0o644)
        self._size += os.write(self._file, line)

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


class PipeSink:
    """The end of a pipe that does not block: a reader that is late misses lines, and never holds us up."""

    def __init__(self, descriptor: int) -> None:
        self._pipe = descriptor
        self._left = b""
        """Of a line that had no room."""
        self._closed = False

    def takes(self) -> bool:
        return not self._closed

    def gone(self) -> bool:
        """The kernel says so at once, however the reader ended."""
        if not self._closed:
            told = select.poll()
            told.register(self._pipe, 0)  # its error is told in any case
            if told.poll(0):
                self.close()
        return self._closed

    def write(self, line: bytes) -> None:
        self._left = self._left or line
        try:
            while self._left:
                self._left = self._left[os.write(self._pipe, self._left) :]
        except BlockingIOError:
            pass
        except OSError:
            self.close()

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            os.close(self._pipe)
