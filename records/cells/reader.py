"""Reading a results directory: a run of many cells, or a single cell."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from records.cells import layout
from records.cells.believed import Bounds, LeftOut, Sieve, all_there
from records.cells.cell import SCHEMA_VERSION, Cell, Check, Verdict
from records.cells.folders import cell_directories, cell_of, is_complete, is_pending, name_of, of_cell
from records.cells.measure import ended_inside, measured
from records.cells.request import RequestRecord, decode, slim
from records.cells.spans import Traces, traces_of, with_stages
from records.errors import RecordError
from records.files import in_words, line_count, of_the_disk, read_json, read_lines
from records.secrets.secret_names import harmless

TARGET_ENDED = "target-ended"
MOST_NAMED = 5
"""Of the runs in a folder, the newest."""


@dataclass(frozen=True, kw_only=True)
class CellData:
    """A cell with its raw requests, in the order in which they were written."""

    cell: Cell
    path: Path
    requests: Sequence[RequestRecord] = ()
    """Those that are believed,"""
    left_out: LeftOut = field(default_factory=LeftOut)
    """and how many are not."""

    @property
    def lost(self) -> str | None:
        """How it was found that its records are not all there; None when they are."""
        return next((check.text for check in self.cell.verdict.failures if check.name == "records"), None)


@dataclass(frozen=True, kw_only=True)
class Lost:
    """A cell that was measured and cannot be read; ``why`` is empty where it has no cell.json."""

    name: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Run:
    """What ``report`` reads: the run's own facts and its complete cells, sorted by name."""

    path: Path
    meta: dict[str, Any] = field(default_factory=dict)
    cells: tuple[CellData, ...] = ()
    incomplete: tuple[str, ...] = ()
    earlier: tuple[str, ...] = ()
    """Of ``cells`` those whose last try has no end: an earlier one that was kept is here;"""
    last_worse: tuple[str, ...] = ()
    """and those whose last try failed more checks than the earlier one that is here."""
    recorded: int = 0
    """Requests of cells without an end, or without a cell.json."""
    lost: tuple[Lost, ...] = ()


def read_cell(directory: Path) -> CellData:
    """A cell whose records are not those that were counted at the load's end fails the check ``records``.

    Raises:
        RecordError: a file is missing, from another schema, or has a bad line.
    """
    cell = cell_of(directory)
    sieve = Sieve(Bounds.of(cell))
    requests = tuple(requests_of(directory, cell, sieve))
    counted = len(measured(requests, cell.window)), len(ended_inside(requests, cell.window))
    return judged(directory, cell, requests, counted, sieve.left_out)


def judged(
    directory: Path, cell: Cell, requests: Sequence[RequestRecord], counted: tuple[int, int], left: LeftOut
) -> CellData:
    """A cell by all its requests that are believed: of them so many are measured ones, and so many good ones
    ended in its window."""
    verdict = verdict_of(directory, cell, len(requests), counted, left)
    return CellData(cell=replace(cell, verdict=verdict), path=directory, requests=requests, left_out=left)


def verdict_of(directory: Path, cell: Cell, records: int, counted: tuple[int, int], left: LeftOut) -> Verdict:
    """A cell's own, with what was found since: whoever reads a cell believes it by this. ``records``: so many
    are believed; ``counted`` as of `judged`."""
    checks = cell.verdict.merged(all_there(cell, records, *counted, left)).checks
    return Verdict(checks=_ended(directory)).merged(checks)  # first, for it explains the others


def _ended(directory: Path) -> tuple[Check, ...]:
    """A failed check where the sweep saw that the target ended meanwhile, which the load met as refusals."""
    path = directory / layout.ENDED
    if not path.exists():
        return ()
    text = f"the target ended; how is not known: {layout.ENDED} cannot be read"
    with suppress(RecordError, OSError, LookupError, TypeError):
        text = str(read_json(path)["text"])
    advice = f"see why in {layout.TARGET_LOG}"
    said = f"{harmless(text)}; {advice}"
    return (Check(name=TARGET_ENDED, status="fail", text=said, advice=advice),)


def read_head(directory: Path) -> CellData:
    """A cell with the first of its requests alone, for who goes over `requests_of` it. Its verdict is
    not whole: see `verdict_of`. Raises as `read_cell`."""
    cell = cell_of(directory)
    return CellData(cell=cell, path=directory, requests=tuple(islice(requests_of(directory, cell), 1)))


def requests_file(directory: Path, cell: Cell) -> Path | None:
    """Where the records of a cell are; None of one that was never asked. Raises as `read_cell`."""
    if (path := directory / layout.REQUESTS).exists():
        return path
    if cell.complete:
        raise RecordError(f"{path} is missing")
    return None


def requests_of(directory: Path, cell: Cell, sieve: Sieve | None = None) -> Iterator[RequestRecord]:
    """The records of a cell that are believed, one after the other; ``sieve`` counts the others. Raises as
    `read_cell`."""
    if (path := requests_file(directory, cell)) is not None:
        traces = traces_of(directory)
        lines = (slim(record_in(path, number, line, traces)) for number, line in read_lines(path))
        yield from (sieve or Sieve(Bounds.of(cell)))(lines)


