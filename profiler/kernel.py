"""What the kernel says of all processes together: pressure, its counts of TCP, CPU time (Linux). All sums."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

RESOURCES = ("cpu", "memory", "io")
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


def pressure(path_of: Callable[[str], Path]) -> dict[str, dict[str, float | None] | None] | None:
    """Seconds for which some tasks, or all of them, waited for a resource (Documentation/accounting/psi).
    ``path_of``: the file of each. None where there is none."""
    found = {resource: _stalled(path_of(resource)) for resource in RESOURCES}
    return found if any(found.values()) else None


def _stalled(file: Path) -> dict[str, float | None] | None:
    seconds: dict[str, float] = {}
    for line in _lines(file):
        kind, _, rest = line.partition(" ")
        total = rest.rpartition("total=")[2]
        if kind in ("some", "full") and total.isdecimal():
            seconds[kind] = round(int(total) / 1e6, 6)
    if not seconds:
        return None
    return {"some_seconds": seconds.get("some"), "full_seconds": seconds.get("full")}


def major_faults(pid: int, proc: Path = Path("/proc")) -> int | None:
    """How often a process, all its threads, waited for a page from a disk (proc(5), `majflt`)."""
    words = "".join(_lines(proc / str(pid) / "stat")).rpartition(")")[2].split()
    return int(words[9]) if len(words) > 9 and words[9].isdecimal() else None


def of_machine(root: Path = Path("/")) -> dict[str, Any] | None:
    """The machine's own pressure."""
    return pressure(lambda resource: root / "proc" / "pressure" / resource)


def tcp(pid: int, proc: Path = Path("/proc")) -> dict[str, int | None] | None:
    """Of all processes that share the network of this one; None where nothing is told."""
    tables: dict[tuple[str, str], dict[str, int]] = {}
    for name in ("snmp", "netstat"):
        lines = _lines(proc / str(pid) / "net" / name)
        for titles, numbers in zip(lines[::2], lines[1::2], strict=False):
            table, _, names = titles.partition(":")
            told = zip(names.split(), numbers.partition(":")[2].split(), strict=False)
            tables[name, table] = {one: int(text) for one, text in told if text.isdecimal()}
    found = {ours: tables.get((file, table), {}).get(theirs) for (file, table, theirs), ours in _TCP.items()}
    return found if any(value is not None for value in found.values()) else None


def cpu_seconds() -> dict[str, float | None]:
    """Of all CPUs since the machine began: in use, and taken by its host for others."""
    times = psutil.cpu_times()
    used = ("user", "nice", "system", "irq", "softirq", "steal")
    steal = getattr(times, "steal", None)
    return {
        "cpu_busy_seconds": round(sum(getattr(times, name, 0.0) for name in used), 2),
        "cpu_steal_seconds": None if steal is None else round(steal, 2),
    }


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        return []
