"""What a port-forward costs: the same small requests through it, and inside the pod to which it leads."""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from statistics import median

import orjson

from records.evidence.pods import ForwardCost
from sweep.running.kubectl import Kubectl, KubectlError

REQUESTS = 20
_SECONDS = 5.0
_PROGRAM = """
import json, socket, sys, time
taken = []
for _ in range(int(sys.argv[3])):
    began = time.perf_counter()
    with socket.create_connection(("127.0.0.1", int(sys.argv[1])), 5) as one:
        one.sendall(sys.argv[2].encode())
        one.recv(1)
    taken.append((time.perf_counter() - began) * 1e3)
print(json.dumps(taken))
"""
"""What is done in the pod, by its Python: as `_through` does here."""
_PYTHONS = ("python3", "python")


def forward_cost(
    kubectl: Kubectl, pod: str, container: str, *, local: int, port: int, path: str
) -> ForwardCost:
    """Measured before any load, one request after the other, each on a connection of its own."""
    asked = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    try:
        through = median(_through(local, asked.encode()))
    except OSError as error:
        return ForwardCost(unmeasured=f"nothing came through it: {error}")
    inside = _inside(kubectl, pod, container, port, asked)
    if isinstance(inside, str):
        return ForwardCost(through_ms=round(through, 3), unmeasured=inside)
    return ForwardCost(through_ms=round(through, 3), inside_ms=round(median(inside), 3))


def in_words(cost: ForwardCost) -> str:
    """For a line at the cell."""
    if cost.more_ms is None:
        return f"what the port-forward costs is not known: {cost.unmeasured}"
    return (
        f"through the port-forward a first byte came after {cost.through_ms:.1f} ms, inside the pod after "
        f"{cost.inside_ms:.1f} ms: {cost.more_ms:.1f} ms are the way's own, in each figure of its cells"
    )


def _through(local: int, asked: bytes) -> list[float]:
    """Milliseconds from the connection to the first byte. Raises OSError."""
    taken = []
    for _ in range(REQUESTS):
        began = time.perf_counter()
        with socket.create_connection(("127.0.0.1", local), _SECONDS) as one:
            one.sendall(asked)
            if not one.recv(1):
                raise OSError("a connection was closed without an answer")
        taken.append((time.perf_counter() - began) * 1e3)
    return taken


def _inside(kubectl: Kubectl, pod: str, container: str, port: int, asked: str) -> Sequence[float] | str:
    """The same there; or why not."""
    why = ""
    for python in _PYTHONS:
        words = ("exec", pod, f"--container={container}", "--", python, "-c", _PROGRAM)
        try:
            said = kubectl.run(*words, str(port), asked, str(REQUESTS), seconds=REQUESTS * _SECONDS)
            found = orjson.loads(said)
        except (KubectlError, orjson.JSONDecodeError) as error:
            why = why or f"no Python in the pod did the same there: {error}"
            continue
        if isinstance(found, list) and found and all(isinstance(one, float) for one in found):
            return found
    return why or "its Python said no times"
