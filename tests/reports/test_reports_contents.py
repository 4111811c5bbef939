"""What a report says, held against runs whose truth is known."""

import re
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from records.cells.measure import rate
from records.cells.reader import read_run
from reported import analysed, printed, rows, words
from reports.as_json.results import results_json
from reports.blocks import blocks
from reports.document.render import markdown, print_blocks
from reports.export import figure_columns
from reports.figures.knee import knee_index
from reports.words.growth import knee_sentence
from workloads.stream import STREAM


def test_known_rate_and_latency(made: Any, of: Any) -> None:
    [level] = of(made.spec(ttfts=tuple(float(ms) for ms in range(1, 101)), seconds=4.0)).levels
    assert level.figures.throughput.value == 25.0
    found = [level.figures.at(name).value for name in ("ttft_p50", "ttft_p95")]
    assert found == pytest.approx([50.5, 95.05], abs=0.01)
    assert level.figures.at("ttft_p99") is None


def test_a_cells_rate_is_the_one_of_records(made: Any, tmp_path: Any) -> None:
    run = made.run(tmp_path / "run", [made.spec(rps=17.0, failures=4)])
    [data] = read_run(run).cells
    assert analysed(run).levels[0].figures.throughput.value == rate(data.requests, data.cell.window)


def test_invalid_cells_enter_nothing(made: Any, of: Any) -> None:
    specs = [made.spec(rps=20.0), made.spec(config="mock-llm", rps=40.0)]
    wrong = made.spec(rps=900.0, repeat=2, checks=made.fail, ttft_ms=5.0)
    alone, beside = of(*specs), of(*specs, wrong)
    assert [one.throughput.value for found in (alone, beside) for one in found.comparisons] == [2.0, 2.0]
    assert alone.levels[0].figures.at("ttft_p50") == beside.levels[0].figures.at("ttft_p50")
    assert beside.exit_code == 0
    assert "9 answers came without documents (retrieval)" in words(beside)
    for text in (words(beside), markdown(blocks(beside), "t")):
        assert "~~local/baseline/c10-r2, 900 RPS" in text
    told = [(row["valid"], row["failed_checks"]) for row in rows(beside)]
    assert told == [("true", ""), ("false", "retrieval"), ("true", "")]


def test_a_level_without_a_valid_cell_is_struck_out(made: Any, of: Any) -> None:
    analysis = of(made.spec(), made.spec(concurrency=20, rps=77.0, checks=made.fail))
    assert "~~77.0~~" in printed(analysis)
    assert all(knee.top == 10 for knee in analysis.knees)
    screen = StringIO()
    print_blocks(
        blocks(analysis), Console(file=screen, width=80, force_terminal=True, color_system="standard")
    )
    assert re.search(r"\x1b\[[0-9;]*9m *77\.0", screen.getvalue())
    assert "~~" not in screen.getvalue()


def test_failures_beside_good_answers(made: Any, of: Any) -> None:
    analysis = of(made.spec(rps=20.0, seconds=5.0, failures=10))
    level = results_json(analysis)["configurations"]["local"]["baseline"]["levels"]["10"]
    assert (level["failures"], level["requests"], level["ttft_p95_with_failures_ms"]) == (10, 110, "inf")
    assert level["ttft_p95_ms"]["value"] < 200
    assert "TTFT p95 at 10 users is inf" in words(analysis)
    own = {"workload", "point", "late", "answers", "valid", "repeats", "invalid_repeats"}
    assert set(level) == {*figure_columns([STREAM]), *own}


def test_too_few_answers_say_so(made: Any, of: Any) -> None:
    few = made.spec(rps=11.6, seconds=5.0)
    [row] = rows(of(few))
    assert (row["requests"], row["ttft_p95_ms"]) == ("58", "-")
    assert of(few, made.spec(rps=11.6, seconds=5.0, repeat=2)).levels[0].figures.at("ttft_p95")


@pytest.mark.parametrize(("first", "second", "share", "head"), [
    ("local", "k8s", 0.5, "Conc | Local RPS | K8s RPS | Local TTFT | K8s TTFT | Ratio (L/K)"),
    ("staging", "prod", 1.0, "Conc | Staging RPS | Prod RPS | Staging TTFT | Prod TTFT | Ratio (S/P)"),
])  # fmt: skip
def test_two_deployments_have_the_originals_table(
    made: Any, of: Any, first: str, second: str, share: float, head: str
) -> None:
    cells = [
        made.spec(deployment=name, concurrency=n, rps=6.0 * n * part, repeat=repeat)
        for name, part in ((first, 1.0), (second, share))
        for n in (1, 10)
        for repeat in (1, 2)
    ]
    analysis = of(*cells, plan={"targets": [{"label": first}, {"label": second}]})
    assert head in [line.rstrip() for line in printed(analysis, 80).splitlines()]
    assert f"| {head} |" in markdown(blocks(analysis), "t")
    assert ("bottleneck of its own" in words(analysis)) is (share < 1)
    found = [ratio.throughput.value for ratio in analysis.deployment_ratios]
    assert found == pytest.approx([1 / share] * 2)


@pytest.mark.parametrize(
    ("rps", "knee"),
    [([], None), ([5.0], None), ([5, 10, 20], None), ([5, 30, 31, 31.5], 1), ([5, 30, 20, 40], None),
     ([10, 10, 10], 0), ([5, 30, 25], 1), ([5, 30, 34, 34], 2)],
)  # fmt: skip
def test_knee_of_a_known_curve(rps: list[float], knee: int | None) -> None:
    assert knee_index(rps) == knee


def test_a_knee_that_a_budget_left_unmeasured_is_said_to_be(made: Any, of: Any) -> None:
    [knee] = of(*(made.spec(concurrency=n, rps=5.0 * n) for n in (1, 5)), budget_ended=True).knees
    assert knee_sentence(knee).endswith("the budget ended the sweep first")
