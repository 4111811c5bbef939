"""A probe asked once, as a kubelet asks it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence

from reach.address import Address
from reach.failure import ReachFailure
from reach.get import get
from sweep.deployments.pods.probes import Probe

_HERE = "127.0.0.1"


def passes(probe: Probe, execute: Callable[[Sequence[str], float], bool]) -> bool:
    if probe.command:
        return execute(probe.command, probe.timeout)
    port = int(probe.port)
    if not probe.path:
        try:
            socket.create_connection((_HERE, port), probe.timeout).close()
        except OSError:
            return False
        return True
    try:
        status, _ = get(Address(f"http://{_HERE}:{port}"), probe.path, dict(probe.headers), probe.timeout)
    except ReachFailure:
        return False
    return 200 <= status < 400
