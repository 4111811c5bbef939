"""Notes on evidence that a sweep was to keep with a cell, and that is not there, or not of all its time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from records.cells import layout
from records.errors import RecordError
from records.evidence.expected import SEEN, expected_files, is_kept, unseen_seconds
from reports.analysis.analysis import Analysis
from reports.analysis.note import Note
from reports.figures.summary import CellSummary


@dataclass(frozen=True, kw_only=True)
class Missing(Note):
    """A file that the plan of these cells' sweep asks for."""

    code = "evidence-missing"
    file: str
    cells: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Partial(Note):
    """A file that says nothing of so many seconds of what was measured, of the first cell most."""

    code = "evidence-partial"
    file: str
    cells: tuple[str, ...]
    seconds: float
    of: float


def lacking(analysis: Analysis, file: str, cells: tuple[CellSummary, ...]) -> bool:
    """Does one of these cells lack that file, or a part of it?"""
    notes: tuple[Missing | Partial, ...] = (*analysis.noted(Missing), *analysis.noted(Partial))
    noted = {name for note in notes if note.file == file for name in note.cells}
    return any(analysis.named(cell) in noted for cell in cells)


def wanted(analysis: Analysis, cell: CellSummary) -> dict[str, list[Path]]:
    """The files that a cell was to have, each with the folders it was to be in."""
    plans = {source.name: source.run.meta.get("plan") for source in analysis.sources}
    found: dict[str, list[Path]] = {}
    for part in cell.parts:
        for file in expected_files(plans.get(part.source), cell.cell.deployment):
            found.setdefault(file, []).append(part.data.path)
    return found


def missing(analysis: Analysis) -> Iterator[Note]:
    gone: dict[str, list[str]] = {}
    for cell in analysis.cells:
        for file, folders in wanted(analysis, cell).items():
            if not all(is_kept(folder, file) for folder in folders):
                gone.setdefault(file, []).append(analysis.named(cell))
    for file, cells in gone.items():
        yield Missing(file=file, cells=tuple(cells))


def partial(analysis: Analysis) -> Iterator[Note]:
    """Of valid cells whose service was there to their end."""
    for file in SEEN:
        found = [(unseen, cell) for cell in analysis.cells if (unseen := _unseen(analysis, cell, file))]
        known = {_of(cell) for cell in analysis.cells if any(map(_said, _folders(cell, file)))}
        found = [one for one in found if _of(one[1]) in known or _is_due(analysis, one[1], file)]
        found.sort(key=lambda one: -one[0])
        for worst, cell in found[:1]:
            yield Partial(
                file=file,
                cells=tuple(analysis.named(one) for _, one in found),
                seconds=worst,
                of=cell.window.seconds if cell.window else worst,
            )


def _is_due(analysis: Analysis, cell: CellSummary, file: str) -> bool:
    """Of a file that says nothing in any cell: where nothing was seen inside there was no loop to be seen."""
    return file != layout.INSIDE and file in wanted(analysis, cell)


def _of(cell: CellSummary) -> tuple[str, str]:
    return cell.source, cell.cell.deployment


def _folders(cell: CellSummary, file: str) -> list[Path]:
    return [part.data.path / file for part in cell.parts]


def _said(path: Path) -> bool:
    with suppress(OSError):
        return path.is_file() and path.stat().st_size > 0
    return False


def _unseen(analysis: Analysis, cell: CellSummary, file: str) -> float:
    """0 also where a file is missing, or cannot be read: that has a note of its own."""
    window, most = cell.window, 0.0
    if window is None or not cell.valid:
        return most
    for folder in (part.data.path for part in cell.parts):
        if is_kept(folder, file) and not (folder / layout.ENDED).exists():
            with suppress(RecordError, OSError):
                most = max(most, unseen_seconds(folder, file, window.start_ns, window.end_ns))
    return most
