"""The locust user that scenarios are made of. Imports locust (which patches the process): import it first."""

from __future__ import annotations

from typing import Any, ClassVar

from locust import User, events, task
from locust.exception import StopUser

from loadgen import options, preflight
from loadgen.driver import Seat
from loadgen.plumbing import LoadRun


class AskingUser(User):  # type: ignore[misc]  # locust is not typed for mypy
    """Asks one question after the other, in a closed loop. Subclass it in a locustfile."""

    abstract = True
    load: ClassVar[LoadRun | None] = None
    seat: Seat | None = None

    def on_start(self) -> None:
        if self.load is not None and self.load.driver is not None:
            self.seat = self.load.driver.seat()

    def wait_time(self) -> float:
        """Seconds until this user asks again."""
        driver = self.load.driver if self.load else None
        return driver.settings.think_time_s if driver else 0.0

    @task  # type: ignore[untyped-decorator]
    def ask(self) -> None:
        driver = self.load.driver if self.load else None
        if driver is None or self.seat is None or not driver.ask(self.seat):
            raise StopUser

    def on_stop(self) -> None:
        if self.seat is not None:
            self.seat.asker.connection.close()


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator]
def add_arguments(parser: Any, **_: Any) -> None:
    options.add_arguments(parser)


@events.init.add_listener  # type: ignore[untyped-decorator]
def begin(environment: Any, **_: Any) -> None:
    if environment.runner is None:
        return  # locust's run_single_user, for debugging: no run around it
    AskingUser.load = LoadRun(environment)
    preflight.check(environment.parsed_options, environment.host, is_worker=AskingUser.load.is_worker)
