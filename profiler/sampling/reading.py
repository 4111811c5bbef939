"""Reading what the kernel says, again and again.

To open one of its files takes longer than to read it (20 to 30 us of 45, on the 2 cores of the README), so
that those which are read with each sample stay open. What such a file is of never changes: of a process that
has ended, or a control group that was removed, it cannot be read any more, whoever has its name now.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from pathlib import Path

MOST_OPEN = 200
"""Those read last."""
_KERNEL_S = ("/proc/", "/sys/")


class _Open:
    """Descriptors by the names of files."""

    def __init__(self) -> None:
        self._of: OrderedDict[str, int] = OrderedDict()

    def read(self, file: str) -> bytes:
        """Raises OSError."""
        if file in self._of:
            try:
                self._of.move_to_end(file)
                return _whole(self._of[file])
            except OSError:  # what it was of is gone; there may be another of its name
                os.close(self._of.pop(file))
        descriptor = self._of[file] = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
        if len(self._of) > MOST_OPEN:
            os.close(self._of.popitem(last=False)[1])
        return _whole(descriptor)


_OPEN = _Open()


def text_of(file: str | Path, *, stays_open: bool = True) -> str:
    """What a file of the kernel's says; nothing where it is not there. Python's own ways of reading take
    longer than the kernel. ``stays_open``: False of what an open file would keep alive."""
    name = str(file)
    try:
        if stays_open and name.startswith(_KERNEL_S):
            return _OPEN.read(name).decode()
        descriptor = os.open(name, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return _whole(descriptor).decode()
        finally:
            os.close(descriptor)
    except (OSError, UnicodeDecodeError):
        return ""


def _whole(descriptor: int) -> bytes:
    """From its beginning, which has the kernel say it anew. Raises OSError."""
    parts, size = [], 0
    while part := os.pread(descriptor, 1 << 16, size):
        parts.append(part)
        size += len(part)
    return b"".join(parts)
