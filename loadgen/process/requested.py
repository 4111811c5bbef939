"""A cell as it stands before its load: where it is kept, and what was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from loadgen.client.http import Origin
from loadgen.engine.settings import Settings, make_results
from loadgen.engine.task import AnyTask
from loadgen.process.machine import machine
from records.cells import layout
from records.cells.cell import Cell
from records.services.served import AS_IS, Served


def fresh_folder(results: str, *, again: bool) -> Path:
    """The folder of a start of the load, made and empty. ``again``: one of this process had ``results``
    before (the web UI starts as often as one likes), and nothing is overwritten. Raises UsageError."""
    folder, number = Path(results), 1
    while again and folder.exists():
        number += 1
        folder = Path(f"{results}-{number}")
    make_results(folder)
    return folder


def asked(
    wanted: Settings,
    task: AnyTask,
    users: int,
    served: Served,
    origin: Origin,
    *,
    run_time_s: float | None,
    shape: str | None,
    shape_options: Mapping[str, Any],
) -> Cell:
    """The cell as it stands before the load: what was asked for, and what the service said of itself.

    ``users``: those at the start, where a ``shape`` changes their number."""
    return Cell(
        deployment=layout.deployment_name(origin.url),
        config=served.config or AS_IS,
        concurrency=users,
        repeat=1,
        requested={
            "host": origin.url,
            "service": {"at": origin.url.rstrip("/")},
            "machine": machine(),
            "tls": wanted.reach.tls.to_json() if origin.tls else None,
            "proxy": origin.proxy.name if origin.proxy else None,
            "users": users,
            "shape": shape,
            "shape_options": dict(shape_options),
            "run_time_s": run_time_s,
            "headers": sorted(wanted.headers),  # their names: the values may be secrets
            "header_marks": wanted.header_marks,
            **wanted.requested(),
            **task.requested(),
        },
        settings=served.settings,
        paths=served.paths,
        workload=task.workload,
    )
