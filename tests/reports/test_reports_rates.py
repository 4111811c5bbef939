"""Shapes of other heights, and open loops by their rate: loads of their own."""

import csv
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from reported import analysed, printed
from reports.analysis.of_machine import Drift
from reports.as_json.results import results_json
from reports.export import summary_csv
from reports.figures.load import Load


def stepped(made: Any, users: int, **more: Any) -> Any:
    return made.spec(requested={"shape": "Steps", "shape_options": {"step_users": users}}, **more)


def test_steps_of_other_heights_are_other_loads(made: Any, tmp_path: Path) -> None:
    low, high = (stepped(made, n, repeat=r, rps=10.0 * r) for r, n in ((1, 5), (2, 50)))
    text = " ".join(printed(analysed(made.run(tmp_path / "run", [low, high]))).split())
    assert "local: baseline shape_options.step_users=5 Load" in text
    assert "local: baseline shape_options.step_users=50 Load" in text
    assert analysed(tmp_path / "run").noted(Drift) == ()
    old = replace(high, requested={"shape": "Steps"})  # from before they were kept
    assert len(analysed(made.run(tmp_path / "old", [low, old])).noted(Drift)) == 1
    [ratio] = analysed(
        made.run(tmp_path / "two", [low, stepped(made, 50, config="mock-llm", rps=60.0)])
    ).comparisons
    assert ratio.workload_mismatch == ("shape_options",)
    masters = [made.cell(tmp_path / name, spec) for name, spec in (("eu", low), ("us", stepped(made, 50)))]
    assert analysed(*masters).merged == ()


def test_other_questions_are_another_load(made: Any, tmp_path: Path) -> None:
    specs = [made.spec(repeat=n, requested={"questions": q}) for n, q in ((1, "a.txt"), (2, "b.txt"))]
    text = " ".join(printed(analysed(made.run(tmp_path / "run", specs))).split())
    assert "local: baseline questions=a.txt Conc" in text
    assert "local: baseline questions=b.txt Conc" in text


def open_loop(made: Any, rate: float, **more: Any) -> Any:
    return made.spec(requested={"rate": rate, "arrival": "poisson"}, **more)


def test_two_rates_of_a_service_are_two_rows(made: Any, tmp_path: Path) -> None:
    """All with 10 users, which an open loop has no use for."""
    directories = [
        made.cell(tmp_path / name, spec)
        for name, spec in (
            ("fast", open_loop(made, 30.0, rps=30.0, repeat=2)),
            ("slow", open_loop(made, 7.5, rps=8.0)),
            ("users", made.spec(rps=50.0, repeat=3)),
        )
    ]
    analysis = analysed(*directories)
    assert [level.load.label for level in analysis.levels] == ["10", "7.5/s", "30/s"]
    assert [level.figures.throughput and level.figures.throughput.value for level in analysis.levels] == [
        50,
        8,
        30,
    ]
    text = printed(analysis, 160)
    assert "stops growing at" not in text
    rows = [[cell.strip() for cell in line.split("|")[:2]] for line in text.splitlines()]
    assert [row[0] for row in rows if len(row) == 2][:5] == ["Load", "------", "10", "7.5/s", "30/s"]
    listed = list(csv.DictReader(StringIO(summary_csv(analysis))))
    assert [(row["concurrency"], row["load"]) for row in listed] == [
        ("10", "10"),
        ("10", "7.5/s"),
        ("10", "30/s"),
    ]
    assert set(results_json(analysis)["configurations"]["local"]["baseline"]["levels"]) == {
        "10",
        "7.5/s",
        "30/s",
    }


def test_repeats_of_one_rate_are_pooled(made: Any, tmp_path: Path) -> None:
    specs = [open_loop(made, 20.0, repeat=n, concurrency=users) for n, users in ((1, 10), (2, 30))]
    [level] = analysed(made.run(tmp_path / "run", specs)).levels
    assert (level.load.named, len(level.valid_cells)) == ("20/s", 2)


def test_rates_are_compared_with_the_same_rate_only(made: Any, tmp_path: Path) -> None:
    specs = [
        open_loop(made, 20.0),
        open_loop(made, 20.0, config="mock-llm", ttft_ms=20.0),
        made.spec(config="mock-both"),
    ]
    analysis = analysed(made.run(tmp_path / "run", specs))
    [comparison] = analysis.comparisons
    assert (comparison.config, comparison.load.label) == ("mock-llm", "20/s")
    [written] = results_json(analysis)["comparisons"]
    assert (written["concurrency"], written["load"]) == (None, "20/s")
    assert "At 20/s mocking the LLM" in printed(analysis, 160)
    beside = analysed(
        made.run(tmp_path / "two", [made.spec(rps=60.0), open_loop(made, 5.0, deployment="k8s")])
    )
    assert [(r.load.label, r.throughput) for r in beside.deployment_ratios] == [("10", None), ("5/s", None)]


def test_two_rates_at_a_time_are_named_by_their_sum(made: Any, tmp_path: Path) -> None:
    cells = [
        made.cell(tmp_path / name, open_loop(made, rate, seed=n))
        for n, (name, rate) in enumerate((("eu", 10.0), ("us", 5.0)))
    ]
    analysis = analysed(*cells)
    assert [level.load.label for level in analysis.levels] == ["15/s"]
    assert "added up to 15/s" in printed(analysis, 160)


@pytest.mark.parametrize(("load", "label", "named"), [
    (Load(users=1), "1", "1 user"), (Load(users=30), "30", "30 users"), (Load(rate=10.0), "10/s", "10/s"),
    (Load(shape="Steps"), "Steps", "Steps"), (Load(shape="Steps", rate=2.5), "Steps 2.5/s", "Steps 2.5/s"),
])  # fmt: skip
def test_what_a_load_is_called(load: Load, label: str, named: str) -> None:
    assert (load.label, load.named) == (label, named)
