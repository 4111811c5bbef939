"""Who listens on a port, and what is found where nobody does."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

import psutil

_MOST_NAMED = 5


@dataclass(frozen=True, kw_only=True)
class Listeners:
    """Processes that listen on one port. ``hidden``: somebody does whom we may not see."""

    port: int
    pids: frozenset[int] = frozenset()
    hidden: bool = False
    elsewhere: tuple[tuple[int, int], ...] = ()
    """(port, pid) of what listens on other ports."""

    def told(self) -> str:
        """What was found, in one line."""
        if self.pids:
            named = ", ".join(f"{_name(pid)} (pid {pid})" for pid in sorted(self.pids)[:_MOST_NAMED])
            more = f" and {len(self.pids) - _MOST_NAMED} more" if len(self.pids) > _MOST_NAMED else ""
            return f"follows what listens on port {self.port}: {named}{more}"
        if self.hidden:
            return (
                f"port {self.port} is another user's, so that its processes are not seen: run profile as "
                "that user, or name them by --pid; until then only the machine is sampled"
            )
        others = ", ".join(f"{port} ({_name(pid)})" for port, pid in self.elsewhere[:_MOST_NAMED])
        there = f", but on {others}" if others else ""
        return (
            f"nothing listens on port {self.port}{there}; until something does only the machine is sampled "
            "(--port, --pid, --match and --command say what to follow)"
        )


def listening(port: int) -> Listeners:
    """Look once. A server's forked workers listen on the socket that it opened, and count as it does."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except (psutil.Error, OSError, RuntimeError):
        return Listeners(port=port, hidden=True)  # macOS shows nobody's but root
    found = [one for one in connections if one.status == psutil.CONN_LISTEN and one.laddr]
    return Listeners(
        port=port,
        pids=frozenset(
            pid for one in found if one.laddr.port == port and one.pid for pid in _holders(one.pid, one.fd)
        ),
        hidden=any(one.laddr.port == port and not one.pid for one in found),
        elsewhere=_elsewhere((one.laddr.port, one.pid) for one in found if one.laddr.port != port),
    )


def _holders(pid: int, number: int) -> set[int]:
    """All that have the socket open which one of them has as that descriptor: only one of them is listed."""
    holders = {pid}
    with suppress(OSError):
        socket = os.readlink(f"/proc/{pid}/fd/{number}")
        for other in psutil.pids():
            with suppress(OSError):
                descriptors = os.scandir(f"/proc/{other}/fd")
                with descriptors:
                    if any(_link(one.path) == socket for one in descriptors):
                        holders.add(other)
    return holders


def _link(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""


def _elsewhere(found: Iterable[tuple[int, int | None]]) -> tuple[tuple[int, int], ...]:
    """Each port once."""
    ports: dict[int, int] = {}
    for port, pid in found:
        if pid:
            ports.setdefault(port, pid)
    return tuple(sorted(ports.items()))


def _name(pid: int) -> str:
    try:
        name: str = psutil.Process(pid).name()
    except psutil.Error:
        return "ended"
    return "".join(c for c in name if c.isprintable())
