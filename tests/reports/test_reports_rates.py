"""Shapes of other heights, and open loops by their rate: loads of their own."""

from typing import Any

import pytest

from reported import printed, rows
from reports.as_json.results import results_json
from reports.figures.load import Load


def open_loop(made: Any, rate: float, **more: Any) -> Any:
    return made.spec(requested={"rate": rate, "arrival": "poisson"}, **more)


def test_two_rates_of_a_service_are_two_rows(made: Any, of: Any) -> None:
    """All with 10 users, which an open loop has no use for."""
    fast, slow = open_loop(made, 30.0, rps=30.0, repeat=2), open_loop(made, 7.5, rps=8.0)
    analysis = of(fast, slow, made.spec(rps=50.0, repeat=3))
    labels = ["10", "7.5/s", "30/s"]
    assert [level.load.label for level in analysis.levels] == labels
    assert [level.figures.throughput.value for level in analysis.levels] == [50, 8, 30]
    text = printed(analysis, 160)
    assert "stops growing at" not in text
    firsts = [line.split("|")[0].strip() for line in text.splitlines() if "|" in line]
    assert firsts[:5] == ["Load", "------", *labels]
    assert sorted((row["concurrency"], row["load"]) for row in rows(analysis)) == sorted(
        ("10", x) for x in labels
    )
    assert set(results_json(analysis)["configurations"]["local"]["baseline"]["levels"]) == set(labels)


def test_repeats_of_one_rate_are_pooled(made: Any, of: Any) -> None:
    [level] = of(open_loop(made, 20.0), open_loop(made, 20.0, repeat=2, concurrency=30)).levels
    assert (level.load.named, len(level.valid_cells)) == ("20/s", 2)


def test_rates_are_compared_with_the_same_rate_only(made: Any, of: Any) -> None:
    mock = open_loop(made, 20.0, config="mock-llm", ttft_ms=20.0)
    analysis = of(open_loop(made, 20.0), mock, made.spec(config="mock-both"))
    [written] = results_json(analysis)["comparisons"]
    assert [written[key] for key in ("config", "concurrency", "load")] == ["mock-llm", None, "20/s"]
    assert "At 20/s mocking the LLM" in printed(analysis, 160)
    beside = of(made.spec(rps=60.0), open_loop(made, 5.0, deployment="k8s")).deployment_ratios
    assert [(r.load.label, r.throughput) for r in beside] == [("10", None), ("5/s", None)]


def test_two_rates_at_a_time_are_named_by_their_sum(made: Any, of_each: Any) -> None:
    analysis = of_each(*(open_loop(made, rate, seed=n) for n, rate in enumerate((10.0, 5.0))))
    assert [level.load.label for level in analysis.levels] == ["15/s"]
    assert "added up to 15/s" in printed(analysis, 160)


def test_steps_of_other_heights_are_neither_compared_nor_added_up(made: Any, of: Any, of_each: Any) -> None:
    def stepped(users: int, **more: Any) -> Any:
        return made.spec(requested={"shape": "Steps", "shape_options": {"step_users": users}}, **more)

    [ratio] = of(stepped(5), stepped(50, config="mock-llm", rps=60.0)).comparisons
    assert ratio.workload_mismatch == ("shape_options",)
    assert of_each(stepped(5), stepped(50, seed=1)).merged == ()


@pytest.mark.parametrize(("load", "label", "named"), [
    (Load(users=1), "1", "1 user"), (Load(users=30), "30", "30 users"), (Load(rate=10.0), "10/s", "10/s"),
    (Load(shape="Steps"), "Steps", "Steps"), (Load(shape="Steps", rate=2.5), "Steps 2.5/s", "Steps 2.5/s"),
])  # fmt: skip
def test_what_a_load_is_called(load: Load, label: str, named: str) -> None:
    assert (load.label, load.named) == (label, named)
