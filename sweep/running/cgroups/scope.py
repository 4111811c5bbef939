"""``systemd-run --scope``: where the kernel's files are not ours to write, systemd may make a group for us.

It makes the scope of its own process and executes the command in its place: the process stays the same.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import partial
from pathlib import Path

from reach.key import without_key
from sweep.running.cgroups import version2
from sweep.running.cgroups.group import Group
from sweep.running.cgroups.limits import Limits
from sweep.running.cgroups.used import Usage

METHOD = "systemd-run --scope"
_SECONDS = 10.0


def make(name: str, limits: Limits, *, tree: Path) -> Group:
    """Raises OSError where there is no systemd that would."""
    if shutil.which("systemd-run") is None:
        raise OSError("no systemd-run")
    trial = [*words_of(f"{name}-try", limits), "true"]
    try:
        found = subprocess.run(
            trial,
            env=without_key(os.environ),
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise OSError("systemd-run does not answer") from None
    if found.returncode:
        raise OSError((found.stderr.strip().splitlines() or ["systemd-run refuses"])[-1])
    return Group(method=METHOD, folders=(), read=partial(_read, name, tree), words=words_of(name, limits))


def words_of(name: str, limits: Limits) -> tuple[str, ...]:
    properties = {}
    if limits.cpu_cores is not None:
        properties["CPUQuota"] = f"{100 * limits.cpu_cores:g}%"
        properties["CPUQuotaPeriodSec"] = f"{limits.period_us}us"
    if limits.weight is not None:
        properties["CPUWeight"] = str(limits.weight)
    if limits.memory_bytes is not None:
        properties |= {"MemoryMax": str(limits.memory_bytes), "MemorySwapMax": "0"}
    user = () if os.geteuid() == 0 else ("--user",)
    said = (f"--property={key}={value}" for key, value in properties.items())
    return ("systemd-run", *user, "--scope", "--quiet", "--collect", f"--unit={name}.scope", *said, "--")


def _read(name: str, tree: Path) -> Usage:
    """While there is somebody in it: systemd removes it after that."""
    folder = next(tree.glob(f"**/{name}.scope"), None)
    return Usage() if folder is None else version2.read(folder)
