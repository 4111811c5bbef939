"""When bytes arrived, by the kernel's own stamp: what a load generator reads late it need not date late.

With ``SO_TIMESTAMPNS`` Linux hands over, beside the bytes, when the last of them came from the network
(socket(7)). How old they are by then is taken off the monotonic time of the read, so that neither a clock
step nor the offset of the two clocks enters a figure. Bytes that are read in one go have one date, the last
one's: what waits in the queue is merged, so that a first token that is read together with later ones, after
a stall, is dated late by up to the stall. `doubt` says which answers that can have moved by too much.
"""

from __future__ import annotations

import socket
import struct
import sys
import time

_SO_TIMESTAMPNS = 35  # asm-generic/socket.h; not in Python's socket module
_TIMESPEC = struct.Struct("@qq")
_unpack = _TIMESPEC.unpack
_APART_NS = 20_000
"""Two clocks read within so long of each other are read at one moment; a call takes 0.1 us."""
_READINGS = 9
STAMP_BYTES = socket.CMSG_SPACE(_TIMESPEC.size)
"""Room for a stamp beside the bytes: the second argument of ``recvmsg``."""

Beside = list[tuple[int, int, bytes]]
"""What ``recvmsg`` gives beside the bytes."""


def stamped(sock: socket.socket) -> None:
    """Ask for stamps, where the kernel has them; elsewhere bytes are dated by when they are read.

    So are the first few of the first socket on a machine: the kernel switches stamps on a little later.
    """
    if sys.platform == "linux" and sys.maxsize > 2**32:
        try:
            sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        except OSError:
            return


def arrived_ns(beside: Beside, not_before_ns: int) -> int:
    """Monotonic nanoseconds at which bytes that have just been read came.

    ``not_before_ns``: when the bytes before them came. A stamp that contradicts it, or lies in the future,
    was taken on the other side of a step of the wall clock.
    """
    now_ns = time.monotonic_ns()
    if not beside:
        return now_ns
    unix_ns = time.time_ns()
    for _ in range(_READINGS):
        after_ns = time.monotonic_ns()
        if after_ns - now_ns < _APART_NS:
            break
        now_ns, unix_ns = after_ns, time.time_ns()  # interrupted between the two: not of one moment
    seconds, nanoseconds = _unpack(beside[0][2])
    at_ns: int = now_ns - unix_ns + seconds * 1_000_000_000 + nanoseconds
    return at_ns if not_before_ns <= at_ns <= now_ns else now_ns
