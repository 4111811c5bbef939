"""A load that did not come to its end: why, in one line, or that its cell counts as begun."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from records.cells import layout
from records.cells.cell import Cell
from records.cells.folders import cell_of
from records.errors import RecordError
from records.exit_codes import INTERRUPTED, USAGE
from records.files import write_json
from sweep.deployments.protocol import Endpoint
from sweep.planning.cell_key import CellKey
from sweep.running.errors import UsageError
from sweep.running.processes import NO_WORD
from workloads.catalogue import check_named

_FULL_BYTES = 1 << 16
"""A disk with less room than this may be why a process ended."""


class Load(Protocol):
    """What made a cell's load: a process here, or what was one elsewhere."""

    @property
    def log(self) -> Path:
        """What it wrote."""
        ...

    def complaint(self) -> str:
        """The line of its log that says what is wrong."""
        ...

    def how_ended(self) -> str | None:
        """None while it runs."""
        ...


def why(
    run: Path, key: CellKey, endpoint: Endpoint, code: int | None, load: Load, *, limit_seconds: float
) -> Exception:
    """What ends the sweep."""
    if code == USAGE:
        return UsageError(f"{_before(endpoint)}locust: {load.complaint()} ({load.log})")
    how = in_no_time(limit_seconds) if code is None else f"ended with {code}"
    said = f": {load.complaint()}"
    if shutil.disk_usage(run).free < _FULL_BYTES:
        how += f" on a full disk ({run})"
        said = said.removesuffix(f": {NO_WORD}")  # there was no room for one
    how = f"{_before(endpoint)}locust {how}"
    return RuntimeError(f"{key.path}: {how}{said} ({load.log})")


def killed(code: int | None) -> bool:
    """Was Locust ended by a signal? It is not the sweep that sends it one."""
    return code is not None and (code < 0 or code == INTERRUPTED)


def in_no_time(limit_seconds: float) -> str:
    """Of a load that was told to end when it should have ended long before."""
    return f"did not end in {limit_seconds:g} s"


def kept_from_cpu(folder: Path, code: int | None) -> bool:
    """Did a load not end in time, and does its own record say that the machine kept it from its work? Where
    that says nothing of it, or lacks requests, the fault is ours or the service's."""
    if code is not None:
        return False
    try:
        failed = [check_named(check.name) for check in cell_of(folder).verdict.failures]
    except (RecordError, OSError):
        return False
    of_ours = any(check.of_the_machine and check.of_our_own for check in failed)
    return of_ours and not any(check.of_the_record for check in failed)


def end_cell(folder: Path) -> None:
    """Have a cell that was judged count as ended, so that it is shown as invalid, with the reason. Raises
    OSError, RecordError."""
    write_json(folder / layout.CELL, replace(cell_of(folder), complete=True).to_json())


def begin_cell(folder: Path, key: CellKey, *, target: str = "") -> None:
    """Have a cell there, though without an end, of a Locust that was killed or met no ``target``.

    Its record is written here only where Locust wrote none. ``target``: how that ended, which is kept, too.
    """
    if not (folder / layout.CELL).exists():
        folder.mkdir(exist_ok=True)
        cell = Cell(
            deployment=key.deployment,
            config=key.config,
            concurrency=key.concurrency,
            repeat=key.repeat,
            factors=key.point,
        )
        write_json(folder / layout.CELL, cell.to_json())
    if target:
        write_json(folder / layout.ENDED, {"text": target})


def _before(endpoint: Endpoint) -> str:
    """What explains whatever the load met, where it is so."""
    ended = endpoint.ended()
    return f"{ended} ({endpoint.log}); " if ended else ""
