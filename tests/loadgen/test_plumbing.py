"""What hangs the load on locust, in a process of its own: importing locust patches the one that does."""

from __future__ import annotations

import subprocess
import sys

WORKER = """
from argparse import Namespace
from locust import argument_parser
from locust.env import Environment
from locust.runners import WorkerRunner
from loadgen.plumbing import LoadRun

before = argument_parser.default_args_dict()
runner = object.__new__(WorkerRunner)
runner.register_message = lambda *_, **__: None
environment = Environment(parsed_options=Namespace(region=""))
environment.runner = runner
LoadRun(environment)
assert argument_parser.default_args_dict() == before
assert argument_parser.default_args_dict() is argument_parser.default_args_dict()
"""


def test_a_worker_works_out_locusts_default_options_once() -> None:
    """Locust asks for them for each option it is told, at each change of users: 200 ms of a loop's lag."""
    done = subprocess.run([sys.executable, "-c", WORKER], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
