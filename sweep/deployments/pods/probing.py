"""A probe asked once, as a kubelet asks it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence

from reach.address import Address
from reach.failure import ReachFailure, why
from reach.get import get
from sweep.deployments.pods.probes import Probe

_HERE = "127.0.0.1"


def fault_of(probe: Probe, execute: Callable[[Sequence[str], float], bool]) -> str:
    """What it got that fails it, in some words; empty: it passed."""
    if probe.command:
        return "" if execute(probe.command, probe.timeout) else "its command failed"
    port = int(probe.port)
    if not probe.path:
        try:
            socket.create_connection((_HERE, port), probe.timeout).close()
        except TimeoutError:
            return "no connection in time"
        except OSError as error:
            return why(error)
        return ""
    try:
        status, _ = get(Address(f"http://{_HERE}:{port}"), probe.path, dict(probe.headers), probe.timeout)
    except ReachFailure as error:
        return str(error)
    return "" if 200 <= status < 400 else f"HTTP {status}"
