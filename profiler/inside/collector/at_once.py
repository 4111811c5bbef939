"""Files of the kernel's that are read at once, without letting go of the interpreter meanwhile.

Python lets go of it at each call of the kernel, and whoever does has to wait for it again: beside a thread
that computes that takes 5 ms, and both threads a change of context. What is read here is in memory.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress

_BYTES = 64


class Reader:
    """Of one thread. Where the system has no such calls, it opens nothing."""

    def __init__(self) -> None:
        self.can_read = False
        with suppress(ImportError, OSError, AttributeError, TypeError):  # TypeError: Windows
            # Of all that ctypes has, calls by means of this keep the interpreter.
            from ctypes import PyDLL, c_int, c_long, c_size_t, c_void_p, create_string_buffer

            system = PyDLL(None)
            self._open, self._pread, self._close = system.open, system.pread, system.close
            self._pread.argtypes = c_int, c_void_p, c_size_t, c_long
            self._text = create_string_buffer(_BYTES)
            self.can_read = True

    def open(self, path: bytes) -> int:
        """A descriptor; -1: there is no such file for us."""
        return int(self._open(path, os.O_RDONLY | os.O_CLOEXEC)) if self.can_read else -1

    def read(self, file: int) -> bytes:
        """Its first bytes; none where it cannot be read."""
        length = self._pread(file, self._text, _BYTES, 0) if file >= 0 else 0
        return self._text.raw[: max(0, length)]

    def of_thread(self, thread: int, name: bytes) -> int:
        """What the kernel says of one of this process's threads, by its ident, in the file of that name: its
        descriptor; -1 where nobody knows the thread's number."""
        known = getattr(sys.modules.get("threading"), "_active", {}).get(thread)
        number = getattr(known, "native_id", None)
        return -1 if number is None else self.open(b"/proc/self/task/%d/%b" % (number, name))

    def close(self, file: int) -> None:
        if file >= 0:
            self._close(file)
