"""A search as it runs: each level is set, settles, is measured and judged. No locust."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from typing import Any

from loadgen.shapes.coordinator import LevelCoordinator
from loadgen.shapes.level_table import aligned
from loadgen.shapes.measured import SETTLE_S
from loadgen.shapes.phases import PhaseObservations
from loadgen.shapes.search import Outcome, Search, Status, judge
from loadgen.shapes.slo import Judged, Slo
from records.cells import layout
from records.cells.levels import unit_of
from records.exit_codes import INVALID, SLO_MISSED
from records.files import write_json

CLEAR_S = 60.0
"""An open loop that missed leaves a queue behind; the next level waits at most so long for its end."""
LOOP_LAG_P99_MS = 20.0
"""With a longer lag than this a level that missed did not necessarily miss for the service's sake."""
LATE_TRIES = 3
"""A level that missed while the load generator was late itself is measured at most so many times."""
STOPPED = "it was stopped"
log = logging.getLogger(__name__)


class Stage(Enum):
    CLEARING = auto()
    SETTLING = auto()
    MEASURING = auto()


@dataclass(frozen=True, kw_only=True)
class Row:
    """A level that was measured."""

    level: float
    seconds: float
    judged: Judged
    status: Status
    late_ms: float
    """The generator's own lag (p99) where it spoils the level, else 0: late, it misses what the service would
    keep, so that nothing is known; and the users of a closed loop may ask less than they would."""
    asked_less: float = 0.0
    """Of a closed loop: the share of each user's cycle (from question to question) that was the generator's
    own lag, the average one once a cycle. By Little's law a cycle lasts users * seconds / answers."""


