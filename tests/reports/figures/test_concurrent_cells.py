"""Several masters' directories: what ran at the same time is added, what ran again is averaged."""

from pathlib import Path
from typing import Any

import pytest

from records.cells.reader import read_run
from reports.analysis.analyse import analyse
from reports.analysis.analysis import Analysis
from reports.analysis.of_loads import Overlapping
from reports.blocks import blocks
from reports.document.document import Paragraph


def analysed(made: Any, tmp_path: Path, **regions: Any) -> Analysis:
    runs = [read_run(made.run(tmp_path / name, [spec])) for name, spec in regions.items()]
    return analyse(runs)


def verdict(analysis: Analysis) -> str:
    return next(
        " ".join(b.lines) for b in blocks(analysis) if isinstance(b, Paragraph) and b.title == "Verdict"
    )


def test_two_regions_at_the_same_time_are_added(made: Any, tmp_path: Path) -> None:
    """Windows 0-10 s and 1-11 s: over the 9 s that they share both gave all their load."""
    east = made.spec(rps=20.0, seconds=10.0, ttft_ms=100.0)
    west = made.spec(rps=40.0, seconds=10.0, ttft_ms=300.0, late_s=1.0, seed=1)
    analysis = analysed(made, tmp_path, east=east, west=west)
    [level] = analysis.levels
    [cell] = level.cells
    assert level.load.users == 20
    assert level.figures.seconds == 9.0
    assert level.figures.throughput is not None
    assert level.figures.throughput.value == pytest.approx(60.0, rel=0.02)
    inside = [
        r.ttft_ms
        for spec in (east, west)
        for r in made.records(spec)
        if made.start_ns + 10**9 <= r.sent_at_ns <= made.start_ns + 10 * 10**9
    ]
    assert level.figures.requests == len(inside)
    middle = sorted(inside)[len(inside) // 2 - 1 : len(inside) // 2 + 1]
    assert level.figures.at("ttft_p50") is not None
    assert middle[0] <= level.figures.at("ttft_p50").value <= middle[-1]
    assert cell.source == "east + west"
    assert "local/baseline/c10-r1 of east and west ran at the same time: added up to 20 users" in verdict(
        analysis
    )


def test_what_ran_again_later_is_a_repeat(made: Any, tmp_path: Path) -> None:
    analysis = analysed(
        made, tmp_path, first=made.spec(rps=20.0), again=made.spec(rps=30.0, late_s=5.0, seed=1)
    )
    [level] = analysis.levels
    assert level.load.users == 10
    assert len(level.cells) == 2
    assert level.figures.throughput is not None
    assert level.figures.throughput.value == pytest.approx(25.0)
    assert analysis.merged == ()
    assert "overlap" not in verdict(analysis)


def test_a_short_overlap_is_neither_and_is_said(made: Any, tmp_path: Path) -> None:
    analysis = analysed(made, tmp_path, first=made.spec(), second=made.spec(late_s=4.0, seed=1))
    assert analysis.merged == ()
    assert "first/local/baseline/c10-r1 and second/local/baseline/c10-r1 overlap in time" in verdict(analysis)


def test_three_regions_are_one_cell(made: Any, tmp_path: Path) -> None:
    regions = {name: made.spec(rps=20.0, late_s=n * 0.5, seed=n) for n, name in enumerate("abc")}
    analysis = analysed(made, tmp_path, **regions)
    [level] = analysis.levels
    assert level.load.users == 30
    assert len(level.cells[0].parts) == 3
    assert level.figures.throughput is not None
    assert level.figures.throughput.value == pytest.approx(60.0, rel=0.05)


def test_cells_of_other_names_are_not_added(made: Any, tmp_path: Path) -> None:
    analysis = analysed(made, tmp_path, a=made.spec(), b=made.spec(config="mock-llm"))
    assert analysis.merged == ()
    assert [level.load.users for level in analysis.levels] == [10, 10]


def test_two_loads_at_the_same_time_are_not_one(made: Any, tmp_path: Path) -> None:
    a, b = (made.spec(seed=n, requested={"think_time_s": think}) for n, think in enumerate((0.0, 1.0)))
    analysis = analysed(made, tmp_path, a=a, b=b)
    assert analysis.merged == ()
    assert [level.config for level in analysis.levels] == [
        "baseline think_time_s=0.0",
        "baseline think_time_s=1.0",
    ]
    assert "Some ratios are of two loads that differ (think_time_s)." in verdict(analysis)


def test_an_open_loops_rates_are_added(made: Any, tmp_path: Path) -> None:
    a, b = (made.spec(seed=n, requested={"rate": rate}) for n, rate in enumerate((20.0, 30.0)))
    analysis = analysed(made, tmp_path, a=a, b=b)
    assert [cell.cell.requested for cell in analysis.merged] == [{"rate": 50.0}]


def test_one_invalid_region_makes_the_sum_invalid(made: Any, tmp_path: Path) -> None:
    analysis = analysed(made, tmp_path, east=made.spec(), west=made.spec(checks=made.fail, seed=1))
    assert analysis.exit_code == 3
    assert "west: 9 answers came without documents (retrieval)" in verdict(analysis)


def test_a_region_without_a_window_stands_alone(made: Any, tmp_path: Path) -> None:
    analysis = analysed(made, tmp_path, east=made.spec(), west=made.spec(window=False, seed=1))
    assert [len(level.cells) for level in analysis.levels] == [2]
    assert [cell.valid for cell in analysis.cells] == [True, False]


def test_questions_may_lie_under_other_paths(made: Any, tmp_path: Path) -> None:
    a, b = (made.spec(seed=n, requested={"questions": path}) for n, path in enumerate(("/a/q", "/b/q")))
    assert [len(cell.parts) for cell in analysed(made, tmp_path, a=a, b=b).merged] == [2]


@pytest.mark.parametrize(("key", "values"), [("headers", ([], ["X-Team"])), ("max_inflight", (10, 1000))])
def test_what_was_asked_differently_is_no_repeat(
    made: Any, tmp_path: Path, key: str, values: tuple[object, object]
) -> None:
    a, b = (made.spec(seed=n, late_s=n * 60, requested={key: value}) for n, value in enumerate(values))
    analysis = analysed(made, tmp_path, a=a, b=b)
    assert [len(level.cells) for level in analysis.levels] == [1, 1]
    assert f"two loads that differ ({key})" in verdict(analysis)


def test_two_services_at_the_same_time_are_not_one(made: Any, tmp_path: Path) -> None:
    a, b = (made.spec(seed=n, settings={"INDEX": index}) for n, index in enumerate(("flat", "hnsw")))
    analysis = analysed(made, tmp_path, a=a, b=b)
    assert analysis.merged == ()
    assert [level.config for level in analysis.levels] == ["baseline INDEX=flat", "baseline INDEX=hnsw"]


@pytest.mark.parametrize(
    "other", [{"concurrency": 20}, {"config": "mock-llm"}, {"requested": {"think_time_s": 1}}]
)
def test_two_loads_that_took_from_each_other_are_named(
    made: Any, tmp_path: Path, other: dict[str, Any]
) -> None:
    specs = [made.spec(), made.spec(late_s=1.0, seed=1, **other)]
    analysis = analysed(made, tmp_path, one=specs[0], two=specs[1])
    one, two = (spec.name for spec in specs)
    said = f"one/{one} and two/{two} overlap in time and were not added up: they took from each other, so"
    assert said in verdict(analysis)
    assert "likewise" not in verdict(analysis)


def test_loads_after_one_another_and_on_other_services_took_nothing(made: Any, tmp_path: Path) -> None:
    after, elsewhere = made.spec(concurrency=20, late_s=5.0), made.spec(deployment="k8s")
    analysis = analysed(made, tmp_path, one=made.spec(), two=after, three=elsewhere)
    assert analysis.noted(Overlapping) == ()
    assert "overlap" not in verdict(analysis)


def test_a_load_beside_several_is_counted_with_each(made: Any, tmp_path: Path) -> None:
    """Also beside a measurement of two masters, whose parts took nothing from each other."""
    specs = {
        "a": made.spec(),
        "b": made.spec(seed=1),
        "c": made.spec(concurrency=20),
        "d": made.spec(config="x"),
    }
    analysis = analysed(made, tmp_path, **specs)
    assert [len(cell.parts) for cell in analysis.merged] == [2]
    assert "; 2 more pairs likewise." in verdict(analysis)
