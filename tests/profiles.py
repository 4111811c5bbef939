"""``profile`` as a process, and what it writes."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

import support

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(support.ROOT)}
Profile = dict[str, Any]
Start = Callable[[str], "subprocess.Popen[str]"]
Launch = Callable[..., "subprocess.Popen[Any]"]


def arguments(*flags: str) -> list[str]:
    """Of a profile in ``profile.json``, of whoever is named, or of this very process."""
    named = {"--pid", "--match", "--command", "--port"} & set(flags)
    ourselves = () if named else ("--pid", str(os.getpid()))
    output = () if "--output" in flags else ("--output", "profile.json")
    return [sys.executable, "-m", "profiler", *flags, *ourselves, *output]


def profile(folder: Path, *flags: str, **options: Any) -> subprocess.CompletedProcess[Any]:
    usual: dict[str, Any] = {
        "cwd": folder, "env": ENVIRONMENT, "capture_output": True, "text": True, "timeout": 60,
    }  # fmt: skip
    ended: subprocess.CompletedProcess[Any] = subprocess.run(arguments(*flags), **(usual | options))
    return ended


def sampled(folder: Path, least: int) -> int:
    """How many samples there are, once there are so many."""
    support.wait_until(lambda: support.lines(folder / "profile.jsonl") >= least)
    return support.lines(folder / "profile.jsonl")


def points(folder: Path) -> list[Profile]:
    document = json.loads((folder / "profile.json").read_text())
    found: list[Profile] = document["data_points"]
    assert document["metadata"]["total_samples"] == len(found)
    return found


def ticks(found: list[Profile]) -> int:
    """Samples, and those that a machine that is busy with others made it miss."""
    return len(found) + sum(int(point["profiler"]["missed_ticks"]) for point in found)


def alive(pid: int) -> bool:
    """An orphan that has ended may stay a zombie until init gets to it."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def end(program: subprocess.Popen[str]) -> None:
    program.kill()
    program.communicate(timeout=60)
