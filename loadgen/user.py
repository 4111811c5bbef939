"""The locust user that scenarios are made of. Imports locust (which patches the process): import it first."""

from __future__ import annotations

import time
from typing import Any, ClassVar

import gevent
from locust import User, events, task
from locust.argument_parser import LocustArgumentParser
from locust.exception import StopUser

from loadgen import interrupts, mends, options, preflight
from loadgen.driver import Seat
from loadgen.plumbing import LoadRun

BURST_NS = 50_000_000
"""A user without think time asks on for so long before locust gets control: locust's own way from one task
to the next costs as much as reading an answer."""
IDLE_S = 0.1


class AskingUser(User):  # type: ignore[misc]  # locust is not typed for mypy
    """Asks one question after the other; of an open loop, a mere bystander. Subclass it in a locustfile."""

    abstract = True
    load: ClassVar[LoadRun | None] = None
    seat: Seat | None = None

    def on_start(self) -> None:
        driver = self.load.driver if self.load else None
        if driver is not None and not driver.settings.open_loop:
            self.seat = driver.seat()

    def wait_time(self) -> float:
        """Seconds until this user asks again."""
        driver = self.load.driver if self.load else None
        return driver.settings.think_time_s if driver else 0.0

    @task  # type: ignore[untyped-decorator]
    def ask(self) -> None:
        driver = self.load.driver if self.load else None
        if driver is None:
            raise StopUser
        if driver.settings.open_loop:
            time.sleep(IDLE_S)  # requests come when they are due, from `loadgen.open_loop`
            return
        until_ns = time.monotonic_ns() + (0 if driver.settings.think_time_s else BURST_NS)
        while True:
            if self.seat is None or not driver.ask(self.seat):
                raise StopUser
            if time.monotonic_ns() >= until_ns:
                return

    def on_stop(self) -> None:
        if self.seat is not None:
            self.seat.asker.connection.close()


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator]
def add_arguments(parser: Any, **_: Any) -> None:
    options.add_arguments(parser)
    preflight.check_before_forks(parser)


@events.init.add_listener  # type: ignore[untyped-decorator]
def begin(environment: Any, **_: Any) -> None:
    if environment.runner is None:
        return  # locust's run_single_user, for debugging: no run around it
    mends.end_csv_with_its_files()
    interrupt = mends.interrupt_main_greenlet()
    AskingUser.load = load = LoadRun(environment)
    preflight.check(environment, is_worker=load.is_worker)
    if environment.shape_class and environment.parsed_options.headless and not load.is_worker:
        interrupts.heed(lambda: load.run, lambda: gevent.spawn(load.part.cut), before=interrupt)


def print_help(scenario: str) -> None:
    """Print the options of a scenario. Locust's own --help ends before it has read the locustfile."""
    parser = LocustArgumentParser(
        prog=f"locust -f {scenario}", usage="%(prog)s -H URL [options]", add_help=False
    )
    options.add_arguments(parser)
    parser.print_help()
    print("\nand all of locust's own: locust --help")
