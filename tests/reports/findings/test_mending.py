"""What mending would give is bounded by the processor, as far as that is known."""

from types import SimpleNamespace
from typing import Any

import pytest

from reports.evidence.demand import PROCESSOR, Resource
from reports.figures.stats import Estimate
from reports.findings.common import mending


@pytest.mark.parametrize(("told", "spared", "freed", "best"), [
    ("predicted", 0.0, 100.0, 50.0),  # 20 a second take 0.4 of it
    ("falls", 0.0, 100.0, None),  # it allows 50 at least
    ("predicted", 0.1, 100.0, None),  # a quarter of that is not to be done: 67 at least
    ("falls", 0.0, 40.0, 40.0), ("predicted", 0.1, 60.0, 60.0),  # something else binds before
])  # fmt: skip
def test_a_processor_that_allows_more_than_is_known_predicts_nothing(
    monkeypatch: pytest.MonkeyPatch, told: str, spared: float, freed: float, best: float | None
) -> None:
    rung = SimpleNamespace(resource=Resource(kind=PROCESSOR), told=told, ceiling=None, share=0.4)
    monkeypatch.setattr(mending, "ladder", lambda service: SimpleNamespace(rungs=[rung]))
    monkeypatch.setattr(mending, "_freed", lambda service, found: Estimate(value=freed))
    machine = SimpleNamespace(busy=0.4, cores=1.0)
    heavy = SimpleNamespace(machine=machine, per_second=20.0, each=())
    service: Any = SimpleNamespace(heavy=heavy)
    found = mending.mended(service, (), spared)
    assert (found and found.value) == (best and pytest.approx(best))
