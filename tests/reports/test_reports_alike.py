"""What differs in more than its name is not compared, and it is said in what."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alike_cells import MOCKED, spec
from records.cells.reader import read_run
from reported import notes, of_cells, what_this_says
from reports.analysis.analyse import analyse
from reports.as_json.results import results_json
from reports.blocks import blocks
from reports.document.document import Paragraph
from reports.figures.requested import workload_mismatch
from reports.figures.rows import rows_of


def test_a_mock_may_differ_in_its_own_stage_and_setting(made: Any, tmp_path: Path) -> None:
    analysis = of_cells(made, tmp_path, *(spec(made, config) for config in MOCKED))
    assert [c.differ_in for c in analysis.comparisons] == [(), (), ()]
    assert all(c.throughput and c.compared for c in analysis.comparisons)
    assert "compared" not in " ".join(notes(analysis))


@pytest.mark.parametrize(
    ("config", "changes", "differ"),
    [
        ("mock-embeddings", {"paths": {"search": "Hnsw@pool"}}, "stage search (Hnsw@loop against Hnsw@pool)"),
        ("mock-embeddings", {"paths": {"llm": "Mock@loop"}}, "stage llm (OpenAi@loop against Mock@loop)"),
        ("mock-embeddings", {"settings": {"USE_MOCK_LLM": True}}, "USE_MOCK_LLM"),
        ("mock-llm", {"paths": {"embed": "Mock@loop"}}, "stage embed (MiniLm@pool against Mock@loop)"),
        ("mock-llm", {"settings": {"RETRIEVAL": "blocking"}}, "RETRIEVAL"),
        ("mock-both", {"paths": {"rerank": "New@loop"}}, "stage rerank (nothing against New@loop)"),
        ("mock-both", {"requested": {"cpus": {"mode": "shared", "load": [0], "target": [0]}}}, "CPUs"),
    ],
)  # fmt: skip
def test_what_differs_in_more_has_no_ratio_and_says_so(
    made: Any, tmp_path: Path, config: str, changes: dict[str, Any], differ: str
) -> None:
    pinned = {"cpus": {"mode": "auto", "load": [0], "target": [1]}}
    one = spec(made, "baseline", requested=pinned)
    analysis = of_cells(made, tmp_path, one, spec(made, config, rps=90.0, **{"requested": pinned, **changes}))
    [comparison] = analysis.comparisons
    assert comparison.differ_in == (differ,)
    assert (comparison.throughput, comparison.compared) == (None, None)
    said = f"local/{config} is not compared with baseline at 10 users: they also differ in {differ}."
    assert said in " ".join(notes(analysis))
    head = " ".join(what_this_says(analysis))
    assert said in head
    assert "makes RPS" not in head
    verdict = blocks(analysis)[-1]
    assert isinstance(verdict, Paragraph)
    assert said in verdict.lines
    assert results_json(analysis)["comparisons"][0]["differ_in"] == (differ,)


def test_where_things_lie_is_no_difference(made: Any, tmp_path: Path) -> None:
    elsewhere = {"OPENAI_BASE_URL": "http://b", "KNOWLEDGE_BASE_DIR": "/b", "PORT": 2}
    analysis = of_cells(made, tmp_path, spec(made, "baseline"), spec(made, "mock-llm", settings=elsewhere))
    assert [c.differ_in for c in analysis.comparisons] == [()]


def test_of_a_service_that_does_not_say_nothing_is_known(made: Any, tmp_path: Path) -> None:
    analysis = of_cells(made, tmp_path, spec(made, "baseline"), made.spec(config="mock-llm", late_s=20.0))
    assert [c.differ_in for c in analysis.comparisons] == [()]
    assert analysis.comparisons[0].throughput is not None


def test_a_name_that_is_not_ours_may_name_anything(made: Any, tmp_path: Path) -> None:
    other = spec(made, "v2", settings={"RETRIEVAL": "blocking"}, paths={"search": "Other@pool"})
    analysis = of_cells(made, tmp_path, spec(made, "baseline"), other)
    assert [c.differ_in for c in analysis.comparisons] == [()]


def test_repeats_that_ran_other_code_are_rows_of_their_own(made: Any, tmp_path: Path) -> None:
    again = spec(made, "baseline", paths={"search": "Hnsw@pool"}, repeat=2)
    analysis = of_cells(made, tmp_path, spec(made, "baseline"), again)
    names = ["baseline stage search=Hnsw@loop", "baseline stage search=Hnsw@pool"]
    assert [level.config for level in analysis.levels] == names
    [comparison] = analysis.comparisons
    assert (comparison.reference, comparison.config, comparison.differ_in) == (*names, ())


def test_an_invalid_cell_has_no_say_in_what_valid_ones_are(made: Any, tmp_path: Path) -> None:
    wrong = spec(made, "mock-llm", paths={"search": "Hnsw@pool"}, repeat=2, checks=made.fail)
    analysis = of_cells(made, tmp_path, spec(made, "baseline"), spec(made, "mock-llm"), wrong)
    assert [(c.reference, c.differ_in) for c in analysis.comparisons if c.throughput] == [("baseline", ())]


def recipe(made: Any, tmp_path: Path) -> list[Any]:
    """`sweep --set RETRIEVAL=blocking --name before`, and the same without it: cells of the same name."""
    before, after = (
        made.run(
            tmp_path / name,
            [
                replace(one, repeat=repeat, seed=seed, late_s=late_s)
                for one in (
                    spec(made, "baseline", settings=set_, rps=rps),
                    spec(made, "mock-llm", settings=set_, rps=rps),
                )
                for repeat in (1, 2)
            ],
            plan={"targets": [{"label": "local"}], "variants": [{"name": "baseline"}, {"name": "mock-llm"}]},
        )
        for name, set_, rps, seed, late_s in (
            ("before", {"RETRIEVAL": "blocking"}, 10.0, 0, 0.0),
            ("after", {"CACHE_DIR": "/elsewhere"}, 25.0, 1, 900.0),
        )
    )
    return [before, after]


def test_two_runs_with_other_settings_are_two_rows_and_a_comparison(made: Any, tmp_path: Path) -> None:
    analysis = analyse([read_run(path) for path in recipe(made, tmp_path)])
    rows = {
        level.config: level.figures.throughput and level.figures.throughput.value for level in analysis.levels
    }
    assert {name: round(value or 0) for name, value in rows.items()} == {
        "baseline RETRIEVAL=blocking": 10,
        "baseline RETRIEVAL=async": 25,
        "mock-llm RETRIEVAL=blocking": 10,
        "mock-llm RETRIEVAL=async": 25,
    }
    pairs = {(c.config, c.reference): c.throughput for c in analysis.comparisons}
    fixed = pairs["baseline RETRIEVAL=async", "baseline RETRIEVAL=blocking"]
    assert fixed is not None
    assert fixed.value == pytest.approx(2.5, rel=0.1)
    assert fixed.low is not None
    assert fixed.low > 2
    assert {pair for pair, rps in pairs.items() if rps} == {
        ("baseline RETRIEVAL=async", "baseline RETRIEVAL=blocking"),
        ("mock-llm RETRIEVAL=blocking", "baseline RETRIEVAL=blocking"),
        ("mock-llm RETRIEVAL=async", "baseline RETRIEVAL=async"),
        ("mock-llm RETRIEVAL=async", "mock-llm RETRIEVAL=blocking"),
    }
    assert analysis.exit_code == 0
    said = " ".join(what_this_says(analysis))
    assert "configuration baseline RETRIEVAL=async makes RPS 2.5" in said


def test_the_other_order_compares_the_other_way_and_a_reference_may_be_named(
    made: Any, tmp_path: Path
) -> None:
    runs = [read_run(path) for path in recipe(made, tmp_path)]
    assert analyse(runs[::-1]).comparisons[0].reference == "baseline RETRIEVAL=async"
    assert {c.reference for c in analyse(runs, "mock-llm RETRIEVAL=async").comparisons} >= {
        "mock-llm RETRIEVAL=async"
    }


def variant(made: Any, name: str, own: dict[str, str], **more: Any) -> Any:
    """A cell of a variant of the user's, whose own settings were kept."""
    return spec(made, name, requested={"variant": own}, **more)


