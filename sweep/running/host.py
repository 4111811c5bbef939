"""What the figures were taken on: kept in run.json, so that runs of different machines are not confused."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib import metadata
from typing import Any

import psutil

from reach.key import without_key
from sweep.running.processes import PROJECT

_LIBRARIES = ("chokepoint", "locust", "torch", "faiss-cpu", "sentence-transformers", "openai", "uvicorn")


def describe_host() -> dict[str, Any]:
    """Cores, memory, kernel and Python."""
    return {
        "cpus": os.cpu_count(),
        "cpus_usable": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
    }


def describe_software() -> dict[str, Any]:
    """Versions of what was measured with, and the checkout's revision (None outside a checkout)."""
    versions = {name: version for name in _LIBRARIES if (version := _version(name))}
    return {"versions": versions, "git_revision": _git_revision()}


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _git_revision() -> str | None:
    if not (PROJECT / ".git").exists():  # installed; what lies around it may be somebody else's checkout
        return None
    command = ["git", "-C", str(PROJECT), "rev-parse", "--verify", "HEAD"]
    try:
        answer = subprocess.run(
            command, env=without_key(os.environ), capture_output=True, text=True, timeout=5, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() or None
