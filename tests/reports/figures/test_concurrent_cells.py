"""Several masters' directories: what ran at the same time is added, what ran again is averaged."""

from typing import Any

import pytest

from reports.analysis.analysis import Analysis
from reports.analysis.of_loads import Overlapping
from reports.blocks import blocks


def verdict(analysis: Analysis) -> str:
    return next(" ".join(b.lines) for b in blocks(analysis) if b.title == "Verdict")


def test_two_regions_at_the_same_time_are_added(made: Any, of_each: Any) -> None:
    """Windows 0-10 s and 1-11 s: over the 9 s that they share both gave all their load."""
    east = made.spec(rps=20.0, seconds=10.0, ttft_ms=100.0)
    west = made.spec(rps=40.0, seconds=10.0, ttft_ms=300.0, late_s=1.0, seed=1)
    analysis = of_each(east=east, west=west)
    [level] = analysis.levels
    [cell] = level.cells
    assert (level.load.users, level.figures.seconds, cell.source) == (20, 9.0, "east + west")
    assert level.figures.throughput.value == pytest.approx(60.0, rel=0.02)
    begun, ended = made.start_ns + 10**9, made.start_ns + 10 * 10**9
    records = [record for spec in (east, west) for record in made.records(spec)]
    inside = sorted(r.ttft_ms for r in records if begun <= r.sent_at_ns <= ended)
    assert level.figures.requests == len(inside)
    middle = len(inside) // 2
    assert inside[middle - 1] <= level.figures.at("ttft_p50").value <= inside[middle]
    said = "local/baseline/c10-r1 of east and west ran at the same time: added up to 20 users"
    assert said in verdict(analysis)


def test_three_regions_are_one_cell(made: Any, of_each: Any) -> None:
    [level] = of_each(*(made.spec(rps=20.0, late_s=n * 0.5, seed=n) for n in range(3))).levels
    assert (level.load.users, len(level.cells[0].parts)) == (30, 3)
    assert level.figures.throughput.value == pytest.approx(60.0, rel=0.05)


def test_what_ran_again_later_is_a_repeat(made: Any, of_each: Any) -> None:
    analysis = of_each(made.spec(rps=20.0), made.spec(rps=30.0, late_s=5.0, seed=1))
    [level] = analysis.levels
    assert (level.load.users, len(level.cells), analysis.merged) == (10, 2, ())
    assert level.figures.throughput.value == pytest.approx(25.0)
    assert "overlap" not in verdict(analysis)


def test_one_invalid_region_makes_the_sum_invalid(made: Any, of_each: Any) -> None:
    analysis = of_each(east=made.spec(), west=made.spec(checks=made.fail, seed=1))
    assert analysis.exit_code == 3
    assert "west: 9 answers came without documents (retrieval)" in verdict(analysis)


def test_a_region_without_a_window_stands_alone(made: Any, of_each: Any) -> None:
    analysis = of_each(made.spec(), made.spec(window=False, seed=1))
    assert [len(level.cells) for level in analysis.levels] == [2]
    assert [cell.valid for cell in analysis.cells] == [True, False]


@pytest.mark.parametrize("other", [
    {"concurrency": 20}, {"config": "mock-llm"}, {"requested": {"think_time_s": 1}}, {"late_s": 4.0},
    {"settings": {"INDEX": "flat"}, "config": "b"},
])  # fmt: skip
def test_two_loads_that_took_from_each_other_are_named(made: Any, of_each: Any, other: Any) -> None:
    one, two = made.spec(), made.spec(**{"late_s": 1.0, "seed": 1, **other})
    analysis = of_each(one=one, two=two)
    assert analysis.merged == ()
    said = (
        f"one/{one.name} and two/{two.name} overlap in time and were not added up: they took from each other"
    )
    assert said in verdict(analysis)
    assert "likewise" not in verdict(analysis)


def test_two_services_at_the_same_time_are_not_one(made: Any, of_each: Any) -> None:
    analysis = of_each(
        *(made.spec(seed=n, settings={"INDEX": one}) for n, one in enumerate(("flat", "hnsw")))
    )
    assert analysis.merged == ()


def test_loads_after_one_another_and_on_other_services_took_nothing(made: Any, of_each: Any) -> None:
    after, elsewhere = made.spec(concurrency=20, late_s=5.0), made.spec(deployment="k8s")
    analysis = of_each(made.spec(), after, elsewhere)
    assert analysis.noted(Overlapping) == ()
    assert "overlap" not in verdict(analysis)


def test_a_load_beside_several_is_counted_with_each(made: Any, of_each: Any) -> None:
    """Also beside a measurement of two masters, whose parts took nothing from each other."""
    beside = made.spec(concurrency=20), made.spec(config="x")
    analysis = of_each(made.spec(), made.spec(seed=1), *beside)
    assert [len(cell.parts) for cell in analysis.merged] == [2]
    assert "; 2 more pairs likewise." in verdict(analysis)
