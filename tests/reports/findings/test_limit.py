"""On which side the limit of throughput lies, judged of the mocks' effects."""

from types import SimpleNamespace
from typing import Any

import pytest

from reports.figures.load import Load
from reports.figures.stats import Estimate
from reports.findings.limit import limit

RAISED, NOT = Estimate(value=2.0, low=1.8, high=2.2), Estimate(value=1.0, low=0.9, high=1.1)


def _knee(concurrency: int | None, *, unsure: bool = False, invalid: bool = False) -> Any:
    return SimpleNamespace(
        concurrency=concurrency, unsure=unsure, workload_mismatch=(), other_loads=(), invalid=invalid
    )


@pytest.mark.parametrize(
    ("knee", "embeddings", "llm", "found"),
    [
        (_knee(10), RAISED, RAISED, "both"),
        (_knee(10), NOT, RAISED, "one"),
        (_knee(10), NOT, NOT, "neither"),
        (_knee(10), NOT, None, None),
        (_knee(40), RAISED, RAISED, "below"),
        (_knee(None), RAISED, RAISED, "not reached"),
        (None, RAISED, RAISED, "not reached"),
        (_knee(10, unsure=True), RAISED, RAISED, "unsure"),
        (_knee(10, invalid=True), RAISED, RAISED, None),
    ],
)
def test_the_side_of_the_limit(
    knee: Any, embeddings: Estimate | None, llm: Estimate | None, found: str | None
) -> None:
    compared: Any = [
        SimpleNamespace(config=name, throughput=ratio)
        for name, ratio in (("mock-embeddings", embeddings), ("mock-llm", llm))
        if ratio is not None
    ]
    told = limit(compared, knee, Load(users=20))
    assert (told and told.is_it) == found
