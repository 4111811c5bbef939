"""A folder of results into which a container's user writes meanwhile; afterwards it is ours alone again."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_ITS_OWNER_S = 0o700
_ANYBODY_S = 0o1733
"""Each may make files, and remove none but its own; nobody else sees which there are."""


def lend(folder: Path, uid: int | None) -> None:
    """Make the folder, and let the user write there: that one alone, where ``uid`` says who it is and we may
    give it a folder. One that begins as root may become anybody. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    if uid and os.geteuid() == 0:
        _own(folder, uid, _ITS_OWNER_S)
    else:
        _own(folder, os.geteuid(), _ANYBODY_S)


def take_back(folder: Path) -> None:
    """Nobody else may write there any more, if anybody could: the user has ended, or was left by a sweep that
    was killed. Raises OSError."""
    with suppress(FileNotFoundError):
        told = folder.lstat()
        if told.st_uid != os.geteuid() or told.st_mode & 0o022:
            _own(folder, os.geteuid(), _ITS_OWNER_S)


def _own(folder: Path, uid: int, mode: int) -> None:
    """No link is followed: its end would change hands."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if os.fstat(descriptor).st_uid != uid:
            os.fchown(descriptor, uid, -1)
        os.fchmod(descriptor, mode)
    finally:
        os.close(descriptor)
