"""What hangs the load on locust, in a process of its own: importing locust patches the one that does."""

import subprocess
import sys
from pathlib import Path

import pytest

WORKER = """
from argparse import Namespace
from locust import argument_parser
from locust.env import Environment
from locust.runners import WorkerRunner
from loadgen.adapter.plumbing import LoadTest
from loadgen.tasks.ask.task import ASK

before = argument_parser.default_args_dict()
runner = object.__new__(WorkerRunner)
runner.register_message = lambda *_, **__: None
environment = Environment(parsed_options=Namespace(region="", connect_to=""))
environment.runner = runner
LoadTest(environment, ASK)
assert argument_parser.default_args_dict() == before
assert argument_parser.default_args_dict() is argument_parser.default_args_dict()
"""

DRAIN = """
from argparse import Namespace
from types import SimpleNamespace
from locust.env import Environment
from loadgen.adapter.plumbing import LoadTest
from loadgen.tasks.ask.task import ASK
from loadgen.process.run import Phase

environment = Environment(parsed_options=Namespace(region="", connect_to=""))
environment.create_local_runner()
load, drained = LoadTest(environment, ASK), []
load.run = SimpleNamespace(phase=Phase.RUNNING, settings=SimpleNamespace(drain_seconds=1), cell=None)
assert load.levels_held is None  # no records are kept
load.level_log.step(5)

def drain(seconds):
    load.level_log.step(10)  # a shape that goes on ticking
    drained.append([level.level_to for level in load.level_log.levels])

load.role.drain = drain
environment.events.test_stopping.fire(environment=environment)
assert drained == [[5]], drained
first, load.run = load.level_log, None
environment.events.test_stop.fire(environment=environment)
assert load.level_log is not first  # the next start begins anew
"""

INTERRUPT = """
import os, signal
import locust, gevent
from loadgen.adapter import mends

mends.interrupt_main_greenlet()
alive = []

def read():
    os.kill(os.getpid(), signal.SIGINT)  # while a message is being handled
    gevent.sleep(0)
    alive.append(True)

reading = gevent.spawn(read)
try:
    gevent.sleep(30)
except KeyboardInterrupt:
    reading.join(30)
    assert alive, "the greenlet that was interrupted has died"
else:
    raise AssertionError("nobody was interrupted")
try:
    os.kill(os.getpid(), signal.SIGINT)
    raise AssertionError("the main greenlet goes on")
except KeyboardInterrupt:
    pass
"""

CSV = """
import sys, gevent
from locust.env import Environment
from locust.stats import PERCENTILES_TO_REPORT, StatsCSVFileWriter
from loadgen.adapter import mends

mends.end_csv_with_its_files()
mends.end_csv_with_its_files()
environment = Environment()
writer, late = (StatsCSVFileWriter(environment, PERCENTILES_TO_REPORT, sys.argv[1] + name) for name in "ab")
writing = gevent.spawn(writer.stats_writer)
gevent.sleep(0.1)
assert not writing.dead
writing_late = gevent.spawn(late.stats_writer)
writer.close_files()
late.close_files()
writing.get(timeout=30)  # raises what it raised
writing_late.get(timeout=30)
"""


SCENARIOS = """
from dataclasses import replace
from loadgen.adapter.user import AskingUser, loaded_scenario
from loadgen.tasks.ask.task import ASK

assert loaded_scenario() is None

class One(AskingUser):
    scenario = ASK

class Another(One):
    "Of the same scenario, as a file that locust loads a second time."

assert loaded_scenario() is ASK

class Other(AskingUser):
    scenario = replace(ASK)

try:
    loaded_scenario()
except SystemExit as refused:
    assert refused.code == 2
else:
    raise AssertionError("both were taken")
"""


SEEDS = """
from argparse import Namespace
from types import SimpleNamespace
from locust.env import Environment
from loadgen.adapter import plumbing

seeds, draws = [], iter((7, 8, 9))
plumbing.drawn = lambda: next(draws)
plumbing.redact_logs = plumbing.task_of = plumbing.origin_of = lambda *_: None
plumbing.begun = lambda *_: SimpleNamespace()
checked = SimpleNamespace(redaction=None, reach=None)
plumbing.settings = lambda options: seeds.append(options.drawn_seed) or checked
plumbing.RedactingStream = lambda stream, _: stream
plumbing.LoadTest._watch = plumbing.LoadTest._watch_disk = lambda *_: None

def starts(drawn_seed, *, worker=False):
    environment = Environment(parsed_options=Namespace(region="", connect_to="", drawn_seed=drawn_seed))
    environment.create_local_runner()
    load = plumbing.LoadTest(environment, None)
    load.role = SimpleNamespace(is_worker=worker)
    for _ in range(2):
        environment.events.test_start.fire(environment=environment)
    told, seeds[:] = list(seeds), ()
    return told

assert starts(-1) == [7, 8]
assert starts(3) == [3, 9]  # a sweep's has one start
assert starts(5, worker=True) == [5, 5]  # its master's
"""

SCRIPTS = {
    "each start of a load draws a seed, and workers have their master's": SEEDS,
    # Locust asks for them for each option it is told, at each change of users: 200 ms of a loop's lag.
    "a worker works out locust's default options once": WORKER,
    "a level ends when the load stops and not when it has drained": DRAIN,
    "a load has one scenario": SCENARIOS,  # its options are the parser's, and its task is every user's
    # Seen in one run of fifteen: a traceback from the greenlet that reads the workers' messages.
    "Ctrl-C interrupts nobody but the main greenlet": INTERRUPT,
    # While a master waits for the workers that it forked, whoever writes it once a second would.
    "nobody writes into locust's CSV once it is closed": CSV,
}


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_in_a_process_of_its_own(script: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", script, f"{tmp_path}/"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
