"""Reading what other threads do, without the garbage collector in the midst of it."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_MAY_COLLECT = sys.version_info < (3, 12)
"""Before, any allocation might, also that of the frame which ``f_back`` returns: who is called back then lets
other threads go on, the frame that was found is gone, and the process ends by a segmentation fault."""
_off = False


@contextmanager
def undisturbed() -> Iterator[None]:
    """No garbage is collected meanwhile, which takes less than a millisecond mostly."""
    global _off
    if not (_MAY_COLLECT and gc.isenabled()):
        yield
        return
    _off = True
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        _off = False


def forked() -> None:
    """In a child, whose collector would stay off: the thread that turned it off did not come along."""
    global _off
    if _off:
        gc.enable()
        _off = False
