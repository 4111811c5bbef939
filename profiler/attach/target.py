"""What the process is that is to be entered: its interpreter, its user, and the root that it sees."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
_PYTHON = re.compile(r"python(3(\.\d+)?t?)?")
_GONE = " (deleted)"
_PLACES = ("tmp", "var/tmp", "dev/shm")
"""Where its user may write, in its own root."""


class AttachError(Exception):
    """Why a process cannot be looked into, in one line."""


class NotPython(AttachError):
    """As much of what a service starts may be; not worth a word where something else is looked into."""


@dataclass(frozen=True, kw_only=True)
class Target:
    pid: int
    pid_there: int
    """As it sees itself: of the innermost namespace."""
    python: str
    """The path of its interpreter, in its root."""
    root: Path
    uid: int
    gid: int
    elsewhere: bool
    """It sees another root than we do, as in a container."""
    libraries: str
    """Its LD_LIBRARY_PATH, without which its interpreter may not start."""

    @property
    def its_user_runs_it(self) -> bool:
        """Is its interpreter not to be started as root? For anybody's but root's could be anything."""
        if os.geteuid() or (self.uid == 0 and not self.elsewhere):
            return False
        try:
            told = os.stat(self.root / self.python.lstrip("/"))
        except OSError:
            return True
        return self.elsewhere or told.st_uid != 0 or bool(told.st_mode & 0o022)

    def place(self) -> Path:
        """A folder for a short while, as we see it. Raises AttachError."""
        for name in _PLACES:
            path = self.root / name
            below = [path, *path.parents[: name.count("/")]]
            # A link would be followed in our root.
            if path.is_dir() and not any(map(Path.is_symlink, below)) and os.access(path, os.W_OK | os.X_OK):
                return path
        raise AttachError(f"pid {self.pid}: neither /{', /'.join(_PLACES)} can be written in its root")


def target_of(pid: int, proc: Path = PROC) -> Target:
    """Raises AttachError."""
    if sys.platform != "linux":
        raise AttachError("processes that run already are looked into on Linux alone")
    own = proc / str(pid)
    try:
        exe = os.readlink(own / "exe")
        status = dict(
            line.split(":\t", 1) for line in (own / "status").read_text().splitlines() if ":\t" in line
        )
        uid, gid = (int(status[name].split()[0]) for name in ("Uid", "Gid"))
        elsewhere = any(
            _identity(own / link) != _identity(proc / "self" / link) for link in ("root", "ns/mnt")
        )
        environment = (own / "environ").read_bytes().split(b"\0")
    except PermissionError:
        raise AttachError(_forbidden(pid)) from None
    except (FileNotFoundError, ProcessLookupError):
        raise AttachError(
            f"pid {pid}: there is no such process, or it has no program (a kernel's, a zombie)"
        ) from None
    base = os.readlink(own / "root")
    python = exe.removesuffix(_GONE).removeprefix(
        base if base != "/" else ""
    )  # as from its root, if that is in ours
    if not _PYTHON.fullmatch(os.path.basename(python)):
        raise NotPython(
            f"pid {pid} runs {os.path.basename(python)}, and not Python by itself: name the one that does"
        )
    root = own / "root"
    if not (root / python.lstrip("/")).is_file():
        raise AttachError(
            f"pid {pid}: its interpreter {python} has been removed since it started; start it again"
        )
    libraries = [one.partition(b"=")[2] for one in environment if one.startswith(b"LD_LIBRARY_PATH=")]
    return Target(
        pid=pid,
        pid_there=int(status.get("NSpid", str(pid)).split()[-1]),
        python=python,
        root=root,
        uid=uid,
        gid=gid,
        elsewhere=elsewhere,
        libraries=os.fsdecode(libraries[0]) if libraries else "",
    )


def _forbidden(pid: int) -> str:
    if os.geteuid() == 0:
        return f"pid {pid} may not be looked into, even by this root: it lacks the capability SYS_PTRACE"
    return f"pid {pid} is another user's: run this as that user, or as root"


def _identity(path: Path) -> tuple[int, int]:
    told: os.stat_result = path.stat()
    return told.st_dev, told.st_ino


def ptrace_scope(file: Path = PROC / "sys/kernel/yama/ptrace_scope") -> int:
    """0 where the system has no such bound."""
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return 0
