"""The folders of a run's cells: which have come to their end, and of several tries of one, which counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from records.cells import layout
from records.cells.cell import Cell, Verdict
from records.errors import RecordError
from records.files import read_json
from records.secrets.secret_names import harmless


def cell_directories(run: Path, holding: str = layout.CELL) -> Iterator[Path]:
    """The cells' folders below a run, in the order of their names, those that were set aside left out. Of a
    cell that was measured again that of its last try; where this has no end, of the best that was kept."""
    tries: dict[Path, list[Path]] = {}
    for path in run.glob(f"{layout.CELLS}/*/*/*/{holding}"):
        if layout.PARTIAL not in path.parent.name:
            tries.setdefault(of_cell(path.parent), []).append(path.parent)
    for folder, found in sorted(tries.items()):
        if (counts := folder if found == [folder] else _that_counts(run, folder, found)) is not None:
            yield counts


def of_cell(folder: Path) -> Path:
    """Where a cell lies of which this is the folder, or that of an earlier try."""
    return folder.with_name(folder.name.partition(layout.TRY)[0])


def name_of(run: Path, folder: Path) -> str:
    """Of the cell in a folder of a run, by where it lies."""
    return of_cell(folder).relative_to(run / layout.CELLS).as_posix()


def _that_counts(run: Path, folder: Path, tries: Sequence[Path]) -> Path | None:
    try:
        if folder in tries and is_complete(run, folder):
            return folder
    except (RecordError, OSError):  # whoever reads it says what is wrong
        return folder
    kept = []
    for path in tries:
        with suppress(RecordError, OSError):
            if has_ended(run, path):
                kept.append((_worth(path), path))
    return max(kept)[1] if kept else folder if folder in tries else None


def _worth(folder: Path) -> tuple[bool, int, int]:
    """Of a try: better is what is valid, then what fails fewer checks, then what came later."""
    number = folder.name.rpartition(layout.TRY)[2]
    verdict = cell_of(folder).verdict
    return verdict.valid, -len(verdict.failures), int(number) if number.isdecimal() else 0


def is_complete(run: Path, directory: Path) -> bool:
    """Is a cell of a run finished? It is when its load has ended, and all that was seen beside its requests
    is in its folder. Raises as `has_ended`."""
    return has_ended(run, directory) and not is_pending(directory)


def is_pending(directory: Path) -> bool:
    """Did a sweep not come to move everything of a cell into its folder (yet)?"""
    return layout.beside(directory, layout.SPEC).exists()


def has_ended(run: Path, directory: Path) -> bool:
    """Did a cell's load come to its end? It did when the cell says so and lies where its name says.

    Locust writes it whole, and says so, once it is judged. One by another name was measured for something
    else: by an older version it was not held against its plan yet. Raises as `cell_of`.
    """
    cell = cell_of(directory)
    return cell.complete and cell.name == name_of(run, directory)


def cell_of(directory: Path) -> Cell:
    """What a cell was asked for and came to. Raises RecordError for what says it of none."""
    raw = read_json(directory / layout.CELL)
    try:
        return _harmless(Cell.from_json(raw))
    except RecordError as error:
        raise RecordError(f"{directory}: {error}") from error


def _harmless(cell: Cell) -> Cell:
    """The cell whose names and sentences may be shown: it may be somebody else's."""
    checks = tuple(
        replace(check, name=harmless(check.name), text=harmless(check.text), advice=harmless(check.advice))
        for check in cell.verdict.checks
    )
    shape = cell.requested.get("shape")
    requested = {**cell.requested, "shape": harmless(shape)} if isinstance(shape, str) else cell.requested
    return replace(
        cell,
        deployment=harmless(cell.deployment),
        config=harmless(cell.config),
        requested=requested,
        verdict=Verdict(checks=checks),
    )
