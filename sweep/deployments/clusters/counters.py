"""What a container has used, as the kernel counts it, read inside it by `kubectl exec`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sweep.deployments.clusters.pods import Container
from sweep.running.kubectl import Kubectl, KubectlError

_VERSION_2 = ("cpu.stat", "memory.peak", "memory.events")
_VERSION_1 = ("cpu/cpu.stat", "cpuacct/cpuacct.usage", "memory/memory.max_usage_in_bytes")
_FILES = [f"/sys/fs/cgroup/{name}" for name in (*_VERSION_2, *_VERSION_1)]
_HEAD = re.compile(r"^==> .*/([\w.]+) <==$")
_MISSING = "No such file"
_SECONDS = 15.0


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Since it was started; None: nobody says, as where there is no quota, or no program to read it by."""

    periods: int | None = None
    throttled_periods: int | None = None
    throttled_seconds: float | None = None
    cpu_seconds: float | None = None
    memory_peak_bytes: int | None = None
    oom_kills: int | None = None


def usage_of(kubectl: Kubectl, container: Container) -> tuple[Usage, str]:
    """What it has used; and why nothing is known, or nothing."""
    # `head` names each file before its text and goes on where one is missing; a shell is not needed.
    words = ["exec", container.pod, f"--container={container.name}", "--", "head", "-v", "-n", "60", *_FILES]
    try:
        # Of two kinds of control groups the files of one are missing: then `head` complains of those.
        text = kubectl.run(*words, seconds=_SECONDS, forgiven=_MISSING)
    except KubectlError as error:
        return Usage(), str(error)
    return read(text), ""


def read(text: str) -> Usage:
    """What `head -v` printed of the files that there are."""
    found: dict[str, dict[str, int]] = {}
    lines = found.setdefault("", {})
    for line in text.splitlines():
        if head := _HEAD.match(line):
            lines = found.setdefault(head[1], {})
            continue
        name, _, number = line.rpartition(" ")
        if number.isdecimal():
            lines[name] = int(number)
    cpu, nanoseconds = found.get("cpu.stat", {}), found.get("cpuacct.usage", {}).get("")
    throttled = _scaled(cpu.get("throttled_usec"), 1e6)
    used = _scaled(cpu.get("usage_usec"), 1e6)
    peak = found.get("memory.peak", {}).get("")
    return Usage(
        periods=cpu.get("nr_periods"),
        throttled_periods=cpu.get("nr_throttled"),
        throttled_seconds=_scaled(cpu.get("throttled_time"), 1e9) if throttled is None else throttled,
        cpu_seconds=_scaled(nanoseconds, 1e9) if used is None else used,
        memory_peak_bytes=found.get("memory.max_usage_in_bytes", {}).get("") if peak is None else peak,
        oom_kills=found.get("memory.events", {}).get("oom_kill"),
    )


def _scaled(count: int | None, of: float) -> float | None:
    return None if count is None else count / of
