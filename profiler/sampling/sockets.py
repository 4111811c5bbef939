"""Connections of the followed processes: how full the queue of what listens is, who of them has accepted
others', and to whom they connect.

A connection that somebody ended belongs to no process any more: in TIME_WAIT, for a minute, it is taken for
theirs where its other end is one that they were seen to connect to. So those that come and go between two
looks are counted, too.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from profiler.sampling.kernel import stat_of
from profiler.sampling.tcp_table import (
    ESTABLISHED,
    LISTEN,
    STATES,
    TIME_WAIT,
    Tcp,
    by_netlink,
    by_proc,
    same_network,
    used_families,
)

COST = 0.0003
"""Of a core, for a look at all; what listens is looked at each time."""
LONGEST_S = 5.0
"""Between two looks, whatever they cost: a cell is some seconds long."""
MOST_PEERS = 8
Endpoint = tuple[str, int]


class Sockets:
    """Looks, and remembers which sockets are theirs, to whom they connect, and which of those were there."""

    def __init__(self, proc: Path = Path("/proc")) -> None:
        self._proc = proc
        self._due_s = float("-inf")
        self._by_netlink = False
        self._ours: set[int] = set()
        self._served: set[int] = set()
        self._listens: tuple[tuple[int, int], ...] = ()
        """Each port and family on which they do: of one alone it takes the kernel half as long."""
        self._peers: set[Endpoint] = set()
        self._open: set[tuple[Endpoint, Endpoint]] | None = None
        self._connects = 0

    def look(self, pids: Sequence[int], now_s: float) -> dict[str, Any] | None:
        """None: there is nobody, or nothing is told. What needs a look at all of them is null where it is not
        time. ``now_s`` is any monotonic clock."""
        if not pids:
            return None
        try:
            if now_s < self._due_s:
                return self._listening()
            began_s = time.process_time()
            found = self._whole(pids)
            self._due_s = now_s + min(LONGEST_S, (time.process_time() - began_s) / COST)
            return found
        except OSError:
            return None

    def _listening(self) -> dict[str, Any]:
        listen = None
        if self._by_netlink:
            asked = (by_netlink((LISTEN,), self._ours, port, (family,)) for port, family in self._listens)
            listen = self._queues([one for found in asked for one in found])
        return {"listen": listen, "states": None, "peers": None, "connects": None, "accepted": None}

    def _listed(self, pids: Sequence[int], states: Sequence[int]) -> list[Tcp]:
        """Of the network of the first process, which in a container is another than ours."""
        self._by_netlink = False
        if same_network(pids[0], self._proc):
            with suppress(OSError):
                peers = {port for _, port in self._peers}
                ends = (self._served | peers, peers)
                known = None if self._open is None else ends
                found = by_netlink(states, self._ours, families=used_families(), ends=known)
                self._by_netlink = True
                return found
        return by_proc(pids[0], self._proc)

    def _whole(self, pids: Sequence[int]) -> dict[str, Any]:
        holders: dict[int, list[int]] = {}
        for pid in pids:
            for inode in _inodes(f"{self._proc}/{pid}/fd"):
                holders.setdefault(inode, []).append(pid)
        self._ours = set(holders)
        listed = self._listed(pids, (LISTEN, *STATES))
        listen = [one for one in listed if one.state == LISTEN and one.inode in self._ours]
        self._listens = tuple({(one.local[1], one.family): None for one in listen})
        served = self._served = {one.local[1] for one in listen}
        ours = [one for one in listed if one.state in STATES and one.inode and one.inode in self._ours]
        outgoing = [one for one in ours if one.local[1] not in served]
        self._peers |= {one.remote for one in outgoing}
        ended = [one for one in listed if one.state == TIME_WAIT]
        upstream = [*outgoing, *(one for one in map(self._as_client, ended) if one)]
        ended_here = [one for one in ended if one.local[1] in served]
        self._count(upstream)
        states = Counter(STATES[one.state] for one in (*ours, *ended_here))
        states["time_wait"] += sum(one.state == TIME_WAIT for one in upstream)
        return {
            "listen": self._queues(listed),
            "states": {name: states[name] for name in STATES.values()},
            "peers": _peers(upstream),
            "connects": self._connects,
            "accepted": self._accepted(ours, holders),
        }

    def _accepted(self, ours: Sequence[Tcp], holders: Mapping[int, Sequence[int]]) -> list[dict[str, int]]:
        """Who serves: how many connections each has that it accepted, but for those from one of ours to
        another, as to a database beside an app. Who was forked has its parent's, too, which are the
        parent's; so the eldest that has one counts."""
        within = {one.local for one in ours}
        of = Counter(
            min(holders[one.inode], key=self._age) if len(holders[one.inode]) > 1 else holders[one.inode][0]
            for one in ours
            if one.state == ESTABLISHED and one.local[1] in self._served and one.remote not in within
        )
        return [{"pid": pid, "connections": number} for pid, number in sorted(of.items())]

    def _age(self, pid: int) -> tuple[int, int]:
        """When it began; who has ended since comes last."""
        stat = stat_of(pid, self._proc)
        return (int(stat.started), pid) if stat else (sys.maxsize, pid)

    def _as_client(self, ended: Tcp) -> Tcp | None:
        """Of one end or the other: who ends a connection keeps it; on one machine that may be the peer."""
        if ended.remote in self._peers:
            return ended
        if ended.local in self._peers:
            return ended._replace(local=ended.remote, remote=ended.local)
        return None

    def _count(self, upstream: Sequence[Tcp]) -> None:
        there = {(one.local, one.remote) for one in upstream}
        if self._open is not None:
            self._connects += len(there - self._open)
        self._open = there

    def _queues(self, listed: Sequence[Tcp]) -> list[dict[str, int | None]]:
        """A port each: where several sockets share it, what waits at all of them."""
        ports: dict[int, tuple[int, int | None]] = {}
        for one in listed:
            if one.state == LISTEN and one.inode in self._ours:
                queued, backlog = ports.get(one.local[1], (0, one.backlog))
                ports[one.local[1]] = queued + one.queued, backlog
        return [
            {"port": port, "queued": queued, "backlog": backlog}
            for port, (queued, backlog) in sorted(ports.items())
        ]


def _peers(upstream: Sequence[Tcp]) -> list[dict[str, Any]]:
    """The most connected first."""
    of: dict[Endpoint, Counter[str]] = {}
    for one in upstream:
        of.setdefault(one.remote, Counter())[STATES[one.state]] += 1
    most = sorted(of.items(), key=lambda item: (-item[1].total(), item[0]))[:MOST_PEERS]
    return [{"to": _named(peer), **{name: states[name] for name in STATES.values()}} for peer, states in most]


def _named(endpoint: Endpoint) -> str:
    host, port = endpoint
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _inodes(descriptors: str) -> list[int]:
    """Of the sockets among them, as far as we may see."""
    found = []
    with suppress(OSError):
        for name in os.listdir(descriptors):
            with suppress(OSError, ValueError):
                link = os.readlink(f"{descriptors}/{name}")
                if link.startswith("socket:["):
                    found.append(int(link[8:-1]))
    return found
