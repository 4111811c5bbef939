"""What a run's cells taught: which may be measured again, which are left out or given up, and why that is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from records.cells import layout
from records.cells.folders import that_counts
from records.cells.other_programs import TO_DO, OtherProgram, in_words
from records.cells.reader import CellData, read_cell
from records.errors import RecordError
from sweep.choosing.again import MOST_TIMES, failed_by_target, spoiled, times
from sweep.choosing.foreseen import foreseen_knee
from sweep.choosing.search import Search
from sweep.choosing.spoiling import Machine
from sweep.measuring.progress import Progress
from sweep.planning.cell_key import CellKey, Series
from sweep.planning.plan import Plan
from workloads.catalogue import check_named, workload
from workloads.checks.machine import notable


@dataclass
class Course:
    """Of one run. What is decided here is said where it is decided, once."""

    run: Path
    plan: Plan
    progress: Progress
    search: Search
    skipped: list[CellKey] = field(default_factory=list)
    """What there was no time for, or no hope."""
    left_out: dict[CellKey, str] = field(default_factory=dict)
    """What nobody would have got a good answer in, and why."""
    spoiled: dict[CellKey, str] = field(default_factory=dict)
    """Why cells failed that may be measured again: the machine's doing, or they were too short."""
    machine: Machine = field(init=False)
    _not_repeated: set[Series] = field(default_factory=set)
    """As was said."""
    _others_said: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.machine = Machine(plan=self.plan)

    @property
    def given_up(self) -> str | None:
        """Why not all of the plan was measured, though there was time; None where there is another reason."""
        return self.machine.spoils_all if self.skipped or self.spoiled else None

    def kept(self) -> dict[str, Any]:
        """What run.json says of it."""
        return {
            "budget_ended": bool(self.skipped) and not self.given_up,
            "not_measured": [key.path for key in (*self.skipped, *self.left_out)],
            "not_measured_because": {key.path: why for key, why in self._because()},
            "not_measured_again": [key.path for key in self.spoiled],
        }

    def _because(self) -> Iterator[tuple[CellKey, str]]:
        if why := self.given_up:
            yield from ((key, why) for key in self.skipped)
        yield from self.left_out.items()

    def took(self, key: CellKey, data: CellData) -> None:
        """A cell was measured now."""
        self.machine.took(data.cell, _by_pid(data.cell.other_programs or ()))
        self.learn(key, data)

    def learn(self, key: CellKey, data: CellData) -> None:
        """What follows from a cell that was measured, now or before: from the try that counts, as in the
        report. ``data``: the last."""
        data = self._that_counts(key, data)
        self.machine.found(data.cell)
        answered = not data.requests or any(request.outcome == "ok" for request in data.requests)
        cell = data.cell
        throughput = workload(cell.workload).throughput.in_cell(cell) if cell.verdict.valid else None
        self.search.took(key, throughput, answered=answered, failed=failed_by_target(cell))
        if key.repeat == 1 and key.concurrency in self.plan.levels:
            self._foresee(key.series)
        if (why := spoiled(cell, self.plan)) and times(self._folder(key)) < MOST_TIMES:
            self.spoiled[key] = why

    def worth_it(self, key: CellKey) -> bool:
        """Can there be a good answer? If not, the cell is left out."""
        why = self.search.why_pointless(key)
        if why is not None:
            self.left_out[key] = why
            if key.repeat > 1:
                self._report_if_always_failed(key)
            return False
        return True

    def leave(self, key: CellKey, why: str) -> None:
        """Measure its service no more in this repeat."""
        self.search.gone[key.service] = why
        self.spoiled.pop(key, None)
        self.progress.note(f"{key.path}: {why}; {'/'.join(key.service)} is measured no more in this repeat")

    def report_others(self, key: CellKey, data: CellData) -> None:
        """The programs that may have kept the load from its CPU, where a cell failed for that; each once."""
        others = data.cell.other_programs or ()
        if (
            (found := set(map(str, others)) - self._others_said)
            and (told := _by_pid(others))
            and any(check_named(check.name).of_the_machine for check in data.cell.verdict.failures)
        ):
            self._others_said |= found
            self.progress.note(f"{key.path}: meanwhile {told}")

    def spoiled_in(self, repeat: int) -> list[CellKey]:
        return [key for key in self.spoiled if key.repeat == repeat]

    def report_if_unanswered(self, key: CellKey) -> None:
        if self.search.unanswered.get(key.series) == key.concurrency:
            lowest = min(self.plan.levels, default=key.concurrency)
            level = "" if key.concurrency == lowest else f" by {key.concurrency} users or more"
            self.progress.note(
                f"{key.deployment}/{key.config} is asked no more{_others(key)}{level}: not one good answer"
            )

    def _report_if_always_failed(self, key: CellKey) -> None:
        why = self.search.always_failed(key.series)
        if key.series in self._not_repeated or key.series in self.search.unanswered or why is None:
            return
        self._not_repeated.add(key.series)
        self.progress.note(
            f"{key.deployment}/{key.config} is not measured again{_others(key)}: the target failed every "
            f"cell of the first repeat, not the machine ({why})"
        )

    def _foresee(self, series: Series) -> None:
        """Predict a knee by the levels that all series share, once they are there."""
        if not self.plan.auto or self.search.begins(series):
            return
        keys = [key for key in self.plan.cells() if (key.series, key.repeat) == (series, 1)]
        folders = [that_counts(self.run, folder) for folder in map(self._folder, keys) if folder.exists()]
        self.search.foresee(series, foreseen_knee(self.run, folders))

    def _that_counts(self, key: CellKey, last: CellData) -> CellData:
        """The last where an earlier one that counts cannot be read."""
        path = that_counts(self.run, self._folder(key))
        if path == last.path:
            return last
        with suppress(RecordError, OSError):
            return read_cell(path)
        return last

    def _folder(self, key: CellKey) -> Path:
        return self.run / layout.CELLS / key.path


def _others(key: CellKey) -> str:
    return key.point.others.label and f" at {key.point.others.label}"


def _by_pid(programs: Iterable[OtherProgram]) -> str:
    """In words, and what to do: several may bear one name. Empty where they took little together."""
    said = in_words({str(one): one.cores for one in notable(tuple(programs))})
    return said and f"{said}; {TO_DO}"
