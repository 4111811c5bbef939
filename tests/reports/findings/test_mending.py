"""What mending would give: what waits less, up to what the processor allows, as far as that is known."""

from types import SimpleNamespace
from typing import Any

import pytest

from records.evidence.inside import READY, Place
from reports.evidence.demand import PROCESSOR, Resource
from reports.evidence.excess import Excess
from reports.figures.stats import Estimate
from reports.findings.common import mending


@pytest.mark.parametrize(("told", "spared", "freed", "best"), [
    ("predicted", 0.0, 100.0, 50.0),  # 20 a second take 0.4 of it
    ("far", 0.0, 150.0, None),  # ten times what was measured is believed by nobody
    ("far", 0.0, 110.0, 110.0),  # but what binds before is known from the light load
    ("falls", 0.0, 100.0, None),  # it allows 50 at least
    ("near", 0.0, 100.0, None),
    ("predicted", 0.1, 100.0, None),  # a quarter of that is not to be done: 67 at least
    ("falls", 0.0, 40.0, 40.0), ("predicted", 0.1, 60.0, 60.0),  # something else binds before
])  # fmt: skip
def test_a_processor_that_allows_more_than_is_known_predicts_nothing(
    monkeypatch: pytest.MonkeyPatch, told: str, spared: float, freed: float, best: float | None
) -> None:
    ceiling, told = (Estimate(value=120.0), "predicted") if told == "far" else (None, told)
    rung = SimpleNamespace(resource=Resource(kind=PROCESSOR), told=told, ceiling=ceiling, share=0.4)
    monkeypatch.setattr(mending, "ladder", lambda service: SimpleNamespace(rungs=[rung]))
    monkeypatch.setattr(mending, "_freed", lambda *_, **__: Estimate(value=freed))
    machine = SimpleNamespace(busy=0.16 if ceiling else 0.4, cores=1.0)
    heavy = SimpleNamespace(machine=machine, per_second=20.0, each=())
    service: Any = SimpleNamespace(heavy=heavy, light=SimpleNamespace(machine=None, each=()))
    found = mending.mended(service, mending.Mend(spared=spared))
    assert (found and found.value) == (best and pytest.approx(best))


@pytest.mark.parametrize(("loop", "spared", "most", "waits"), [
    (False, 0.0, 15.0, 8.0),
    (True, 0.0, 15.0, 10.5),  # an answer that is there is met 200 ms late, of 10 a second
    (True, 0.5, 15.0, 11.0),  # half a core runs what nobody has to do
    (True, 0.5, 9.0, 9.5),  # the load adds no more than 9, and what is not done goes beside that
])  # fmt: skip
def test_of_a_held_loop_what_waits_elsewhere_is_freed_as_far_as_it_is_met_late(
    monkeypatch: pytest.MonkeyPatch, loop: bool, spared: float, most: float, waits: float
) -> None:
    monkeypatch.setattr(mending, "ladder", lambda service: SimpleNamespace(rungs=[]))
    ready, reads, locks = (Place(kind=kind) for kind in (READY, "socket-read", "lock"))
    there = {ready: 8.0, reads: 4.0, locks: 0.5}
    excesses = [Excess(place=at, requests=n, share=n / 12.5, ms=100 * n) for at, n in there.items()]
    inside = SimpleNamespace(lag_ms=200.0)
    heavy = SimpleNamespace(
        inside=inside, machine=None, loop_cpu=(None, None), per_second=10.0, in_flight=20.0, each=()
    )
    service: Any = SimpleNamespace(
        heavy=heavy, light=SimpleNamespace(each=()), excesses=excesses, excess=most
    )
    found = mending.mended(service, mending.Mend(found=(excesses[0],), spared=spared, loop=loop))
    assert found is not None
    assert found.value == pytest.approx(20.0 / ((20.0 - waits) / 10.0))


def _used(rate: float, busy: float) -> Any:
    machine = SimpleNamespace(busy=busy, cores=1.0)
    return SimpleNamespace(per_second=rate, machine=machine, loop_cpu=(None, None), each=())


@pytest.mark.parametrize(("freed", "loop", "light_busy", "best"), [
    (120.0, False, 0.1, 120.0),  # 15 more took a tenth: what is left of it does for 120 more
    (150.0, False, 0.1, None), (120.0, True, 0.1, None),
    (120.0, False, 0.05, None),  # the other repeat's took a half more
])  # fmt: skip
def test_a_demand_that_falls_allows_what_an_answer_more_takes(
    monkeypatch: pytest.MonkeyPatch, freed: float, loop: bool, light_busy: float, best: float | None
) -> None:
    rung = SimpleNamespace(resource=Resource(kind=PROCESSOR), told="falls", ceiling=None, share=0.2)
    monkeypatch.setattr(mending, "ladder", lambda service: SimpleNamespace(rungs=[rung]))
    monkeypatch.setattr(mending, "_freed", lambda *_, **__: Estimate(value=freed))
    other = SimpleNamespace(light=_used(5.0, light_busy), heavy=_used(20.0, 0.2))
    monkeypatch.setattr(mending, "_repeats", lambda service: [other])
    service: Any = SimpleNamespace(light=_used(5.0, 0.1), heavy=_used(20.0, 0.2))
    found = mending.mended(service, mending.Mend(loop=loop))
    assert (found and found.value) == best


@pytest.mark.parametrize(("cpu_percent", "predicted"), [(4.0, True), (40.0, False)])
def test_more_threads_gain_no_more_than_one_interpreter_can_give(
    diagnose: Any, seen: Any, cpu_percent: float, predicted: bool
) -> None:
    """Four times the answers would take 0.16 of a core, or 1.6 of them."""
    waits = ({"kind": "thread-limiter", "where": "ask (mine.py:3)", "count": 15},)
    beside = ({"kind": "thread", "where": "ask (mine.py:3)", "count": 5},)
    light = seen(users=1, rps=10, waits=({**beside[0], "count": 1},), cpu_percent=cpu_percent / 5)
    heavy = seen(users=20, rps=50, waits=(*waits, *beside), cpu_percent=cpu_percent, loop_busy=0.0)
    [found, *_] = diagnose(light, heavy)
    assert (found.code, found.effect.mended is not None) == ("thread-pool-exhausted", predicted)
