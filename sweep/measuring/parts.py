"""The files of a cell: beside its folder while it is measured, in it once all of them are there.

Locust wants its results directory empty, so what others write is kept beside it until the load ends. What
Locust is told lies there from before the load until everything is moved in, and goes last: a cell beside
which it still lies lacks something, whatever its cell.json says.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

from records.cells import layout
from records.cells.layout import beside

_OTHERS = (
    *(layout.SAMPLES, layout.PROFILE, layout.SCRAPED, layout.PROFILER_LOG),
    *(layout.PROBES, layout.PROBES_LOG, layout.STACKS, layout.STACKS_LOG, layout.LOCUST_LOG),
)


def spec_of(folder: Path) -> Path:
    """The file that Locust is told the cell by."""
    return beside(folder, layout.SPEC)


def collect(folder: Path) -> None:
    """Move what was kept beside a cell's folder into it, but for what goes last."""
    for name, path in _kept_beside(folder):
        shutil.move(path, folder / name)


def seal(folder: Path) -> None:
    """Everything of the cell is in its folder."""
    spec_of(folder).unlink(missing_ok=True)


def set_aside(folder: Path, mark: str = layout.PARTIAL) -> Path:
    """Keep what a cell recorded under a name that no reader takes for a cell's: its new folder."""
    folder.mkdir(parents=True, exist_ok=True)  # it may have ended before Locust made it
    collect(folder)
    asides = (folder.with_name(f"{folder.name}{mark}{number}") for number in itertools.count(1))
    aside = next(path for path in asides if not path.exists())
    folder.rename(aside)
    seal(folder)
    return aside


def begun(folder: Path) -> bool:
    """Is there anything of a cell from before?"""
    return folder.exists() or any(True for _ in _kept_beside(folder))


def _kept_beside(folder: Path) -> Iterator[tuple[str, Path]]:
    """What there is: its name in the folder, and where it is."""
    for name in _OTHERS:
        path = beside(folder, name)
        if path.exists():
            yield name, path
    for path in sorted(folder.parent.glob(beside(folder, layout.link_log("*")).name)):
        yield path.name.removeprefix(beside(folder, "").name), path
