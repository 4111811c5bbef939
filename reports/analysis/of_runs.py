"""Notes on what was run: was it proved and finished, how often, on which CPUs?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from records.cells.reader import Run
from records.secrets.secret_names import harmless
from records.services.served import AS_IS
from reports.analysis.analysis import Analysis
from reports.analysis.note import Note
from reports.figures.pooling.alike import is_older
from reports.figures.summary import CellSummary

COMPLETE = "complete"
"""The status of a run whose sweep came to its end."""
FEW_REPEATS = 5
"""With fewer, intervals know little of the noise between runs."""


@dataclass(frozen=True, kw_only=True)
class NotProved(Note):
    """Their configuration was set, and the service does not say what it runs."""

    code = "not-proved"
    cells: tuple[str, ...]
    of: int


@dataclass(frozen=True, kw_only=True)
class AsIs(Note):
    """Nothing was set, and the service does not say what it runs."""

    code = "as-is"
    cells: tuple[str, ...]
    of: int


@dataclass(frozen=True, kw_only=True)
class NotVerified(Note):
    """Nobody verified whose service answered (``--insecure``)."""

    code = "not-verified"
    cells: tuple[str, ...]
    of: int


@dataclass(frozen=True, kw_only=True)
class Older(Note):
    """Cells that do not tell what was started, nor what their questions were; others, or other directories,
    are beside them."""

    code = "older"
    cells: tuple[str, ...]
    of: int


@dataclass(frozen=True, kw_only=True)
class Lost(Note):
    """Measured cells that no figure has, ``source: name``: no cell.json lies beside their requests,"""

    code = "lost"
    without_cell: tuple[str, ...]
    unreadable: tuple[str, ...]
    """or it, or the requests, cannot be read: ``source: name (why)``."""


@dataclass(frozen=True, kw_only=True)
class Incomplete(Note):
    """Cells without an end, ``source: name``: never used."""

    code = "incomplete"
    cells: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class EarlierTry(Note):
    """Cells, ``source: name``, whose last try has no end: the best of the earlier ones counts."""

    code = "earlier-try"
    cells: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Unfinished(Note):
    """A sweep that never said that it was complete: which cells it lacks, as far as its plan knew them."""

    code = "unfinished"
    source: str
    status: str
    missing: tuple[str, ...]
    directory: str


@dataclass(frozen=True, kw_only=True)
class BudgetEnded(Note):
    """The sweep ended before its plan did."""

    code = "budget-ended"
    source: str


OUT_OF_TIME = "the budget ended the sweep first"


@dataclass(frozen=True, kw_only=True)
class GivenUp(Note):
    """Cells of the plan that a complete sweep left out, for their like could not be measured or it had no
    time left."""

    code = "given-up"
    cells: tuple[str, ...]
    why: str
    """As the sweep said it; empty: it was of a version that did not keep it."""


@dataclass(frozen=True, kw_only=True)
class MeasuredAgain(Note):
    """Cells that failed before they were valid: the machine had spoiled them, or they were too short."""

    code = "measured-again"
    cells: tuple[str, ...]
    of: int
    last_worse: tuple[str, ...] = ()
    """Those whose last try failed more checks than an earlier one, which counts."""


@dataclass(frozen=True, kw_only=True)
class OneRepeat(Note):
    """Intervals know nothing of the noise between runs; ``most``: repeats that some other level has."""

    code = "one-repeat"
    most: int


@dataclass(frozen=True, kw_only=True)
class FewRepeats(Note):
    """Intervals know little of the noise between runs."""

    code = "few-repeats"
    repeats: int


@dataclass(frozen=True, kw_only=True)
class Cpus(Note):
    """Which CPUs were whose, in some cells. ``target`` null: wherever it runs."""

    code = "cpus"
    load: tuple[int, ...]
    target: tuple[int, ...] | None
    realtime: bool


def _status(cell: CellSummary, name: str) -> str | None:
    return next((check.status for check in cell.cell.verdict.checks if check.name == name), None)


def _was_set(cell: CellSummary) -> bool:
    """Was anything? Of a cell that does not tell what, a name of its own says so."""
    kept = [cell.cell.requested.get(key) for key in ("set", "variant")]
    return cell.cell.config != AS_IS and (None in kept or any(kept))


def proof(analysis: Analysis) -> Iterator[Note]:
    """Cells whose configuration was never proved, and of which there are figures."""
    cells = [
        c
        for c in analysis.cells
        if c.figures.good and (_status(c, "configuration") == "n/a" or c.cell.config == AS_IS)
    ]
    kinds: tuple[tuple[type[NotProved | AsIs], list[CellSummary]], ...] = (
        (NotProved, [c for c in cells if _was_set(c)]),
        (AsIs, [c for c in cells if not _was_set(c)]),
    )
    for kind, found in kinds:
        if found:
            yield kind(cells=tuple(map(analysis.named, found)), of=len(analysis.cells))


def verified(analysis: Analysis) -> Iterator[Note]:
    found = [c for c in analysis.cells if (c.cell.requested.get("tls") or {}).get("insecure") is True]
    if found:
        yield NotVerified(cells=tuple(map(analysis.named, found)), of=len(analysis.cells))


def older(analysis: Analysis) -> Iterator[Note]:
    """Of one directory alone all cells are of one service, whether they tell it or not."""
    found = [cell for cell in analysis.cells if is_older(cell.cell)]
    if found and (len(found) < len(analysis.cells) or len(analysis.sources) > 1):
        yield Older(cells=tuple(map(analysis.named, found)), of=len(analysis.cells))


def lost(analysis: Analysis) -> Iterator[Note]:
    every = [
        (f"{source.name}: {one.name}", one.why) for source in analysis.sources for one in source.run.lost
    ]
    if every:
        yield Lost(
            without_cell=tuple(harmless(name) for name, why in every if not why),
            unreadable=tuple(harmless(f"{name} ({why})") for name, why in every if why),
        )


def finished(analysis: Analysis) -> Iterator[Note]:
    if analysis.incomplete:
        yield Incomplete(cells=analysis.incomplete)
    if earlier := [f"{source.name}: {name}" for source in analysis.sources for name in source.run.earlier]:
        yield EarlierTry(cells=tuple(harmless(one) for one in earlier))
    for source in analysis.sources:
        status = source.run.meta.get("status", COMPLETE)
        if status != COMPLETE:
            yield Unfinished(
                source=source.name,
                status=harmless(str(status)),
                missing=_missing(source.run),
                directory=harmless(str(source.run.path)),
            )
    for source in analysis.sources:
        if source.budget_ended:
            yield BudgetEnded(source=source.name)
        for why, cells in _left_out(source.run).items():
            yield GivenUp(cells=tuple(cells), why=why or (OUT_OF_TIME if source.budget_ended else ""))


def _left_out(run: Run) -> dict[str, list[str]]:
    """The cells that a complete sweep left out, by the reason."""
    found, because = run.meta.get("not_measured"), run.meta.get("not_measured_because")
    left_out: dict[str, list[str]] = {}
    if run.meta.get("status", COMPLETE) == COMPLETE and isinstance(found, list):
        for cell in map(str, found):
            why = str(because.get(cell, "")) if isinstance(because, dict) else ""
            left_out.setdefault(harmless(why), []).append(harmless(cell))
    return left_out


def _missing(run: Run) -> tuple[str, ...]:
    """Older runs do not list what was planned: of them, the cells that were begun."""
    planned = run.meta.get("planned")
    names = [name for name in planned if isinstance(name, str)] if isinstance(planned, list) else []
    there = {data.cell.name for data in run.cells}
    return tuple(harmless(name) for name in dict.fromkeys([*names, *run.incomplete]) if name not in there)


def again(analysis: Analysis) -> Iterator[Note]:
    worse = {(source.name, name) for source in analysis.sources for name in source.run.last_worse}
    ended_worse = [
        c for c in analysis.cells if any((part.source, part.data.cell.name) in worse for part in c.parts)
    ]
    tried = [
        c
        for c in analysis.cells
        if c in ended_worse or any(p.data.cell.achieved.get("earlier_tries") for p in c.parts)
    ]
    if tried:
        yield MeasuredAgain(
            cells=tuple(map(analysis.named, tried)),
            of=len(analysis.cells),
            last_worse=tuple(map(analysis.named, ended_worse)),
        )


def one_repeat(analysis: Analysis) -> Iterator[Note]:
    if analysis.repeats == 1:
        yield OneRepeat(most=analysis.most_repeats)


def few_repeats(analysis: Analysis) -> Iterator[Note]:
    if 1 < analysis.repeats < FEW_REPEATS:
        yield FewRepeats(repeats=analysis.repeats)


def cpus(analysis: Analysis) -> Iterator[Note]:
    """One for each way in which they were divided; none where it was not kept."""
    divisions = [part.data.cell.division for cell in analysis.cells for part in cell.parts]
    yield from dict.fromkeys(
        Cpus(load=one.load, target=one.target, realtime=one.realtime)
        for one in divisions
        if one.load and one.target != ()
    )
