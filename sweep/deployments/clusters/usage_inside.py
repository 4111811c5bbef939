"""What a container has used, as the kernel counts it, read inside it by `kubectl exec`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sweep.deployments.clusters.pods import Container
from sweep.running.cgroups.used import Usage
from sweep.running.kubectl import Kubectl, KubectlError

_VERSION_2 = ("cpu.stat", "cpu.max", "memory.peak", "memory.events")
_VERSION_1 = (
    *("cpu/cpu.stat", "cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us", "cpuacct/cpuacct.usage"),
    *("memory/memory.max_usage_in_bytes", "memory/memory.oom_control"),
)
_FILES = [f"/sys/fs/cgroup/{name}" for name in (*_VERSION_2, *_VERSION_1)]
_HEAD = re.compile(r"^==> .*/([\w.]+) <==$")
_MISSING = "No such file"
_NO_PROGRAM = "executable file not found"
"""As runc says it, in the middle of what each layer above adds."""
_SECONDS = 15.0


def usage_of(kubectl: Kubectl, container: Container) -> tuple[Usage, str]:
    """What it has used; and why nothing is known, or nothing."""
    # `head` names each file before its text and goes on where one is missing; a shell is not needed.
    words = ["exec", container.pod, f"--container={container.name}", "--", "head", "-v", "-n", "60", *_FILES]
    try:
        # Of two kinds of control groups the files of one are missing: then `head` complains of those.
        text = kubectl.run(*words, seconds=_SECONDS, forgiven=_MISSING)
    except KubectlError as error:
        return Usage(), "it has no program `head`" if _NO_PROGRAM in str(error) else str(error)
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
        oom_kills=found.get("memory.events", found.get("memory.oom_control", {})).get("oom_kill"),
        **_quota(found),
    )


def _quota(found: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """Of version 2 in one line, ``50000 100000``, if there is one; of version 1 in two files, -1: none."""
    for quota, period in found.get("cpu.max", {}).items():
        return {"period_us": period} if quota.isdecimal() else {}
    quota_us = found.get("cpu.cfs_quota_us", {}).get("")
    period_us = found.get("cpu.cfs_period_us", {}).get("")
    return {} if quota_us is None or period_us is None else {"period_us": period_us}


def _scaled(count: int | None, of: float) -> float | None:
    return None if count is None else count / of