def test_variants_may_differ_in_their_settings_and_in_what_follows(made: Any, tmp_path: Path) -> None:
    blocking = variant(made, "blocking", {"RETRIEVAL": "blocking"}, settings={"RETRIEVAL": "blocking"},
                       paths={"embed": "MiniLm@loop"})  # fmt: skip
    analysis = of_cells(made, tmp_path, blocking, variant(made, "async", {}, rps=50.0))
    [comparison] = analysis.comparisons
    assert (comparison.differ_in, comparison.throughput is not None) == ((), True)
    other = variant(made, "async", {}, paths={"llm": "Other@loop"}, settings={"INDEX": "flat"})
    runs = [read_run(made.run(tmp_path / "other", [blocking, other]))]
    [comparison] = analyse(runs).comparisons
    assert comparison.differ_in == ("stage llm (Other@loop against OpenAi@loop)", "INDEX")


@pytest.mark.parametrize(("plan", "reference", "expected"), [
    ({}, None, "baseline"), ({"reference": "slow"}, None, "slow"), ({"reference": "slow"}, "fast", "fast"),
    ({"variants": [{"name": "slow"}, {"name": "fast"}]}, None, "baseline"),
])  # fmt: skip
def test_what_is_compared_with(
    made: Any, tmp_path: Path, plan: dict[str, Any], reference: str | None, expected: str
) -> None:
    cells = [spec(made, "baseline"), variant(made, "fast", {}), variant(made, "slow", {})]
    run = read_run(made.run(tmp_path / "run", cells, plan=plan))
    assert {c.reference for c in analyse([run], reference).comparisons} == {expected}


