"""Files that a user names: read only where they are files, and no longer than can be right."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class GivenFileError(ValueError):
    """A file that cannot be used; why, without its name."""


class _TooLong(GivenFileError):
    pass


def check_given(path: str | Path) -> None:
    """Can it be read? Raises GivenFileError, as `read_given`, but for its length."""
    with suppress(_TooLong):
        read_given(path, 0)


def read_given(path: str | Path, most_bytes: int) -> bytes:
    """All that is in the file.

    Raises:
        GivenFileError: it is not there, cannot be read, is too long, or is no file: what is read from a
            pipe or a device may never come, or never end.
    """
    try:
        _check_kind(os.stat(path).st_mode)
        with open(path, "rb", opener=_without_waiting) as file:
            raw: bytes | None = file.read(most_bytes + 1)
    except OSError as error:
        raise GivenFileError(error.strerror or str(error)) from error
    except GivenFileError:
        raise
    except ValueError as error:  # a zero byte in its name
        raise GivenFileError("no file has such a name") from error
    if raw is None:  # of the system's own files under /proc
        raise GivenFileError("it has nothing to be read now")
    if len(raw) > most_bytes:
        raise _TooLong(f"longer than the {most_bytes / 1e6:g} MB that are read")
    return raw


def _check_kind(mode: int) -> None:
    if not stat.S_ISREG(mode):
        kind = next((kind for test, kind in _KINDS if test(mode)), "something else")
        raise GivenFileError(f"this is {kind}, and has to be a file")


def _without_waiting(path: str, flags: int) -> int:
    """Should a pipe have taken the file's place since it was looked at."""
    return os.open(path, flags | os.O_NONBLOCK)
