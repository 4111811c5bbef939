"""What this process is to locust, and so what it is to the load. Imports locust."""

from __future__ import annotations

import gevent
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

from loadgen.adapter import mends
from loadgen.process.alone import Alone
from loadgen.process.master import Master
from loadgen.process.role import Role
from loadgen.process.worker import Worker


def role_of(environment: Environment) -> Role:
    """For the whole life of the process."""
    runner = environment.runner
    if isinstance(runner, MasterRunner):
        return Master(runner)
    if isinstance(runner, WorkerRunner):
        mends.work_out_defaults_once()
        return Worker(runner, environment.events)
    return Alone(runner.client_id, gevent.spawn)
