"""An event loop that wakes to the tenth of a millisecond, and bytes that are dated by the kernel.

A link that woke a millisecond late in each direction would say that a region is two milliseconds further off.
"""

from __future__ import annotations

import asyncio
import select
import selectors
import socket
import struct
import sys
import time

_SO_TIMESTAMPNS = 35  # asm-generic/socket.h; not in Python's socket module
_TIMESPEC = struct.Struct("@qq")
_STAMP_BYTES = socket.CMSG_SPACE(_TIMESPEC.size)
_APART_S = 20e-6
_READINGS = 9


if hasattr(selectors, "EpollSelector"):

    class FineSelector(selectors.EpollSelector):
        """epoll waits in whole milliseconds, rounded up; select waits in microseconds, for epoll itself."""

        def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
            if timeout is not None and timeout > 0:
                select.select([self.fileno()], [], [], timeout)
                timeout = 0
            return super().select(timeout)

else:  # kqueue waits in nanoseconds
    FineSelector = selectors.DefaultSelector  # type: ignore[misc,assignment]


def fine_loop() -> asyncio.AbstractEventLoop:
    return asyncio.SelectorEventLoop(FineSelector())


def stamped(sock: socket.socket) -> None:
    """Ask the kernel for the date of what is received, where it has one."""
    if sys.platform == "linux" and sys.maxsize > 2**32:
        try:
            sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        except OSError:
            return


def receive(sock: socket.socket, most: int, not_before_s: float) -> tuple[bytes, float]:
    """Some bytes, and when they came, by `time.monotonic`: a link that is slow to read them does not make
    its way longer. ``not_before_s``: when those before them came; a date that contradicts it was taken on
    the other side of a step of the wall clock."""
    data, beside, _, _ = sock.recvmsg(most, _STAMP_BYTES)
    now_s = time.monotonic()
    if not beside:
        return data, now_s
    unix_ns = time.time_ns()
    for _ in range(_READINGS):
        after_s = time.monotonic()
        if after_s - now_s < _APART_S:
            break
        now_s, unix_ns = after_s, time.time_ns()  # interrupted between the two
    seconds, nanoseconds = _TIMESPEC.unpack(beside[0][2])
    at_s = now_s - (unix_ns - seconds * 1_000_000_000 - nanoseconds) / 1e9
    return data, at_s if not_before_s <= at_s <= now_s else now_s