@dataclass(kw_only=True)
class Searcher:
    """``tick`` is the shape's. ``phases`` numbers the phases of all searches of this process."""

    levels: LevelCoordinator
    slo: Slo
    search: Search
    level_s: float
    limit_s: float
    phases: Iterator[int]
    rows: list[Row] = field(default_factory=list)
    stopped: str = ""
    """Why it ended before it was done."""

    def __post_init__(self) -> None:
        self._level = self.search.first
        self._tries = 0
        self._begin(Stage.SETTLING, fresh=True)

    @property
    def over(self) -> bool:
        return bool(self.stopped) or self.search.level is None

    def tick(self) -> tuple[int, float] | None:
        """What locust is to run from now on; None: the search is over."""
        if self.levels.elapsed_s > self.limit_s:
            self.stopped = f"the {self.limit_s:g} seconds it was given (-t, --search-seconds) were over"
        elif self.levels.began:
            self._advance()
        if self.over:
            return None
        load = 0.0 if self._stage is Stage.CLEARING else self._level
        told = self.levels.tick(load, phase=self.observed.phase, fresh=self._fresh)
        if told is None:
            self.stopped = STOPPED
        return told

    def _begin(self, stage: Stage, *, fresh: bool = False) -> None:
        self._stage, self._fresh, self.observed = stage, fresh, PhaseObservations(next(self.phases))
        if stage is Stage.MEASURING:
            self.levels.log.begin(self._level, Status.UNKNOWN.value)

    def _advance(self) -> None:
        observed = self.observed
        if self._stage is Stage.CLEARING:
            if observed.idle or observed.seconds > CLEAR_S:
                self._begin(Stage.SETTLING, fresh=True)
        elif self._stage is Stage.SETTLING:
            if observed.seconds >= SETTLE_S and (
                observed.answers >= self._level or observed.seconds >= self.level_s
            ):
                self._begin(Stage.MEASURING)
        elif observed.seconds >= self.level_s:
            careful = self.search.confirming
            judged, found = judge(self.slo, observed.parts, usual=self.level_s, careful=careful)
            if found:
                self._judged(judged, found)

    def _judged(self, judged: Judged, found: Status) -> None:
        lag_ms = self.observed.lag_p99_ms if self.observed.lag_p99_ms > LOOP_LAG_P99_MS else 0.0
        # No lag makes a request hang for longer than itself: such a miss is the service's.
        hang = judged.overdue > 0 and self.slo.over_ms(judged) > lag_ms
        late = bool(lag_ms) and found is Status.MISSED and not hang
        seconds, open_loop = self.observed.seconds, self.levels.open_loop
        cycle_ms = 1e3 * self._level * seconds / max(1, judged.answers)
        row = Row(
            level=self._level,
            seconds=seconds,
            judged=judged,
            status=Status.UNKNOWN if late else found,
            late_ms=lag_ms if late or not open_loop else 0.0,
            asked_less=0.0 if open_loop else min(1.0, self.observed.lag_mean_ms / cycle_ms),
        )
        self.rows.append(row)
        self.levels.log.end(row.status.value)
        log.info("%s: %s", self.named(row.level), self._said(row))
        self._tries += 1
        if not late or self._tries >= LATE_TRIES:
            self._tries = 0
            self.search.report(row.status)
            if self.search.level is None:
                return
            self._level = self.search.level
        self._begin(Stage.CLEARING if open_loop else Stage.SETTLING, fresh=True)

    # -- what came of it ---------------------------------------------------------------------------

    def named(self, level: float) -> str:
        if self.levels.open_loop:
            return f"{level:g} requests/s"
        return "1 user" if level == 1 else f"{level:g} users"

    @property
    def best(self) -> Row | None:
        """The last measurement of the highest level that met."""
        mine = [r for r in self.rows if r.level == self.search.low and r.status is Status.MET]
        return mine[-1] if mine else None

    @property
    def sentence(self) -> str:
        """The answer in a line."""
        what = "rate" if self.levels.open_loop else "concurrency"
        best, search, outcome = self.best, self.search, self.search.outcome
        if outcome is Outcome.FOUND and best is not None:
            at_least = "at least " if search.high is None else ""
            return (
                f"highest {what} that meets {self.slo}: {at_least}{self.named(best.level)}, "
                f"goodput {_rate(best.judged.goodput)}/s{_spoilt(best)}"
            )
        if outcome is Outcome.NONE:
            return f"not even {self.named(search.first)} meets {self.slo}"
        so_far = f"the highest {what} that met was {self.named(best.level)}" if best else "none met"
        return f"inconclusive about {self.slo}: {self._why}; {so_far}"

    @property
    def _why(self) -> str:
        if self.stopped:
            return self.stopped
        unknown = next((r for r in reversed(self.rows) if r.status is Status.UNKNOWN), None)
        if unknown is None:
            return "nothing was measured"
        if unknown.late_ms:
            return (
                f"at {self.named(unknown.level)} the load generator was {unknown.late_ms:.0f} ms late (p99)"
            )
        judged, wanted = unknown.judged, self.slo.wanted_answers
        if judged.least >= wanted:
            return (
                f"of {judged.least} requests at {self.named(unknown.level)} "
                f"{judged.unknown} were in flight to the end"
            )
        return (
            f"{judged.least} requests at {self.named(unknown.level)} cannot tell "
            f"p{self.slo.percentile:g}, which wants {wanted}"
        )

    def _said(self, row: Row) -> str:
        names, cells = self._head[1:-1], self._cells(row)
        return ", ".join([*map("{} {}".format, names, cells[1:-1]), cells[-1]])

    def _cells(self, row: Row) -> list[str]:
        figures = row.judged.percentiles
        return [
            f"{row.level:g}",
            str(row.judged.answers),
            str(row.judged.failures),
            str(row.judged.overdue),
            *("-" if (v := figures[name]) is None else _figure(v) for name in self.slo.bounds),
            _rate(row.judged.goodput),
            "generator late" if row.status is Status.UNKNOWN and row.late_ms else row.status.value,
        ]

    @property
    def _head(self) -> list[str]:
        return [
            "requests/s" if self.levels.open_loop else "users",
            "answers",
            "failures",
            "overdue",
            *self.slo.heads.values(),
            "goodput/s",
            str(self.slo),
        ]

    @property
    def table(self) -> str:
        """The levels in the order in which they were measured; each metric in its unit."""
        return aligned([self._head, *map(self._cells, self.rows)])

    @property
    def exit_code(self) -> int:
        """Of the answer alone."""
        return {Outcome.FOUND: 0, Outcome.NONE: SLO_MISSED, Outcome.INCONCLUSIVE: INVALID}[
            self.search.outcome
        ]

    def write(self, folder: Path) -> None:
        write_json(folder / layout.SEARCH, self.to_json())

    def to_json(self) -> dict[str, Any]:
        """search.json. An infinite percentile (failures) is null."""
        outcome, best = self.search.outcome, self.best
        return {
            "schema_version": 1,
            "slo": {**self.slo.bounds, "percentile": self.slo.percentile},
            "units": {name: metric.unit for name, metric in self.slo.metrics.items()},
            "unit": unit_of(open_loop=self.levels.open_loop),
            "outcome": outcome.value,
            "sentence": self.sentence,
            "level": best.level if best else None,
            "goodput": _rounded(best.judged.goodput) if best else None,
            "levels": [
                {
                    "level": row.level,
                    "seconds": round(row.seconds, 3),
                    "answers": row.judged.answers,
                    "failures": row.judged.failures,
                    "overdue": row.judged.overdue,
                    "percentiles": {
                        name: None if value is None or math.isinf(value) else round(value, 3)
                        for name, value in row.judged.percentiles.items()
                    },
                    "goodput": _rounded(row.judged.goodput),
                    "status": row.status.value,
                    "generator_late_ms": round(row.late_ms, 3),
                }
                for row in self.rows
            ],
        }


def _figure(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.3g}"


def _rate(goodput: float | None) -> str:
    return "-" if goodput is None else f"{goodput:.1f}"


def _rounded(goodput: float | None) -> float | None:
    return None if goodput is None else round(goodput, 3)


def _spoilt(row: Row) -> str:
    percent = round(100 * row.asked_less)
    if not row.late_ms or not percent:
        return ""
    return (
        f" (the load generator was {row.late_ms:.0f} ms late, p99: its users asked about {percent} % less "
        "than they would)"
    )
