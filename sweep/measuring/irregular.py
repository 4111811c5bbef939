"""What lies in a run's folder where a resumed sweep writes, and is not what a sweep puts there."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from records.cells import layout
from sweep.running.errors import UsageError

_LENT = (".dial", ".inside")
"""Folders of a target. What lies in them others may have written: whoever reads it looks at each file."""


def refuse_irregular(run: Path) -> None:
    """See that what is written, locked, blanked or given other rights is a file or a folder of the run's own.
    A pipe would be waited for for ever; the end of a link is somebody's other file, perhaps a private one.
    Only the cells may lie elsewhere, on a bigger disk. Raises UsageError, OSError."""
    for path in _written(run):
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode) and path != run / layout.CELLS:
            raise UsageError(f"{path} is a link; what is written there would go elsewhere: remove it")
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise UsageError(f"{path} is no regular file")
    for path in (run / layout.TARGETS).glob("*/*"):
        if path.suffix in _LENT and not path.is_dir():
            raise UsageError(f"{path} is no folder")
        if path.suffix == ".log" and path.is_dir():
            raise UsageError(f"{path} is a folder, where a log belongs")


def _written(run: Path) -> Iterator[Path]:
    """Folders come before what is in them, so that nobody looks through a link. Of the cells, what is kept
    beside them while they are measured (`sweep.measuring.parts`)."""
    yield from run.iterdir()
    yield from (run / layout.TARGETS).glob("*")
    yield from (run / layout.TARGETS).glob("*/*")
    yield from (run / layout.CELLS).glob("*/*/.*")
