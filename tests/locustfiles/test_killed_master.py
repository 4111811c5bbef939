"""A master that is killed takes its own load workers with it."""

import signal
import sys
from typing import Any

import psutil
import pytest

import support


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal is Linux's")
def test_workers_end_with_a_killed_master(trap: Any, locust: Any) -> None:
    server = trap(lambda talk: talk.sock.recv(1))
    port = str(support.free_port())
    ports = ("--master-bind-port", port, "--master-port", port)
    one = locust("-H", server.url, "--headless", "-u", "2", "-t", "120s", "--processes", "2", *ports)
    support.wait_until(lambda: server.talks)  # the load is on
    workers = psutil.Process(one.process.pid).children()
    assert len(workers) == 2
    one.send(signal.SIGKILL)
    assert one.wait() == -signal.SIGKILL
    assert not psutil.wait_procs(workers, timeout=support.LIMIT_S)[1]
    assert "The master was not heard" not in one.text  # which is how they end elsewhere, after 10 s
