"""What else runs on a CPU matters by the clock's time, not by the little that the service wants."""

from types import SimpleNamespace
from typing import Any

import pytest

from reports.evidence.machine import GotOfMachine
from reports.findings.machine_limits import machine_limits


@pytest.mark.parametrize(("waited", "found"), [(0.09, {}), (0.4, {"noisy-neighbour": 40.0})])
def test_a_neighbour_takes_of_the_clocks_time(waited: float, found: dict[str, float]) -> None:
    """Of the time in which it could run the service waited nearly always, for it hardly ever could."""
    unknown: Any = dict.fromkeys(("threads", "throttled", "memory_pressure", "oom_kills"))
    machine = GotOfMachine(
        cpu_cores=0.02, cores=1.0, run_delay=0.97, main_thread_cpu=0.01, main_thread_delay=waited, **unknown
    )
    level = SimpleNamespace(deployment="d", config="c", load=None)
    heavy = SimpleNamespace(machine=machine, level=level, answers_per_second=8.0)
    analysis: Any = SimpleNamespace(services=[SimpleNamespace(held=0.0, heavy=heavy)])
    assert {one.code: one.evidence[0].value for one in machine_limits(analysis)} == found
