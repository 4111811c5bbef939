"""Reading a results directory: a run of many cells, or a single cell."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from records.cells import layout
from records.cells.cell import SCHEMA_VERSION, Cell, Check, Verdict
from records.cells.measure import measured
from records.cells.request import RequestRecord, decode, slim
from records.cells.spans import Traces, read_gathered, read_traces, with_stages
from records.errors import RecordError
from records.files import read_json, read_lines
from records.secrets.secret_names import harmless

TARGET_ENDED = "target-ended"
MOST_NAMED = 5
"""Of the runs in a folder, the newest."""


@dataclass(frozen=True, kw_only=True)
class CellData:
    """A cell with its raw requests, in the order in which they were written."""

    cell: Cell
    path: Path
    requests: tuple[RequestRecord, ...] = ()

    @property
    def lost(self) -> str | None:
        """How it was found that its records are not all there; None when they are."""
        return next((check.text for check in self.cell.verdict.failures if check.name == "records"), None)


@dataclass(frozen=True, kw_only=True)
class Run:
    """What ``report`` reads: the run's own facts and its complete cells, sorted by name."""

    path: Path
    meta: dict[str, Any] = field(default_factory=dict)
    cells: tuple[CellData, ...] = ()
    incomplete: tuple[str, ...] = ()


def cell_directories(run: Path) -> Iterator[Path]:
    """The cells' folders below a run, those that were set aside, or measured again, left out."""
    for path in sorted(run.glob(f"{layout.CELLS}/*/*/*/{layout.CELL}")):
        if layout.PARTIAL not in path.parent.name and layout.TRY not in path.parent.name:
            yield path.parent


def is_complete(run: Path, directory: Path) -> bool:
    """Is a cell of a run finished? It is when it says so and lies where its name says.

    Locust writes it whole, and says so, once it is judged. One by another name was measured for something
    else: by an older version it was not held against its plan yet. Logs and profiles, which a sweep moves in
    later, do not make a cell.

    Raises:
        RecordError: its cell.json is missing or is not one.
    """
    cell = _cell(directory)
    return cell.complete and cell.name == directory.relative_to(run / layout.CELLS).as_posix()


def _cell(directory: Path) -> Cell:
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


def read_cell(directory: Path) -> CellData:
    """A cell whose records are not those that were counted at the load's end fails the check ``records``.

    Raises:
        RecordError: a file is missing, from another schema, or has a bad line.
    """
    cell = _cell(directory)
    requests = tuple(requests_of(directory, cell))
    lost = all_there(cell, len(requests), len(measured(requests, cell.window)))
    ended = Verdict(checks=_ended(directory))  # first, for it explains the others
    cell = replace(cell, verdict=ended.merged(cell.verdict.merged(lost).checks))
    return CellData(cell=cell, path=directory, requests=requests)


def _ended(directory: Path) -> tuple[Check, ...]:
    """A failed check where the sweep saw that the target ended meanwhile, which the load met as refusals."""
    path = directory / layout.ENDED
    raw = read_json(path) if path.exists() else None
    text = raw.get("text") if isinstance(raw, dict) else None
    if not isinstance(text, str):
        return ()
    advice = f"see why in {layout.TARGET_LOG}"
    said = f"{harmless(text)}; {advice}"
    return (Check(name=TARGET_ENDED, status="fail", text=said, advice=advice),)


def read_head(directory: Path) -> CellData:
    """A cell with the first of its requests alone, for who goes over `requests_of` it. It was not seen yet
    whether they are `all_there`. Raises as `read_cell`."""
    cell = _cell(directory)
    return CellData(cell=cell, path=directory, requests=tuple(islice(requests_of(directory, cell), 1)))


def requests_of(directory: Path, cell: Cell) -> Iterator[RequestRecord]:
    """The records of a cell, one after the other. Raises as `read_cell`."""
    path = directory / layout.REQUESTS
    if cell.complete and not path.exists():
        raise RecordError(f"{path} is missing")
    if path.exists():
        traces = _traces(directory / layout.SPANS)
        for number, line in read_lines(path):
            try:
                yield with_stages(slim(decode(line)), traces)
            except RecordError as error:
                raise RecordError(f"{path}:{number}: {error}") from error


def _traces(path: Path) -> Traces:
    """The spans that say what a cell's stages took; none by a clock that is not the load's."""
    if not path.exists():
        return {}
    return {} if read_gathered(path).other_clock else read_traces(path)


def all_there(cell: Cell, records: int, counted: int) -> tuple[Check, ...]:
    """A failed check where records were lost, or written twice, since the load's end counted them: those
    that there are now, and of them the measured ones."""
    if not cell.complete:
        return ()
    # Not every cell.json has ``records``.
    kinds = (
        ("measured requests", counted, cell.achieved.get("requests")),
        ("requests", records, cell.achieved.get("records")),
    )
    for what, found, wanted in kinds:
        if wanted not in (None, found):
            text = f"requests.jsonl holds {found} {what}, at the load's end there were {wanted}"
            return (Check(name="records", status="fail", figure=found, bound=wanted, text=text),)
    return ()


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
        RecordError: neither a run nor a cell, or a file in it that cannot be believed.
    """
    if (directory / layout.RUN).exists():
        meta = read_meta(directory)
        paths = list(cell_directories(directory))
        whole = [path for path in paths if is_complete(directory, path)]
        cells = [read(path) for path in whole]
        cut = [path.relative_to(directory / layout.CELLS).as_posix() for path in paths if path not in whole]
    elif (directory / layout.CELL).exists():
        meta, data = {}, read(directory)
        cells = [data] if data.cell.complete else []
        cut = [] if data.cell.complete else [data.cell.name]
    else:
        raise RecordError(_no_run(directory))
    return Run(
        path=directory,
        meta=meta,
        cells=tuple(cells),
        incomplete=tuple(cut),
    )


def _no_run(directory: Path) -> str:
    """What else it is: nothing, or the folder of many runs, of which one has to be named."""
    if not directory.is_dir():
        return f"there is no folder {directory}"
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
