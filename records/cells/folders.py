"""The folders of a run's cells: which have come to their end, and of several tries of one, which counts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from records.cells import layout
from records.cells.cell import Cell, Verdict
from records.errors import RecordError
from records.files import read_json
from records.secrets.secret_names import harmless


def cell_directories(run: Path, holding: str = layout.CELL) -> Iterator[Path]:
    """The cells' folders below a run, in the order of their names, those that were set aside left out. Of a
    cell that was measured again that of the try that counts: of those with an end what is valid, then what
    fails the fewest checks, then what came last; never what has the better figures. An invalid one enters no
    figure, whichever counts, and a valid one is never measured again."""
    tries: dict[Path, list[Path]] = {}
    for path in run.glob(f"{layout.CELLS}/*/*/*/{holding}"):
        if layout.PARTIAL not in path.parent.name:
            tries.setdefault(of_cell(path.parent), []).append(path.parent)
    for folder, found in sorted(tries.items()):
        if (counts := folder if found == [folder] else _best(run, folder, found)) is not None:
            yield counts


def of_cell(folder: Path) -> Path:
    """Where a cell lies of which this is the folder, or that of an earlier try."""
    return folder.with_name(folder.name.partition(layout.TRY)[0])


def name_of(run: Path, folder: Path) -> str:
    """Of the cell in a folder of a run, by where it lies."""
    return of_cell(folder).relative_to(run / layout.CELLS).as_posix()


def that_counts(run: Path, folder: Path) -> Path:
    """Of a cell of a run, by where it lies: the folder of the try that counts (`cell_directories`)."""
    beside = (path for path in folder.parent.glob("*") if path.name.startswith(f"{folder.name}{layout.TRY}"))
    tries = [path for path in (folder, *beside) if (path / layout.CELL).exists()]
    return _best(run, folder, tries) or folder


def _best(run: Path, folder: Path, tries: Sequence[Path]) -> Path | None:
    ended = []
    for path in tries:
        try:
            if is_complete(run, path) if path == folder else has_ended(run, path):
                ended.append((_worth(path), path))
        except (RecordError, OSError):
            if path == folder:  # whoever reads it says what is wrong
                return folder
    return max(ended)[1] if ended else folder if folder in tries else None


def _worth(folder: Path) -> tuple[bool, int, float]:
    """Of a try: more is better."""
    _, mark, number = folder.name.partition(layout.TRY)
    verdict = cell_of(folder).verdict
    ended = (folder / layout.ENDED).exists()  # that check is in no cell.json
    came = math.inf if not mark else int(number) if number.isdecimal() else 0
    return verdict.valid and not ended, -len(verdict.failures) - ended, came


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
    others = cell.other_programs
    requested = {**cell.requested, "shape": harmless(shape)} if isinstance(shape, str) else cell.requested
    return replace(
        cell,
        deployment=harmless(cell.deployment),
        config=harmless(cell.config),
        requested=requested,
        verdict=Verdict(checks=checks),
        other_programs=None if others is None else tuple(replace(o, name=harmless(o.name)) for o in others),
    )
