"""What the kernel says of all processes together: pressure, its counts of TCP, CPU time (Linux). All sums."""

from __future__ import annotations

import os
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


_TABLES = {(file, table) for file, table, _ in _TCP}


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


def of_machine(root: Path = Path("/")) -> dict[str, Any] | None:
    """The machine's own pressure."""
    return pressure(lambda resource: f"{root}/proc/pressure/{resource}")


def tcp(pid: int, proc: Path = Path("/proc")) -> dict[str, int | None] | None:
    """Of all processes that share the network of this one; None where nothing is told."""
    tables: dict[tuple[str, str], dict[str, int]] = {}
    for name in ("snmp", "netstat"):
        lines = _lines(f"{proc}/{pid}/net/{name}")
        for titles, numbers in zip(lines[::2], lines[1::2], strict=False):
            table, _, names = titles.partition(":")
            if (name, table) not in _TABLES:
                continue
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


def text_of(file: str | Path) -> str:
    """What a file of the kernel's says, which is read in one go; nothing where it is not there. Python's own
    ways of reading take longer than the kernel."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        parts = []
        while part := os.read(descriptor, 1 << 16):
            parts.append(part)
        return b"".join(parts).decode()
    except (OSError, UnicodeDecodeError):
        return ""
    finally:
        os.close(descriptor)


def _lines(file: str | Path) -> list[str]:
    return text_of(file).splitlines()
