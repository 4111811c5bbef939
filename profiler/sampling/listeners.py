"""Who listens on a port, and what is found where nobody does."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

PROC = Path("/proc")
LIST_S = 2.0
SCAN_S = 10.0
COST = 0.001
"""Of a core, at most, for the list, and for whose the sockets are where that has not changed."""
_LISTEN = "0A"
_MOST_NAMED = 5
_FORWARDERS = {"docker-proxy", "rootlessport", "slirp4netns", "pasta", "kubectl", "ssh", "sshd", "socat"}
"""They pass on what comes to a port; whoever answers is elsewhere."""
_HOLDERS = {"systemd", "launchd"}
"""They open a socket for a service that they start when somebody connects."""


@dataclass(frozen=True, kw_only=True)
class Listeners:
    """Processes that listen on one port. ``hidden``: the system does not say who does, or
    not of all that do."""

    port: int
    pids: frozenset[int] = frozenset()
    hidden: bool = False
    held_by: str | None = None
    """What holds the socket for a service that has not started yet."""
    elsewhere: tuple[tuple[int, int], ...] = ()
    """(port, pid) of what listens on other ports."""

    def told(self) -> str:
        """What was found, in one line."""
        if self.pids:
            named = ", ".join(f"{name_of(pid)} (pid {pid})" for pid in sorted(self.pids)[:_MOST_NAMED])
            more = f" and {len(self.pids) - _MOST_NAMED} more" if len(self.pids) > _MOST_NAMED else ""
            return f"follows what listens on port {self.port}: {named}{more}{self._passed_on()}"
        if self.held_by:
            return (
                f"port {self.port} is held by {self.held_by} for a service that has not started; it is "
                "followed once it has"
            )
        if self.hidden:
            return (
                f"the system does not say who listens on port {self.port}: a process of another user or "
                "container, it may be; run profile as its user or as root, or name the process by --pid"
            )
        others = ", ".join(f"{port} ({name_of(pid)})" for port, pid in self.elsewhere[:_MOST_NAMED])
        there = f", but on {others}" if others else ""
        return (
            f"nothing listens on port {self.port}{there}; what does so later is followed then "
            "(--port, --pid, --match and --command say what to follow)"
        )

    def _passed_on(self) -> str:
        through = sorted({name_of(pid) for pid in self.pids} & _FORWARDERS)
        if not through:
            return ""
        return f"; {through[0]} only passes on what comes: name by --pid or --match what answers behind it"


class Port:
    """Looks who listens, again when that may have changed.

    The kernel lists sockets; whose they are it tells by the descriptors of all processes alone. Those are
    looked through when the sockets have changed, and else seldom, for a new worker may have been given one
    that was there before. Even the list costs milliseconds: the kernel goes through a table made for as many
    connections as the machine may have.
    """

    def __init__(self, number: int, proc: Path = PROC) -> None:
        self.number = number
        self._proc = proc
        self._sockets: frozenset[int] | None = None
        self._list_due_s = self._scan_due_s = float("-inf")

    def look(self, now_s: float) -> Listeners | None:
        """None: as it was, or it is not time. ``now_s`` is any monotonic clock."""
        if now_s < self._list_due_s:
            return None
        began_s = time.process_time()
        listed = _sockets(self._proc)
        self._list_due_s = now_s + max(LIST_S, (time.process_time() - began_s) / COST)
        sockets = frozenset(inode for inode, port in (listed or {}).items() if port == self.number)
        if sockets == self._sockets and now_s < self._scan_due_s:
            return None
        began_s = time.process_time()
        found = _whose(self.number, listed, self._proc)
        self._scan_due_s = now_s + max(SCAN_S, (time.process_time() - began_s) / COST)
        self._sockets = sockets
        return found


def listening(port: int, proc: Path = PROC) -> Listeners:
    """Look once. A server's forked workers listen on the socket that it opened, and count as it does."""
    return _whose(port, _sockets(proc), proc)


def _whose(port: int, sockets: dict[int, int] | None, proc: Path) -> Listeners:
    if sockets is None:
        return _by_psutil(port)
    holders = _holders(sockets.keys(), proc)
    pids = {pid for socket, number in sockets.items() if number == port for pid in holders.get(socket, ())}
    waiting = {pid for pid in pids if pid == 1 and name_of(pid) in _HOLDERS}
    return Listeners(
        port=port,
        pids=frozenset(pids - waiting),
        hidden=any(number == port and socket not in holders for socket, number in sockets.items()),
        held_by=name_of(next(iter(waiting))) if waiting else None,
        elsewhere=_elsewhere(
            (number, min(holders[socket]))
            for socket, number in sockets.items()
            if number != port and socket in holders
        ),
    )


def _sockets(proc: Path) -> dict[int, int] | None:
    """The port of each listening socket, by its inode; None where the system does not list them so."""
    found: dict[int, int] = {}
    listed = False
    for name in ("tcp", "tcp6"):
        with suppress(OSError), (proc / "net" / name).open() as lines:
            next(lines, None)  # the titles
            listed = True
            found |= _listed(lines)
    return found if listed else None


def _listed(lines: Iterable[str]) -> Iterator[tuple[int, int]]:
    """(inode, port). Listening sockets come before all connections, of which there may be tens of thousands:
    reading ends where those begin."""
    for line in lines:
        words = line.split()
        with suppress(ValueError, IndexError):
            if words[3] != _LISTEN:
                return
            yield int(words[9]), int(words[1].rpartition(":")[2], 16)


def _holders(sockets: Iterable[int], proc: Path) -> dict[int, set[int]]:
    """The processes that have each socket open, as far as we may see."""
    wanted = {f"socket:[{inode}]": inode for inode in sockets}
    holders: dict[int, set[int]] = {}
    for pid in psutil.pids() if proc == PROC else _pids(proc):
        with suppress(OSError), os.scandir(proc / str(pid) / "fd") as descriptors:
            for one in descriptors:
                inode = wanted.get(_link(one.path))
                if inode is not None:
                    holders.setdefault(inode, set()).add(pid)
    return holders


def _pids(proc: Path) -> list[int]:
    return [int(one.name) for one in proc.iterdir() if one.name.isdecimal()]


def _link(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""


def _by_psutil(port: int) -> Listeners:
    try:
        connections = psutil.net_connections(kind="tcp")
    except (psutil.Error, OSError, RuntimeError):
        return Listeners(port=port, hidden=True)  # macOS shows nobody's but root
    found = [one for one in connections if one.status == psutil.CONN_LISTEN and one.laddr]
    return Listeners(
        port=port,
        pids=frozenset(one.pid for one in found if one.laddr.port == port and one.pid),
        hidden=any(one.laddr.port == port and not one.pid for one in found),
        elsewhere=_elsewhere((one.laddr.port, one.pid) for one in found if one.laddr.port != port),
    )


def _elsewhere(found: Iterable[tuple[int, int | None]]) -> tuple[tuple[int, int], ...]:
    """Each port once."""
    ports: dict[int, int] = {}
    for port, pid in found:
        if pid:
            ports.setdefault(port, pid)
    return tuple(sorted(ports.items()))


def name_of(pid: int) -> str:
    try:
        name: str = psutil.Process(pid).name()
    except psutil.Error:
        return "ended"
    return "".join(c for c in name if c.isprintable())
