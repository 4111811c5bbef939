"""The programs of this machine that are none of the sweep's, and what they took of its CPUs meanwhile."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urlsplit

import psutil

from records.cells.other_programs import MOST_NAMED, OtherProgram
from records.options.hosts import is_here
from sweep.running.processes import started
from sweep.running.redaction import redaction

LEAST = 0.1
"""Of a core: who took less kept nobody waiting."""
_LEAST_SECONDS = 1.0
"""The kernel counts in hundredths of a second."""
_KERNEL_NAMES = 15
"""Characters that Linux keeps of a name."""
_NAMED = 40
"""Characters of a name, which a program gives itself."""


@dataclass(frozen=True, kw_only=True)
class Program:
    pid: int
    name: str
    cpu_seconds: float
    """Since it began."""
    created: float
    """As psutil says it: a pid alone may be another's by now."""


@dataclass(frozen=True, kw_only=True)
class Programs:
    """All that can be seen at one moment."""

    at: float
    """Of `time.monotonic`."""
    known: Mapping[int, Program] = field(default_factory=dict)

    @classmethod
    def now(cls) -> Self:
        known = {}
        with suppress(psutil.Error, OSError):
            for one in psutil.process_iter(["name", "cpu_times", "create_time"]):
                if (times := one.info["cpu_times"]) is not None:  # it may be another user's
                    used = times.user + times.system
                    known[one.pid] = Program(
                        pid=one.pid,
                        name=one.info["name"] or "",
                        cpu_seconds=used,
                        created=one.info["create_time"],
                    )
        return cls(at=time.monotonic(), known=known)


def ours(pids: Collection[int]) -> set[int]:
    """This process, what it started, and those of a target that runs elsewhere than among its children."""
    found = {os.getpid(), *(one.pid for one in started())}
    for pid in (os.getpid(), *pids):
        with suppress(psutil.Error):
            found |= {pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))}
    return found


def listeners(url: str) -> set[int]:
    """Who answers at that address of this machine, as far as the system says it: a service that is measured,
    and that nobody here started."""
    if not is_here(url):
        return set()
    at = urlsplit(url)
    port = at.port or {"https": 443}.get(at.scheme, 80)
    with suppress(psutil.Error, OSError):
        return {
            one.pid
            for one in psutil.net_connections("tcp")
            if one.status == psutil.CONN_LISTEN and one.laddr.port == port and one.pid
        }
    return set()


def busiest(before: Programs, after: Programs, but: Collection[int]) -> tuple[OtherProgram, ...]:
    """The programs, without those pids, that took the most of a core in between, the busiest first; none
    where nobody took much. Of what began or ended meanwhile as much is seen as was there in the end."""
    seconds = after.at - before.at
    if seconds < _LEAST_SECONDS:
        return ()
    shares = {pid: _used(before.known.get(pid), one) / seconds for pid, one in after.known.items()}
    most = sorted(shares.keys() - set(but), key=lambda pid: -shares[pid])[:MOST_NAMED]
    return tuple(
        OtherProgram(name=_shown(after.known[pid].name), pid=pid, cores=round(shares[pid], 4))
        for pid in most
        if shares[pid] >= LEAST
    )


def _used(before: Program | None, now: Program) -> float:
    """Another one of the same number counts from its beginning."""
    same = before is not None and before.created == now.created
    return now.cpu_seconds - (before.cpu_seconds if before is not None and same else 0.0)


def _shown(name: str) -> str:
    """A name without the arguments that may follow one: psutil completes a name that the kernel cut by the
    command line, whose first word may be all of it where a program has written over it."""
    text = redaction().redact("".join(char if char.isprintable() else "?" for char in name))
    text = text[:_KERNEL_NAMES] + text[_KERNEL_NAMES:].partition(" ")[0]
    return text[:_NAMED] or "?"
