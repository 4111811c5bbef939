"""What else runs on a CPU matters by the clock's time, not by the little that the service wants."""

from types import SimpleNamespace
from typing import Any

import pytest

from records.cells.other_programs import TO_DO, OtherProgram
from records.evidence.inside import READY, Place
from reports.evidence.excess import Excess
from reports.evidence.machine import GotOfMachine
from reports.findings.machine.noisy_neighbour import noisy_neighbour


@pytest.mark.parametrize(("waited", "found"), [(0.09, {}), (0.4, {"noisy-neighbour": 40.0})])
def test_a_neighbour_takes_of_the_clocks_time(waited: float, found: dict[str, float]) -> None:
    """Of the time in which it could run the service waited nearly always, for it hardly ever could."""
    service = SimpleNamespace(held=0.0, heavy=at_load(0.01, waited, inside=None))
    analysis: Any = SimpleNamespace(services=[service])
    all_found = list(noisy_neighbour(analysis))
    assert {one.code: one.evidence[0].value for one in all_found} == found
    assert not any(TO_DO in one.advice for one in all_found)  # no program is known that could be stopped


def test_the_programs_that_take_its_cpu_are_evidence_by_name() -> None:
    heavy = at_load(0.01, 0.4, inside=None)
    makes = [OtherProgram(name="make", pid=pid, cores=0.3) for pid in (7, 8)]
    one, two = ([makes[0], OtherProgram(name="cc", pid=9, cores=0.8)], makes)
    heavy.level.valid_cells = [
        SimpleNamespace(parts=[SimpleNamespace(cell=SimpleNamespace(other_programs=found))])
        for found in (one, two)
    ]
    analysis: Any = SimpleNamespace(services=[SimpleNamespace(held=0.0, heavy=heavy)])
    [found] = noisy_neighbour(analysis)
    assert [(one.figure, one.value) for one in found.evidence[-2:]] == [
        ("of a core that the program cc took, at most", 80.0),
        ("of a core that the program make took, at most", 60.0),
    ]
    assert TO_DO in found.advice


@pytest.mark.parametrize(("kind", "ran", "found"), [
    (READY, 0.3, ["noisy-neighbour"]), (READY, 0.62, []),  # its own work takes more of that time
    ("lock", 0.3, []),  # they wait for something else
])  # fmt: skip
def test_a_neighbour_is_to_blame_for_those_who_wait_for_its_cpu(
    kind: str, ran: float, found: list[str]
) -> None:
    """16 of 20 requests wait because of the load; the loop waits for a CPU in 40 % of the time."""
    place = Place(kind=kind)
    waits = (Excess(place=place, requests=15.0, share=15 / 16, ms=375.0),)
    heavy = at_load(ran, 0.4, inside=SimpleNamespace(samples=99), places={place: 15.0}, in_flight=20.0)
    service = SimpleNamespace(
        held=0.8, compared=False, waiting=16.0, excesses=waits, heavy=heavy, light=heavy, each=()
    )
    analysis: Any = SimpleNamespace(services=[service])
    assert [one.code for one in noisy_neighbour(analysis)] == found


def at_load(ran: float, waited: float, **seen: Any) -> SimpleNamespace:
    unknown: Any = dict.fromkeys(("threads", "throttled", "memory_pressure", "oom_kills"))
    machine = GotOfMachine(
        cpu_cores=ran, cores=1.0, run_delay=0.97, main_thread_cpu=None, main_thread_delay=None, **unknown
    )
    level = SimpleNamespace(
        deployment="d", config="c", load=None, figures=SimpleNamespace(throughput=None), valid_cells=()
    )
    return SimpleNamespace(
        machine=machine, loop_cpu=(ran, waited), level=level, answers_per_second=8.0, **seen
    )
