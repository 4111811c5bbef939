"""The folder that a process is entered from: the collector, the script that loads it, and a pipe."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from pathlib import Path

from profiler import inside
from profiler.attach.target import PROC, Target
from profiler.inside.entry import PIPE

INSIDE = Path(inside.__file__).parent
PACKAGE, SCRIPT = "collector", "enter.py"
_PREFIX = "chokepoint-"
_NAME = re.compile(rf"{_PREFIX}(\d+)-(\d+)-(\d+)-\w+")
"""The namespace in which it has that number, the number of whoever made it, and when that began."""


def made(target: Target, interval_s: float) -> Path:
    """A new one, for the target's user alone; what is left there of who was killed is gone then.

    Raises:
        AttachError, OSError: there is no place, or it cannot be written.
    """
    place = target.place()
    remove_stale(place, {os.geteuid(), target.uid})
    namespace, pid, began = _identity(os.getpid())
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{namespace}-{pid}-{began}-", dir=place))
    try:
        (folder / PACKAGE).mkdir(mode=0o755)
        digest = hashlib.sha256()
        for source in sorted((INSIDE / PACKAGE).glob("*.py")):
            text = source.read_bytes()
            digest.update(text)
            (folder / PACKAGE / source.name).write_bytes(text)
        there = "/" + os.path.relpath(folder, target.root)
        call = f"\n\nenter({there!r}, {digest.hexdigest()!r}, {interval_s!r})\n"
        (folder / SCRIPT).write_text((INSIDE / "entry.py").read_text() + call)
        os.mkfifo(folder / PIPE, 0o600)
        if os.geteuid() == 0:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, target.uid, target.gid, follow_symlinks=False)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder


def remove_stale(place: Path, owners: set[int]) -> None:
    """Those of these users whose maker has been killed: it could not remove them. One of another namespace
    stays, for here nobody knows whether its maker lives."""
    namespace = _identity(os.getpid())[0]
    for folder in place.glob(f"{_PREFIX}*"):
        found = _NAME.fullmatch(folder.name)
        if found is None or int(found[1]) != namespace:
            continue
        pid, began = int(found[2]), int(found[3])
        try:
            if folder.is_symlink() or folder.stat().st_uid not in owners or _began(pid) == began:
                continue
        except OSError:  # somebody else was faster
            continue
        shutil.rmtree(folder, ignore_errors=True)


def _identity(pid: int) -> tuple[int, int, int]:
    return os.stat(PROC / "self" / "ns" / "pid").st_ino, pid, _began(pid)


def _began(pid: int) -> int:
    """In ticks since the machine began (proc(5)), for its number may be another's later; 0: there is none."""
    try:
        return int((PROC / str(pid) / "stat").read_bytes().rpartition(b")")[2].split()[19])
    except FileNotFoundError:
        return 0
