"""The locust user that scenarios are made of. Imports locust (which patches the process): import it first."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, ClassVar

import gevent
from locust import User, events, task
from locust.argument_parser import LocustArgumentParser
from locust.exception import StopUser

from loadgen.adapter import beginning, interrupts, log_file, mends, preflight
from loadgen.adapter.exit_code import EXIT_CODES
from loadgen.adapter.parser import add_arguments as add_to_parser
from loadgen.adapter.plumbing import LoadTest
from loadgen.engine.in_flight import VirtualUser
from loadgen.engine.option_model import OptionModel
from loadgen.engine.options import LoadOptions
from loadgen.engine.settings import Scenario
from loadgen.engine.terminal import refuse

BURST_NS = 50_000_000
"""A user without think time asks on for so long before locust gets control: locust's own way from one task
to the next costs as much as reading an answer."""
IDLE_S = 0.1


class AskingUser(User):  # type: ignore[misc]  # locust is not typed for mypy
    """Asks one item after the other; of an open loop, a mere bystander. Subclass it in a locustfile, and name
    the ``scenario`` there."""

    abstract = True
    scenario: ClassVar[Scenario]
    load: ClassVar[LoadTest | None] = None
    asking: VirtualUser | None = None

    def on_start(self) -> None:
        driver = self.load.driver if self.load else None
        if driver is not None and not driver.settings.open_loop:
            self.asking = driver.virtual_user()

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
            time.sleep(IDLE_S)  # requests come when they are due, from `open_loop`
            return
        until_ns = time.monotonic_ns() + (0 if driver.settings.think_time_s else BURST_NS)
        while True:
            if self.asking is None or not driver.run_next(self.asking):
                raise StopUser
            if time.monotonic_ns() >= until_ns:
                return

    def on_stop(self) -> None:
        if self.asking is not None:
            self.asking.client.connection.close()


def loaded_scenario() -> Scenario | None:
    """That of the locustfiles that were loaded; None where no user is in them, which locust itself says."""
    every = {id(one.scenario): one for one in _users(AskingUser) if hasattr(one, "scenario")}
    if len(every) > 1:
        names = ", ".join(sorted(one.__name__ for one in every.values()))
        refuse(f"a load has one scenario, not {len(every)}: {names}; leave one in -f")
    return next(iter(every.values())).scenario if every else None


def _users(of: type[AskingUser]) -> Iterator[type[AskingUser]]:
    for one in of.__subclasses__():
        yield one
        yield from _users(one)


def loaded_models() -> list[type[OptionModel]]:
    """Whose options are asked on the command line: the load's, and its scenario's."""
    scenario = loaded_scenario()
    return [LoadOptions, *([scenario.options] if scenario else [])]


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator]
def add_arguments(parser: Any, **_: Any) -> None:
    add_to_parser(parser, *loaded_models())
    mends.hold_spawns()
    log_file.go_on_without_it()
    preflight.check_before_forks(parser)


@events.init.add_listener  # type: ignore[untyped-decorator]
def begin(environment: Any, **_: Any) -> None:
    scenario = loaded_scenario()
    if environment.runner is None or scenario is None:
        beginning.over()
        mends.hold_spawns().set()
        return  # locust's run_single_user, for debugging: no run around it
    mends.end_csv_with_its_files()
    options = environment.parsed_options
    waits = options.headless and not options.worker
    if waits:  # for its workers, perhaps, and over Ctrl-C meanwhile locust ends in a traceback, too
        environment.events.test_start.add_listener(_hear_signals)
    AskingUser.load = load = LoadTest(environment, scenario)
    preflight.check(environment, scenario, is_worker=load.is_worker)
    if not waits:
        _hear_signals(environment)
    mends.hold_spawns().set()


def _hear_signals(environment: Any, **_: Any) -> None:
    """From here on there is something to end, or somebody to tell."""
    beginning.over()
    interrupt, load = mends.interrupt_main_greenlet(), AskingUser.load
    if load and environment.shape_class and environment.parsed_options.headless and not load.is_worker:
        interrupts.heed(lambda: load.run, lambda: gevent.spawn(load.role.abort), before=interrupt)


def print_help(locustfile: str, *more: type[OptionModel]) -> None:
    """Print the options of a load and its scenario, or with ``more`` those of a shape. Locust's own --help
    ends before it has read the locustfile."""
    parser = LocustArgumentParser(
        prog=f"locust -f {locustfile}", usage="%(prog)s -H URL [options]", add_help=False
    )
    add_to_parser(parser, *loaded_models(), *more)
    parser.print_help()
    print(f"\nand all of locust's own: locust --help\n\n{EXIT_CODES}")
