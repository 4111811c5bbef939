"""What locust does at the begin of a load, mended."""

import subprocess
import sys

from support import environment

PROGRAM = """
from types import SimpleNamespace
import gevent
from locust.runners import WorkerRunner
done = []
WorkerRunner.handle_message = lambda self, msg: done.append(msg.type)
from loadgen.adapter import mends
ready = mends.hold_spawns()
assert mends.hold_spawns() is ready
for kind in ("ack", "spawn"):
    gevent.spawn(WorkerRunner.handle_message, None, SimpleNamespace(type=kind))
gevent.sleep(0.05)
print(done)
ready.set()
gevent.sleep(0.05)
print(done)
"""


def test_a_worker_that_joins_a_running_load_begins_when_it_can_see_that() -> None:
    """In a process of its own: locust patches the whole of one."""
    words = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(words, env=environment(), capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["['ack']", "['ack', 'spawn']"]
