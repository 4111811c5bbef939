"""Other programs are busy on the target's CPUs for as long as it runs; `PLANT_AMOUNT` of them."""

from __future__ import annotations

import os
import socket

from plants.neighbours import PORT_VARIABLE

_KEPT: list[socket.socket] = []
"""They end when it is closed, with the process."""


def put(amount: float) -> None:
    connection = socket.create_connection(("127.0.0.1", int(os.environ[PORT_VARIABLE])))
    cpus = ",".join(map(str, sorted(os.sched_getaffinity(0))))
    connection.sendall(f"{int(amount)} {cpus}\n".encode())
    _KEPT.append(connection)
