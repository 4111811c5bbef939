"""What the columns of the ladder's table are, is said below it."""

from types import SimpleNamespace
from typing import Any

from reports.evidence.demand import PROCESSOR, Resource
from reports.figures.stats import Estimate
from reports.tables.ladder import ladder_tables


def test_each_column_has_a_legend() -> None:
    rung = SimpleNamespace(
        resource=Resource(kind=PROCESSOR), share=1.0, demands=(0.1,), ceiling=Estimate(value=9.6),
        users=Estimate(value=3.0, low=3.0, high=4.0), binds_now=True, by_heaviest=9.6, told="reached",
    )  # fmt: skip
    heavy = SimpleNamespace(level=SimpleNamespace(load=SimpleNamespace(alone="20")))
    service = SimpleNamespace(deployment="mine", config="as-is", heavy=heavy, comparison="same-repeat")
    analysis: Any = SimpleNamespace(ladders=(SimpleNamespace(service=service, rungs=(rung,)),))
    [table] = ladder_tables(analysis)
    assert table.rows[0].cells[-1] == "3 (3-4)"
    legends = [note.partition(":")[0] for note in table.notes]
    assert legends == ["ms an answer", "Ceiling", "From users"]
