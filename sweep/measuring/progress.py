"""What a person sees while a sweep runs: a bar on a terminal, a line a cell elsewhere."""

from __future__ import annotations

import statistics
import sys
import textwrap
import time
from collections.abc import Sequence

from rich.console import Console, RenderableType
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar

from records.cells.cell import Check
from records.cells.measure import measured, timed
from records.cells.reader import CellData
from records.files import discard
from sweep.choosing.again import MOST_TIMES
from sweep.planning.cell_key import CellKey
from workloads.catalogue import check_named, workload
from workloads.checks.advice import in_one_line

NARROW = 60  # columns; a terminal narrower than this has no room for a bar
QUIET_SECONDS = 15.0  # without a terminal, the longest that nothing is said while targets start


class ErrorConsole(Console):
    """Standard error. When its reader leaves (``2>&1 | head -1``) the sweep goes on, unwatched."""

    def __init__(self) -> None:
        super().__init__(stderr=True)

    def on_broken_pipe(self) -> None:
        discard(sys.stderr)


class Progress:
    """Counts cells and says how much time is left, from the cells measured so far."""

    def __init__(self, console: Console) -> None:
        self._console = console
        columns = [TextColumn("{task.description}"), MofNCompleteColumn(), TextColumn("{task.fields[left]}")]
        if console.width >= NARROW:
            columns.insert(1, BarColumn(bar_width=20))
        self._bar = Bar(
            *columns,
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._task = self._bar.add_task("starting", total=None, left="")
        self._total = self._done = self._measured = self._again = 0
        self._pending: Sequence[int] = ()
        self._told: set[tuple[str, ...]] = set()
        """The checks of the machine whose failing together was told in full."""
        self._invalid: set[str] = set()
        """Cells that were said to be invalid, and why."""
        self._measuring_seconds = self._starts_ahead_seconds = 0.0
        self._budget_seconds: float | None = None
        self._began = self._said_at = time.monotonic()
        self._reported = ""

    def __enter__(self) -> Progress:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def start(self, total: int, expected_seconds: float, budget_seconds: float | None) -> None:
        self._budget_seconds = budget_seconds
        self._expect(total)
        self._bar.update(self._task, left=f"about {_clock(self._within_budget(expected_seconds))}")

    def _expect(self, total: int) -> None:
        """There are so many cells in all, as far as is known by now."""
        self._total = total
        self._bar.update(self._task, total=total)

    def shown(self) -> RenderableType:
        """The bar as it stands."""
        return self._bar.get_renderable()

    def report(self, what: str) -> None:
        """What goes on: in the bar; without a terminal as a line, if there was none for some time."""
        taken = 45 if self._console.width >= NARROW else 20
        width = max(10, self._console.width - taken)
        short = what if len(what) <= width else f"{what[: width - 1]}…"
        self._bar.update(self._task, description=escape(short))
        if time.monotonic() - self._said_at >= QUIET_SECONDS:
            self.step(f"still {what}" if what == self._reported else what)
            self._reported = what

    def step(self, what: str) -> None:
        """A line where there is no bar."""
        if not self._console.is_terminal:
            self.note(what)

    def note(self, text: str) -> None:
        """A line that stays; on a terminal what does not fit goes on below, a little to the right."""
        self._said_at = time.monotonic()
        lines = text.split("\n")
        if self._console.is_terminal:
            lines = [part for line in lines for part in _wrapped(line, self._console.width)]
        for line in lines:
            self._console.print(escape(line), highlight=False, soft_wrap=True)

    def present(self, total: int) -> None:
        """A cell was already there, when a sweep is resumed."""
        self._done += 1
        self._expect(total)

    def again(self, key: CellKey, number: int, most: int, why: str, *, seconds: float | None = None) -> None:
        """A cell is measured again; ``seconds``: for how long at most, where that is more than before."""
        because = "" if key.path in self._invalid else f", because {why}"
        longer = "" if seconds is None else f", for {seconds:g} s at most"
        self.note(f"again ({number} of {most}): {key.path}{longer}{because}")

    def cell(
        self,
        key: CellKey,
        data: CellData,
        total: int,
        *,
        seconds: float,
        starts_ahead_seconds: float = 0.0,
        pending: Sequence[int] = (),
        again: bool = False,
    ) -> None:
        """One cell is measured, for the first time or ``again``, which took so many ``seconds``.

        There are ``total``, as far as is known. ``pending``: of each of those measured that will be measured
        again, how often it may be.
        ``starts_ahead_seconds``: what starting targets will still take.
        """
        self._measuring_seconds += seconds
        self._starts_ahead_seconds = starts_ahead_seconds
        self._done += not again
        self._measured += 1
        self._again += again
        self._pending = pending
        self._expect(total)
        self._bar.update(self._task, completed=self._done, left=f"{self._left()} left")
        self.note(self._line(key, data))

    def _left(self) -> str:
        """Targets start once a repeat, whatever the number of cells. As many as until now will be spoiled, of
        those that are measured again, too; what has had a try has one less before it."""
        each = self._measuring_seconds / self._measured
        share = min(1.0, (self._again + len(self._pending)) / (self._measured + 1))
        first = sum(share**tries for tries in range(MOST_TIMES + 1))
        further = sum(share**tries for most in self._pending for tries in range(most))
        cells = ((self._total - self._done) * first + further) * each
        return _clock(self._within_budget(cells + (self._starts_ahead_seconds if cells else 0.0)))

    def _within_budget(self, seconds: float) -> float:
        if self._budget_seconds is None:
            return seconds
        return max(0.0, min(seconds, self._budget_seconds - (time.monotonic() - self._began)))

    def _line(self, key: CellKey, data: CellData) -> str:
        cell = data.cell
        kind = workload(cell.workload)
        shown, per = kind.median, kind.throughput
        values = shown.metric.values(timed(data.requests, cell.window))
        median = f"{statistics.median(values):7.1f}" if values else "      -"
        rate = per.in_cell(cell) or 0.0
        figure = f"{rate:7.3g}" if 0 < rate < 1 else f"{rate:7.1f}"
        line = f"[{self._done:>2}/{self._total}] {key.path:<29} {figure} {per.title}"
        line += f"  {shown.title} {median} {shown.metric.unit}"
        late = len(measured(data.requests, cell.window)) - len(timed(data.requests, cell.window))
        line += f"  {late} late" if late else ""
        if not self._console.is_terminal:  # there the bar says it
            line += f"  ({self._left()} left)"
        failed = cell.verdict.failures
        return f"{line}\n        INVALID: {self._why(key, failed)}" if failed else line

    def _why(self, key: CellKey, failed: Sequence[Check]) -> str:
        """All of it once; then what a busy machine fails has its names alone, for it says the same again, in
        other figures."""
        self._invalid.add(key.path)
        names = tuple(sorted(check.name for check in failed))
        if names in self._told:
            return f"{', '.join(names)}, as above"
        if not all(check_named(name).of_the_machine for name in names):
            return in_one_line(failed)
        self._told.add(names)
        return f"{', '.join(names)}: {in_one_line(failed)}"  # by the names a later line refers to it


def _wrapped(line: str, width: int) -> list[str]:
    indent = " " * (8 if width >= NARROW else 2)
    return textwrap.wrap(
        line, width, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False
    ) or [""]


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