def record_in(path: Path, number: int, line: bytes, traces: Traces) -> RequestRecord:
    """The record of a line, with the stages that spans say. Raises RecordError, which says where."""
    try:
        return with_stages(decode(line), traces)
    except RecordError as error:
        raise RecordError(f"{path}:{number}: {error}") from error


def read_meta(directory: Path) -> dict[str, Any]:
    """A run's own facts.

    Raises:
        RecordError: run.json is missing, is not one, or is from another schema.
    """
    path = directory / layout.RUN
    raw = read_json(path)
    meta: dict[str, Any] = raw if isinstance(raw, dict) else {}
    version = meta.get("schema_version")
    if version != SCHEMA_VERSION:
        raise RecordError(f"{path} has schema version {version!r}; this version reads {SCHEMA_VERSION}")
    if not isinstance(meta.get("plan", {}), dict):
        raise RecordError(f"{path}: its plan is no object")
    return meta


def read_run(directory: Path, read: Callable[[Path], CellData] = read_cell) -> Run:
    """A run, or a single cell's folder as a run of one, each of its cells by ``read``.

    Raises:
        RecordError: neither a run nor a cell, or none of its cells can be read.
        OSError: the same, or the disk's fault.
    """
    if (directory / layout.RUN).exists():
        return _read_cells(directory, read_meta(directory), read)
    if not (directory / layout.CELL).exists():
        raise RecordError(_no_run(directory))
    data = read(directory)
    if data.cell.complete and not is_pending(directory.resolve()):
        return Run(path=directory, cells=(data,))
    return Run(path=directory, incomplete=(data.cell.name,), recorded=line_count(directory / layout.REQUESTS))


def _read_cells(directory: Path, meta: dict[str, Any], read: Callable[[Path], CellData]) -> Run:
    cells, cut, earlier, worse = list[CellData](), list[str](), list[str](), list[str]()
    broken, recorded = list[Exception](), 0
    lost = [
        Lost(name=name_of(directory, path), why="")
        for path in cell_directories(directory, layout.REQUESTS)
        if not (path / layout.CELL).exists() and (path / layout.REQUESTS).stat().st_size
    ]
    for path in cell_directories(directory):
        name = name_of(directory, path)
        try:
            if (cell := cell_of(path)).complete and cell.name != name:
                raise RecordError(f"{path}: its cell.json is that of {cell.name}")
            if is_complete(directory, path):
                cells.append(read(path))
                if path != (last := of_cell(path)):
                    ended = (last / layout.CELL).exists() and is_complete(directory, last)
                    (worse if ended else earlier).append(name)
            else:
                cut.append(name)
                recorded += line_count(path / layout.REQUESTS)
        except (RecordError, OSError) as error:
            if isinstance(error, OSError) and of_the_disk(error):
                raise
            broken.append(error)
            said = in_words(error) if isinstance(error, OSError) else str(error)
            lost.append(Lost(name=name, why=said.replace(f"{path}/", "").removeprefix(f"{path}: ")))
    if broken and not cells:
        raise broken[0]
    recorded += sum(
        line_count(directory / layout.CELLS / one.name / layout.REQUESTS) for one in lost if not one.why
    )
    return Run(
        path=directory, meta=meta, cells=tuple(cells), incomplete=tuple(cut), earlier=tuple(earlier),
        last_worse=tuple(worse), recorded=recorded, lost=tuple(lost),
    )  # fmt: skip


def _no_run(directory: Path) -> str:
    """What else it is: nothing, or the folder of many runs, of which one has to be named."""
    if not directory.is_dir():
        return f"{directory} is no folder" if directory.exists() else f"there is no folder {directory}"
    found = [
        path.parent
        for path in (*directory.glob(f"*/{layout.RUN}"), *directory.glob(f"*/{layout.CELL}"))
        if path.is_file()
    ]
    if not found:
        return f"{directory} holds neither {layout.RUN} nor {layout.CELL}"
    found.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    names = [path.name for path in found[:MOST_NAMED]]
    more = f" and {len(found) - len(names)} more" if len(found) > len(names) else ""
    return (
        f"{directory} is no run itself, it holds {', '.join(names)}{more}: name one, such as "
        f"report {shlex.quote(str(found[0]))}"
    )


def search_sentence(folder: Path) -> str:
    """The answer of the search whose cell lies in ``folder``, as one line for a terminal.

    Raises:
        RecordError: search.json is missing, cannot be read, or holds no sentence.
    """
    path = folder / layout.SEARCH
    try:
        raw = read_json(path)
    except OSError as error:
        raise RecordError(f"{path} cannot be read: {error.strerror}") from error
    sentence = raw.get("sentence") if isinstance(raw, dict) else None
    if not isinstance(sentence, str) or not sentence:
        raise RecordError(f"{path} holds no sentence")
    return harmless(sentence)
