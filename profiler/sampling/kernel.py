"""What the kernel says of all processes together: pressure, its counts of TCP, CPU time (Linux). All sums."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from profiler.sampling.reading import text_of

RESOURCES = ("cpu", "memory", "io")
_SECTOR = 512
"""Bytes, whatever the disk's own are (Documentation/admin-guide/iostats)."""
_TCP = {
    # (file of /proc/PID/net, its table, its field): our name
    ("snmp", "Tcp", "ActiveOpens"): "connects",
    ("snmp", "Tcp", "PassiveOpens"): "accepts",
    ("snmp", "Tcp", "AttemptFails"): "failed_connects",
    ("snmp", "Tcp", "EstabResets"): "resets",
    ("snmp", "Tcp", "RetransSegs"): "retransmits",
    ("netstat", "TcpExt", "ListenOverflows"): "listen_overflows",
    ("netstat", "TcpExt", "ListenDrops"): "listen_drops",
}


def pressure(path_of: Callable[[str], str | Path]) -> dict[str, dict[str, float | None] | None] | None:
    """Seconds for which some tasks, or all of them, waited for a resource (Documentation/accounting/psi).
    ``path_of``: the file of each. None where there is none."""
    found = {resource: _stalled(path_of(resource)) for resource in RESOURCES}
    return found if any(found.values()) else None


def _stalled(file: str | Path) -> dict[str, float | None] | None:
    seconds: dict[str, float] = {}
    for line in _lines(file):
        kind, _, rest = line.partition(" ")
        total = rest.rpartition("total=")[2]
        if kind in ("some", "full") and total.isdecimal():
            seconds[kind] = round(int(total) / 1e6, 6)
    if not seconds:
        return None
    return {"some_seconds": seconds.get("some"), "full_seconds": seconds.get("full")}


class Stat(NamedTuple):
    """Of a process and all its threads (proc(5), `stat`)."""

    threads: int
    major_faults: int
    """How often it waited for a page from a disk."""
    started: str
    """When, in ticks since the machine began: another one of its number has another."""
    parent: int


def stat_of(pid: int, proc: str | Path = "/proc") -> Stat | None:
    words = text_of(f"{proc}/{pid}/stat").rpartition(")")[2].split(maxsplit=20)
    if len(words) <= 20 or not words[9].isdecimal():
        return None
    return Stat(threads=int(words[17]), major_faults=int(words[9]), started=words[19], parent=int(words[1]))


def newest_pid(proc: str | Path = "/proc") -> int | None:
    """The number that was given last to a process or thread (proc(5), `loadavg`)."""
    number = text_of(f"{proc}/loadavg").rpartition(" ")[2].strip()
    return int(number) if number.isdecimal() else None


def disk_bytes(root: str | Path = "") -> tuple[int, int] | None:
    """Read from all disks and written to them; None where there are none. A disk's parts are in its own."""
    lines = [line.split(maxsplit=10) for line in _lines(f"{root}/proc/diskstats")]
    disks = [words for words in lines if len(words) > 10 and _is_disk(f"{root}/sys/block", words[2])]
    sectors = [sum(int(words[place]) for words in disks) for place in (5, 9)]
    return (_SECTOR * sectors[0], _SECTOR * sectors[1]) if disks else None


@lru_cache(1024)
def _is_disk(folder: str, name: str) -> bool:
    return os.path.exists(f"{folder}/{name.replace('/', '!')}")


def of_machine(root: str | Path = "") -> dict[str, Any] | None:
    """The machine's own pressure."""
    return pressure(lambda resource: f"{root}/proc/pressure/{resource}")


def tcp(pid: int | None, proc: str | Path = "/proc") -> dict[str, int | None] | None:
    """Of all processes that share the network of this one, or ours; None where nothing is told."""
    found: dict[str, int | None] = dict.fromkeys(_TCP.values())
    for name in ("snmp", "netstat"):
        # Open, those of a container would keep its network alive.
        file = f"{proc}/{'self' if pid is None else pid}/net/{name}"
        lines = text_of(file, stays_open=pid is None).splitlines()
        for titles, numbers in zip(lines[::2], lines[1::2], strict=False):
            if places := _places(name, titles):
                words = numbers.split()
                told = ((ours, words[at]) for ours, at in places if at < len(words))
                found |= {ours: int(text) for ours, text in told if text.isdecimal()}
    return found if any(value is not None for value in found.values()) else None


@lru_cache(64)  # the kernel says the same ones again and again
def _places(file: str, titles: str) -> tuple[tuple[str, int], ...]:
    """Of the names in such a line, ours of those that are wanted, and which words they are."""
    table, *names = titles.replace(":", " ", 1).split() or [""]
    wanted = ((_TCP.get((file, table, name)), place) for place, name in enumerate(names, start=1))
    return tuple((ours, place) for ours, place in wanted if ours)


def network_bytes(proc: str | Path = "/proc") -> tuple[int, int] | None:
    """Sent and received by all interfaces; None where there are none."""
    words = [line.partition(":")[2].split() for line in _lines(f"{proc}/net/dev")[2:]]
    return (sum(int(one[8]) for one in words), sum(int(one[0]) for one in words)) if words else None


def cpu_percent(before: Any, now: Any) -> float:
    """How much of all CPUs was in use between two `psutil.cpu_times`, as its `cpu_percent` has it."""
    spent = {name: max(0.0, getattr(now, name) - getattr(before, name)) for name in now._fields}
    whole = sum(spent.values()) - spent.get("guest", 0.0) - spent.get("guest_nice", 0.0)  # in user, nice too
    idle = spent["idle"] + spent.get("iowait", 0.0)
    return round(100 * (whole - idle) / whole, 1) if whole else 0.0


def cpu_seconds(times: Any) -> dict[str, float | None]:
    """Of all CPUs since the machine began (`psutil.cpu_times`; None where there are none): in use, and taken
    by its host for others."""
    used = ("user", "nice", "system", "irq", "softirq", "steal")
    steal = getattr(times, "steal", None)
    if times is None:
        return {"cpu_busy_seconds": None, "cpu_steal_seconds": None}
    return {
        "cpu_busy_seconds": round(sum(getattr(times, name, 0.0) for name in used), 2),
        "cpu_steal_seconds": None if steal is None else round(steal, 2),
    }


def _lines(file: str | Path) -> list[str]:
    return text_of(file).splitlines()
