"""One process that was asked to load the collector: the folder it is in, and the pipe of its samples."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

import orjson

from profiler.attach import folders
from profiler.attach.remote import NOTHING, run_there
from profiler.attach.target import AttachError, Target
from profiler.inside.entry import PIPE

_CHUNK = 1 << 16
_MOST_LINE = 1 << 20


class Entered:
    """It has the script before it, and runs it as soon as it can: an idle one with its next request.

    Raises:
        AttachError: it will not run it.
    """

    def __init__(self, target: Target, interval_s: float) -> None:
        self.target = target
        self.has_begun = False
        """It has run the script: nothing of ours is needed on its disk from then on."""
        self.refused = ""
        """Why it does not look, in its own words."""
        self._rest = b""
        self._folder: Path | None = None
        self.pipe = -1
        try:
            self._folder = folders.made(target, interval_s)
            # Before there is anybody to write, who would else be refused; it does not wait for one.
            self.pipe = os.open(self._folder / PIPE, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            script, package = (self._path_there(name) for name in (folders.SCRIPT, folders.PACKAGE))
            run_there(target, script, package)
        except OSError as error:
            self._remove()
            raise AttachError(f"pid {target.pid}: nothing can be laid before it: {error.strerror}") from None
        except AttachError:
            self._remove()
            raise
        except BaseException:  # we were told to end: it may have been asked already
            self.end()
            raise

    def _path_there(self, name: str) -> str:
        assert self._folder is not None
        return "/" + os.path.relpath(self._folder / name, self.target.root)

    def read(self) -> tuple[bytes, bool]:
        """Whole lines of samples that are there now, and whether it goes on. Never waits."""
        goes_on = True
        with suppress(BlockingIOError):
            while len(self._rest) < _MOST_LINE:
                chunk = os.read(self.pipe, _CHUNK)
                self._rest += chunk
                if not chunk:
                    goes_on = not self.has_begun  # nobody writes: not yet, or no more
                    break
        lines, _, self._rest = self._rest.rpartition(b"\n")
        samples = [self._sample(line) for line in lines.splitlines()]
        return b"".join(samples), goes_on and not self.refused

    def _sample(self, line: bytes) -> bytes:
        """The line, with the process's number as we know it; nothing of what says how it went."""
        try:
            raw = orjson.loads(line)
            if "at_ns" in raw:
                return orjson.dumps({**raw, "pid": self.target.pid}, option=orjson.OPT_APPEND_NEWLINE)
            self.refused = str(raw["refused"])[:200]
        except (LookupError, TypeError, ValueError):
            return b""
        self.has_begun = True
        self._remove()
        return b""

    def end(self) -> None:
        """Nobody reads from now on, so that it stops; a script that it has not run yet does nothing then."""
        if self.pipe >= 0:
            self.read()  # it may have begun just now
        if not self.has_begun and self.pipe >= 0:
            with suppress(AttachError):  # it has ended
                run_there(self.target, NOTHING)
        if self.pipe >= 0:
            os.close(self.pipe)
            self.pipe = -1
        self._remove()

    def _remove(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None
