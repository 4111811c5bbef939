"""What killed sweeps of this machine left in a namespace, found by the label that names their process."""

from __future__ import annotations

import hashlib
import os
import platform
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from sweep.running.cgroups.choice import born
from sweep.running.in_clusters import CLONE_LABEL, Leftover
from sweep.running.kubectl import Kubectl

BY_LABEL = "chokepoint/made-by"
"""Of all that is made: the machine, by a digest that names nobody, and the process."""
_VALUE = re.compile(r"([0-9a-f]{12})-(\d+)-(\d+)")
_KINDS = ("deployment", "service", "ingress", "job", "secret")
_FORBIDDEN = "forbidden"


def made_by() -> str:
    """The label's value for what this process makes."""
    return f"{_machine()}-{os.getpid()}-{born(os.getpid())}"


def remove_left(kubectl: Kubectl) -> list[str]:
    """Remove what bears the label of a process of this machine that has ended; its names. What others made,
    or this machine before it had another name, stays.

    Raises:
        KubectlError: it is there, and cannot be removed.
    """
    # Of some kinds the context may have no right to know; of those it made none.
    text = kubectl.run(
        "get", ",".join(_KINDS), f"--selector={BY_LABEL}", "--output=json", forgiven=_FORBIDDEN
    )
    kinds: dict[str, set[str]] = {}
    for one in _items(text):
        labels = (one.get("metadata") or {}).get("labels") or {}
        name, kind = labels.get(CLONE_LABEL), str(one.get("kind")).lower()
        if name and kind in _KINDS and _has_ended(str(labels.get(BY_LABEL))):
            kinds.setdefault(name, set()).add(kind)
    for name, found in kinds.items():
        Leftover(
            context=kubectl.context,
            namespace=kubectl.namespace,
            name=name,
            kinds=",".join(kind for kind in _KINDS if kind in found),
        ).remove()
    return sorted(kinds)


def _items(text: str) -> Iterable[Mapping[str, Any]]:
    with suppress(orjson.JSONDecodeError):
        found = orjson.loads(text)
        if isinstance(found, dict) and isinstance(found.get("items"), list):
            return [one for one in found["items"] if isinstance(one, dict)]
    return []


def _has_ended(label: str) -> bool:
    """A process of this machine; of another one nobody knows here."""
    found = _VALUE.fullmatch(label)
    if found is None or found[1] != _machine():
        return False
    return abs(born(int(found[2])) - int(found[3])) > 1


def _machine() -> str:
    """This system and the process numbers that are known in it: a container has its own."""
    known = [platform.node()]
    with suppress(OSError):
        known.append(Path("/etc/machine-id").read_text().strip())
    with suppress(OSError):
        known.append(str(Path("/proc/self/ns/pid").stat().st_ino))
    return hashlib.sha256("\n".join(known).encode()).hexdigest()[:12]
