"""What the shapes of `locustfiles/` share: a level of load, told to every process that asks. Pure: no locust.

A level is users in a closed loop, requests a second in an open one. Locust itself hands out users; a rate
goes to the processes as a custom message, and what a search wants to know of their answers comes back as one:

    decides -> asks   level     the rate from now on, and the number of the phase that begins
    asks -> decides   answers   what ended in the phase, what is in flight, and how long it lasts already
"""

from __future__ import annotations

import argparse
import contextlib
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypedDict

from loadgen.distributed import PREFIX
from loadgen.slo import Ended, Part, Slo, Waiting
from loadgen.usage import refuse
from records.request import RequestRecord

if TYPE_CHECKING:  # it imports locust
    from loadgen.driver import Driver
    from loadgen.plumbing import LoadRun

REPORT_S = 0.2
SPAWN_RATE = 100
"""Users a second. Locust warns above it."""
UNCOUNTED = {"warmup", "cold"}
"""Flags of requests that no level answers for."""


def options_of(shape: type[Any]) -> Callable[[Callable[[Any], None]], Callable[..., None]]:
    """A listener that adds a shape's options, and refuses a second shape: locust would run whichever file
    came first and say nothing. Locust loads a file that holds no User a second time, and would end in a
    conflict of options before it could say what is missing."""

    every: type[Any] = shape.__bases__[0]

    def listens(add: Callable[[Any], None]) -> Callable[..., None]:
        def listener(parser: Any, **_: Any) -> None:
            loaded = {one.__name__ for one in every.__subclasses__() if not one.abstract}
            if len(loaded) > 1:
                refuse(
                    f"a load has one shape, not {len(loaded)}: {', '.join(sorted(loaded))}; leave one in -f"
                )
            with contextlib.suppress(argparse.ArgumentError):
                add(parser)

        return listener

    return listens


class LevelMessage(TypedDict):
    phase: int
    rate: float | None
    """None in a closed loop."""
    fresh: bool
    """A new level: what was asked for before it does not belong to it."""


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


class Levels:
    """The level, in every process of a load."""

    def __init__(self, environment: Any, load: LoadRun) -> None:
        self._runner = environment.runner
        self._options = environment.parsed_options
        self._load = load
        self._over = False
        self._told: LevelMessage = {"phase": 0, "rate": None, "fresh": False}
        self._began_s: float | None = None
        self.on_phase: Callable[[LevelMessage], None] | None = None
        """Called in the processes that ask, as a phase begins."""
        self._runner.register_message(f"{PREFIX}_level", self._on_level)
        environment.events.test_start.add_listener(self._on_test_start)
        environment.events.spawning_complete.add_listener(self._on_spawning_complete)
        environment.events.test_stopping.add_listener(self._on_test_stopping)
        environment.events.test_stop.add_listener(self._on_test_stop)

    @property
    def open_loop(self) -> bool:
        return bool(self._options.arrival != "closed")

    @property
    def elapsed_s(self) -> float:
        """Seconds since the first level's users were there; until then 0, and the level must not change:
        locust would start anew."""
        return 0.0 if self._began_s is None else time.monotonic() - self._began_s

    @property
    def began(self) -> bool:
        return self._began_s is not None

    def tick(self, level: float, *, phase: int = 0, fresh: bool = False) -> tuple[int, float]:
        """Set the level; what the shape's own ``tick`` is to return."""
        rate = float(level) if self.open_loop else None
        told: LevelMessage = {"phase": phase, "rate": rate, "fresh": fresh}
        if told != self._told:
            self._told = told
            self._runner.send_message(f"{PREFIX}_level", told)
        users = 1 if self.open_loop else max(1, round(level))
        return users, float(min(users, SPAWN_RATE))

    def end(self) -> None:
        """The shape is over: its ``tick`` returns None now."""
        self._over = True

    def _on_level(self, msg: Any, **_: Any) -> None:
        self._told = msg.data
        self._apply()
        if self.on_phase is not None:
            self.on_phase(msg.data)

    def _apply(self) -> None:
        driver, rate = self._load.driver, self._told["rate"]
        if driver is not None and rate is not None:
            driver.pace.change(rate, time.monotonic_ns())

    def _on_test_start(self, **_: Any) -> None:
        self._apply()  # the first level was told before there was anybody to heed it

    def _on_spawning_complete(self, **_: Any) -> None:
        if self._began_s is None:
            self._began_s = time.monotonic()

    def _on_test_stopping(self, **_: Any) -> None:
        """Locust swallows the Ctrl-C that ends a shape, so what stops one before its end is taken for it."""
        run = self._load.run
        if run is None or self._over or self._options.requests or not self._options.headless:
            return
        if run.merge is None or not (run.merge.deserted or run.merge.refused):
            run.interrupted = not self._load.is_worker

    def _on_test_stop(self, **_: Any) -> None:
        self._began_s, self._over = None, False


class AnswerReports:
    """In a process that asks: tells the one that decides what came of each phase."""

    def __init__(self, runner: Any, load: LoadRun, slo: Callable[[], Slo]) -> None:
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
        """A request is over. Those cut by a change of level are neither good nor failed; dropped ones are."""
        driver = self._load.driver
        if driver is None or not self._phase or UNCOUNTED & set(record.flags):
            return
        if record.start_ns < driver.clock.unix(self._level_since_ns):
            return
        if record.outcome != "cut" or "dropped" in record.flags:
            # Not as the phase begins: a worker gets its first users, with the master's options, after that.
            self._slo = self._slo or self._parse()
            began_s = (record.start_ns - driver.clock.unix(self._since_ns)) / 1e9
            self._answers.append((began_s, self._slo.figures(record)))

    def _waiting(self, driver: Driver, now_ns: int) -> list[Waiting]:
        """Of this level: those that hang since an earlier one say nothing of it."""
        waiting: list[Waiting] = []
        for attempt in driver.in_flight:
            first_ns = attempt.exchange.answer.first_token_ns
            if attempt.start_ns >= self._level_since_ns and not UNCOUNTED & set(attempt.flags):
                ttft_ms = None if first_ns is None else (first_ns - attempt.start_ns) / 1e6
                waiting.append(((now_ns - attempt.start_ns) / 1e6, ttft_ms))
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
        }
        self._runner.send_message(f"{PREFIX}_answers", message)


class Heard:
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
