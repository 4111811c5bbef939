"""A knee that the levels do not show stands beside the ceiling that is known all the same."""

from types import SimpleNamespace
from typing import Any

import pytest

from reports.evidence.demand import EVENT_LOOP, Resource
from reports.figures.stats import Estimate
from reports.tables.knees import knee_paragraph


@pytest.mark.parametrize(
    ("knee_at", "share", "said"), [(None, 0.97, True), (8, 0.97, False), (None, 0.5, False)]
)
def test_a_knee_that_is_not_found_has_the_ceiling_beside_it(
    monkeypatch: pytest.MonkeyPatch, knee_at: int | None, share: float, said: bool
) -> None:
    monkeypatch.setattr("reports.tables.knees.knee_sentence", lambda knee: "knee not found")
    knee = SimpleNamespace(deployment="mine", config="as-is", name="as-is", concurrency=knee_at, top=20)
    load = SimpleNamespace(named="20 users")
    service: Any = SimpleNamespace(
        deployment="mine", config="as-is", heavy=SimpleNamespace(level=SimpleNamespace(load=load))
    )
    rung = SimpleNamespace(
        resource=Resource(kind=EVENT_LOOP), share=share, binds_now=share >= 0.9, ceiling=Estimate(value=46.0)
    )
    ladder = SimpleNamespace(service=service, rungs=(rung,))
    analysis: Any = SimpleNamespace(knees=(knee,), foretold=(), ladders=(ladder,), levels=())
    [paragraph] = knee_paragraph(analysis)
    assert any("its event loop allows 46.0 answers a second" in line for line in paragraph.lines) == said