def test_without_a_baseline_the_first_one_given_is_compared_with(made: Any, tmp_path: Path) -> None:
    cells = [variant(made, name, {}) for name in ("fast", "slow")]
    plan = {"variants": [{"name": "slow"}, {"name": "fast"}]}
    analysis = analyse([read_run(made.run(tmp_path / "run", cells, plan=plan))])
    assert [(c.reference, c.config) for c in analysis.comparisons] == [("slow", "fast")]
    assert [level.config for level in analysis.levels] == ["slow", "fast"]


def test_a_ratio_that_may_be_chance_is_no_bottleneck(made: Any, tmp_path: Path) -> None:
    slow = spec(made, "baseline", deployment="k8s", rps=4.0, seconds=1.0)
    [ratio] = of_cells(made, tmp_path, spec(made, "baseline", rps=7.0, seconds=1.0), slow).deployment_ratios
    best = ratio.throughput
    assert best is not None
    assert best.value > 1.5
    assert ratio.second_is_bottleneck == best.excludes_one
    assert not replace(ratio, throughput=replace(best, low=0.9)).second_is_bottleneck


@pytest.mark.parametrize("said", [{}, {"N": 1}])
def test_settings_that_a_service_does_not_say_are_not_pooled_either(
    made: Any, tmp_path: Path, said: dict[str, Any]
) -> None:
    """As with ``run:`` and an app without /config, or with one that says some of them."""
    runs = []
    for workers in ("1", "4"):
        wanted = {"variant": {}, "set": {"WORKERS": workers, "N": "1"}}
        one = made.spec(config="mine", settings=said, requested=wanted, late_s=90.0 * int(workers))
        runs.append(read_run(made.run(tmp_path / workers, [one])))
    analysis = analyse(runs)
    assert [level.config for level in analysis.levels] == ["mine WORKERS=1", "mine WORKERS=4"]
    assert [c.reference for c in analysis.comparisons] == ["mine WORKERS=1"]


def run_of(made: Any, directory: Path, name: str, **requested: Any) -> Any:
    """A valid run of a service that does not say what it runs."""
    one = made.spec(config="as-is", requested=requested, seed=len(name), late_s=100.0 * len(name))
    return read_run(made.run(directory / name, [one]))


@pytest.mark.parametrize(("first", "second"), [
    ({"set": {"RETRIEVAL": "blocking"}}, {"set": {}}),
    ({"set": {"TRANSPORT": "grpc"}}, {"set": {"TRANSPORT": "http"}}),
])  # fmt: skip
def test_what_was_set_or_requested_otherwise_is_never_pooled(
    made: Any, tmp_path: Path, first: dict[str, Any], second: dict[str, Any]
) -> None:
    analysis = analyse([run_of(made, tmp_path, "a", **first), run_of(made, tmp_path, "bb", **second)])
    assert len({level.config for level in analysis.levels}) == 2


def test_where_it_listens_is_no_setting_of_it(made: Any, tmp_path: Path) -> None:
    runs = [run_of(made, tmp_path, name, set={"PORT": number}) for name, number in (("a", 1), ("bb", 2))]
    assert len(analyse(runs).levels) == 1


def test_what_another_scenario_keeps_of_its_requests_is_held_against_each_other(
    made: Any, tmp_path: Path
) -> None:
    [data] = run_of(made, tmp_path, "a").cells
    small, large = (
        replace(data.cell, workload="echo", requested={"size": size, "requests": size})
        for size in (100, 400_000)
    )
    assert workload_mismatch([small, large]) == ("size",)
    rows = rows_of([small, large])
    assert [row.difference for row in rows] == ["size=100", "size=400000"]
