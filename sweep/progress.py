"""What a person sees while a sweep runs: a bar on a terminal, a line a cell elsewhere."""

from __future__ import annotations

import statistics
import time

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar

from records.checks import measured
from records.reader import CellData
from sweep.plan import CellKey


class Progress:
    """Counts cells and says how much time is left, from the cells measured so far."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TextColumn("{task.fields[left]}"),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._task = self._bar.add_task("starting", total=None, left="")
        self._total = self._done = self._measured = 0
        self._expected = 0.0
        self._began = time.monotonic()

    def __enter__(self) -> Progress:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def start(self, total: int, expected_seconds: float) -> None:
        self._total, self._expected = total, expected_seconds
        self._bar.update(self._task, total=total, left=f"about {_clock(expected_seconds)}")

    def add(self, cells: int) -> None:
        self._total += cells
        self._bar.update(self._task, total=self._total)

    def say(self, what: str) -> None:
        width = max(20, self._console.width - 45)
        self._bar.update(self._task, description=escape(what[:width]))

    def cell(self, key: CellKey, data: CellData, rps: float, *, measured: bool) -> None:
        """One cell is done (or was already there, when a sweep is resumed)."""
        self._done += 1
        self._measured += measured
        left = self._left()
        self._bar.update(self._task, completed=self._done, left=f"{left} left" if left else "")
        if measured:
            self._console.print(escape(self._line(key, data, rps)), highlight=False, soft_wrap=True)

    def _left(self) -> str:
        if not self._measured:
            return ""
        each = (time.monotonic() - self._began) / self._measured
        return _clock(max(0, self._total - self._done) * each)

    def _line(self, key: CellKey, data: CellData, rps: float) -> str:
        ttft = [r.ttft_ms for r in measured(data.requests, data.cell.window) if r.ttft_ms is not None]
        median = f"{statistics.median(ttft):7.1f}" if ttft else "      -"
        line = f"[{self._done:>2}/{self._total}] {key.path:<34} {rps:7.1f} RPS  TTFT p50 {median} ms"
        left = self._left()
        bad = "; ".join(check.text for check in data.cell.verdict.failures)
        return line + (f"  ({left} left)" if left else "") + (f"\n        INVALID: {bad}" if bad else "")


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
