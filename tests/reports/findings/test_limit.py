"""On which side the limit of throughput lies, judged of the mocks' effects."""

from types import SimpleNamespace
from typing import Any

import pytest

from reports.figures.load import Load
from reports.figures.stats import Estimate
from reports.findings.limit import limit

RAISED, NOT = Estimate(value=2.0, low=1.8, high=2.2), Estimate(value=1.0, low=0.9, high=1.1)


def knee(concurrency: int | None, **more: bool) -> Any:
    known = {"unsure": False, "invalid": False, "workload_mismatch": (), "other_loads": ()}
    return SimpleNamespace(concurrency=concurrency, **{**known, **more})


@pytest.mark.parametrize(("knee", "embeddings", "llm", "found"), [
    (knee(10), RAISED, RAISED, "both"), (knee(10), NOT, RAISED, "one"), (knee(10), NOT, NOT, "neither"),
    (knee(10), NOT, None, None), (knee(40), RAISED, RAISED, "below"),
    (knee(None), RAISED, RAISED, "not reached"), (None, RAISED, RAISED, "not reached"),
    (knee(10, unsure=True), RAISED, RAISED, "unsure"), (knee(10, invalid=True), RAISED, RAISED, None),
])  # fmt: skip
def test_the_side_of_the_limit(knee: Any, embeddings: Any, llm: Any, found: str | None) -> None:
    both = (("mock-embeddings", embeddings), ("mock-llm", llm))
    compared: Any = [SimpleNamespace(config=name, throughput=ratio) for name, ratio in both if ratio]
    told = limit(compared, knee, Load(users=20))
    assert (told and told.is_it) == found
