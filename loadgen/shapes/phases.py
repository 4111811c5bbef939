"""What the processes that ask tell the one that decides of each phase of a search. No locust.

asks -> decides   answers   what ended in the phase, what is in flight, and how long it lasts already
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypedDict

from loadgen.engine.driver import Driver
from loadgen.engine.messages import PREFIX
from loadgen.shapes.control import LoadControl
from loadgen.shapes.coordinator import LevelMessage
from loadgen.shapes.slo import Ended, Part, Slo, Waiting
from records.cells.flags import COLD, LATE, WARMUP
from records.cells.request import RequestRecord

REPORT_S = 0.2
UNCOUNTED = {WARMUP, COLD}
"""Flags of requests that no level answers for."""


class AnswersMessage(TypedDict):
    phase: int
    seconds: float
    """How long this process is in the phase."""
    answers: list[Ended]
    """Those that ended since the last message."""
    waiting: list[Waiting]
    """All the level's that are in flight now."""
    in_flight: int
    """All requests, those of earlier levels too."""
    lag_p99_ms: float | None
    """Of this process's loop, over the phase so far."""
    lag_mean_ms: float | None


class AnswerReports:
    """In a process that asks: tells the one that decides what came of each phase."""

    def __init__(self, runner: Any, load: LoadControl, slo: Callable[[], Slo]) -> None:
        self._runner, self._load, self._parse = runner, load, slo
        self._phase = self._since_ns = self._level_since_ns = 0
        self._slo: Slo | None = None
        self._answers: list[Ended] = []

    def begin(self, told: LevelMessage) -> None:
        """Report what is left of the phase before, and begin one."""
        if self._phase:
            self._report()
        self._slo = None
        self._answers = []
        self._phase, self._since_ns = told["phase"], time.monotonic_ns()
        if told["fresh"]:
            self._level_since_ns = self._since_ns

    def take(self, record: RequestRecord) -> None:
        """A request is over. Those aborted by a change of level are neither good nor failed; dropped ones
        are."""
        driver = self._load.driver
        if driver is None or not self._phase or UNCOUNTED & set(record.flags):
            return
        if record.start_ns < driver.clock.unix(self._level_since_ns):
            return
        if record.outcome != "aborted":
            # Not as the phase begins: a worker gets its first users, with the master's options, after that.
            self._slo = self._slo or self._parse()
            began_s = (record.start_ns - driver.clock.unix(self._since_ns)) / 1e9
            known = LATE not in record.flags
            self._answers.append((began_s, self._slo.figures(record) if known else None))

    def _waiting(self, driver: Driver, now_ns: int) -> list[Waiting]:
        """Of this level: those that hang since an earlier one say nothing of it."""
        waiting: list[Waiting] = []
        for attempt in driver.in_flight:
            if attempt.start_ns >= self._level_since_ns and not UNCOUNTED & set(attempt.flags):
                waiting.append(((now_ns - attempt.start_ns) / 1e6, attempt.first_ms))
        return waiting

    def run(self) -> None:
        """Report again and again, while the process lives."""
        while True:
            time.sleep(REPORT_S)
            if self._phase:
                self._report()

    def _report(self) -> None:
        driver = self._load.driver
        if driver is None:
            return
        now_ns = time.monotonic_ns()
        answers, self._answers = self._answers, []
        message: AnswersMessage = {
            "phase": self._phase,
            "seconds": (now_ns - self._since_ns) / 1e9,
            "answers": answers,
            "waiting": self._waiting(driver, now_ns),
            "in_flight": driver.session.in_flight,
            "lag_p99_ms": driver.lag.p99_ms(self._since_ns, now_ns),
            "lag_mean_ms": driver.lag.mean_ms(self._since_ns, now_ns),
        }
        self._runner.send_message(f"{PREFIX}_answers", message)


class PhaseObservations:
    """In the process that decides: the answers of one phase, by the process that had them."""

    def __init__(self, phase: int) -> None:
        self.phase = phase
        self._messages: dict[str, AnswersMessage] = {}
        self._answers: dict[str, list[Ended]] = {}

    def take(self, worker: str, message: AnswersMessage) -> None:
        if message["phase"] == self.phase:
            self._messages[worker] = message
            self._answers.setdefault(worker, []).extend(message["answers"])

    @property
    def parts(self) -> list[Part]:
        """As `Slo.judge` wants them."""
        return [
            Part(seconds=message["seconds"], ended=self._answers[worker], waiting=message["waiting"])
            for worker, message in self._messages.items()
        ]

    @property
    def answers(self) -> int:
        return sum(map(len, self._answers.values()))

    @property
    def seconds(self) -> float:
        """How long the phase was measured: 0 before the first report."""
        return max((message["seconds"] for message in self._messages.values()), default=0.0)

    @property
    def idle(self) -> bool:
        """Every process that reported has nothing in flight."""
        return bool(self._messages) and not any(m["in_flight"] for m in self._messages.values())

    @property
    def lag_p99_ms(self) -> float:
        """The worst of them."""
        return max((m["lag_p99_ms"] or 0.0 for m in self._messages.values()), default=0.0)

    @property
    def lag_mean_ms(self) -> float:
        """Over all of them: the users are spread evenly."""
        means = [m["lag_mean_ms"] or 0.0 for m in self._messages.values()]
        return sum(means) / len(means) if means else 0.0
