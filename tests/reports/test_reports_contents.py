"""What a report says, held against runs whose truth is known."""

import csv
import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from records.cells.cell import Check
from records.cells.measure import rate
from records.cells.reader import read_run
from reported import analysed, printed, words
from reports.analysis.analyse import analyse
from reports.as_json.results import results_json
from reports.blocks import blocks
from reports.document.render import markdown, print_blocks
from reports.export import figure_columns, summary_csv
from reports.figures.knee import knee_index
from reports.words.growth import knee_sentence
from workloads.stream import STREAM


def test_known_rate_and_latency(made: Any, tmp_path: Path) -> None:
    ttfts = tuple(float(ms) for ms in range(1, 101))
    run = made.run(tmp_path / "run", [made.spec(ttfts=ttfts, seconds=4.0)])
    level = analysed(run).levels[0].figures
    assert level.throughput is not None
    assert level.throughput.value == 25.0
    assert level.at("ttft_p50") is not None
    assert level.at("ttft_p50").value == pytest.approx(50.5, abs=0.01)
    assert level.at("ttft_p95") is not None
    assert level.at("ttft_p95").value == pytest.approx(95.05, abs=0.01)
    assert level.at("ttft_p99") is None


def test_a_cells_rate_is_the_one_of_records(made: Any, tmp_path: Path) -> None:
    run = read_run(made.run(tmp_path / "run", [made.spec(rps=17.0, failures=4)]))
    [data] = run.cells
    estimate = analyse([run]).levels[0].figures.throughput
    assert estimate is not None
    assert estimate.value == rate(data.requests, data.cell.window)


def test_invalid_cells_enter_nothing(made: Any, tmp_path: Path) -> None:
    specs = [made.spec(rps=20.0), made.spec(config="mock-llm", rps=40.0)]
    wrong = [made.spec(rps=900.0, repeat=2, checks=made.fail, ttft_ms=5.0)]
    alone, beside = made.run(tmp_path / "alone", specs), made.run(tmp_path / "beside", specs + wrong)
    a, b = analysed(alone), analysed(beside)
    assert [c.throughput.value if c.throughput else 0 for c in b.comparisons] == [2.0]
    assert [c.throughput.value if c.throughput else 0 for c in a.comparisons] == [2.0]
    assert a.levels[0].figures.at("ttft_p50") == b.levels[0].figures.at("ttft_p50")
    assert b.exit_code == 0
    assert "~~local/baseline/c10-r2, 900 RPS" in words(b)
    assert "9 answers came without documents (retrieval)" in words(b)
    assert "~~local/baseline/c10-r2, 900 RPS" in markdown(blocks(b), "t")
    table = list(csv.DictReader(StringIO(summary_csv(b))))
    assert [row["valid"] for row in table] == ["true", "false", "true"]
    assert table[1]["failed_checks"] == "retrieval"


def test_a_level_without_a_valid_cell_is_struck_out(made: Any, tmp_path: Path) -> None:
    run = made.run(tmp_path / "run", [made.spec(), made.spec(concurrency=20, rps=77.0, checks=made.fail)])
    analysis = analysed(run)
    assert "~~77.0~~" in printed(analysis)
    assert all(knee.top == 10 for knee in analysis.knees)
    screen = StringIO()
    terminal = Console(file=screen, width=80, force_terminal=True, color_system="standard")
    print_blocks(blocks(analysis), terminal)
    assert re.search(r"\x1b\[[0-9;]*9m *77\.0", screen.getvalue())
    assert "~~" not in screen.getvalue()


def test_a_cell_without_a_window_is_not_believed(made: Any, tmp_path: Path) -> None:
    analysis = analysed(made.run(tmp_path / "run", [made.spec(window=False)]))
    assert analysis.exit_code == 3
    assert "no measuring window" in words(analysis)


def test_failures_beside_good_answers(made: Any, tmp_path: Path) -> None:
    run = made.run(tmp_path / "run", [made.spec(rps=20.0, seconds=5.0, failures=10)])
    level = results_json(analysed(run))["configurations"]["local"]["baseline"]["levels"]["10"]
    assert level["failures"] == 10
    assert level["requests"] == 110
    assert level["ttft_p95_ms"]["value"] < 200
    assert level["ttft_p95_with_failures_ms"] == "inf"
    assert "TTFT p95 at 10 users is inf" in words(analysed(run))


def test_no_figure_of_the_json_is_missing_in_the_tables(made: Any, tmp_path: Path) -> None:
    run = made.run(tmp_path / "run", [made.spec()])
    level = results_json(analysed(run))["configurations"]["local"]["baseline"]["levels"]["10"]
    assert set(level) == {
        *figure_columns([STREAM]), "workload", "point", "late", "answers", "valid", "repeats",
        "invalid_repeats",
    }  # fmt: skip


def test_too_few_answers_say_so(made: Any, tmp_path: Path) -> None:
    run = made.run(tmp_path / "run", [made.spec(rps=11.6, seconds=5.0)])
    table = list(csv.DictReader(StringIO(summary_csv(analysed(run)))))
    assert table[0]["requests"] == "58"
    assert table[0]["ttft_p95_ms"] == "-"
    more = [made.spec(rps=11.6, seconds=5.0, repeat=repeat) for repeat in (1, 2)]
    pooled = analysed(made.run(tmp_path / "more", more)).levels[0].figures
    assert pooled.at("ttft_p95") is not None


def two(made: Any, path: Path, first: str, second: str, share: float) -> Path:
    specs = [
        made.spec(deployment=name, concurrency=n, rps=rate, repeat=repeat)
        for name, part in ((first, 1.0), (second, share))
        for n, rate in ((1, 10.0 * part), (10, 60.0 * part))
        for repeat in (1, 2)
    ]
    run: Path = made.run(path, specs, plan={"targets": [{"label": first}, {"label": second}]})
    return run


def test_two_deployments_have_the_originals_table(made: Any, tmp_path: Path) -> None:
    analysis = analysed(two(made, tmp_path / "run", "local", "k8s", 0.5))
    lines = [line.rstrip() for line in printed(analysis, 80).splitlines()]
    assert "Conc | Local RPS | K8s RPS | Local TTFT | K8s TTFT | Ratio (L/K)" in lines
    assert "bottleneck of its own" in words(analysis)
    assert "| Conc | Local RPS | K8s RPS | Local TTFT | K8s TTFT | Ratio (L/K) |" in markdown(
        blocks(analysis), "t"
    )
    assert [r.throughput.value if r.throughput else 0 for r in analysis.deployment_ratios] == [
        pytest.approx(2.0)
    ] * 2


def test_two_even_deployments_with_other_labels(made: Any, tmp_path: Path) -> None:
    analysis = analysed(two(made, tmp_path / "run", "staging", "prod", 1.0))
    assert "Conc | Staging RPS | Prod RPS | Staging TTFT | Prod TTFT | Ratio (S/P)" in printed(analysis)
    assert "bottleneck of its own" not in words(analysis)


def test_labels_with_the_same_first_letter(made: Any, tmp_path: Path) -> None:
    assert "Ratio (Pod/Prod)" in printed(analysed(two(made, tmp_path / "run", "pod", "prod", 1.0)))


@pytest.mark.parametrize(
    ("rps", "knee"),
    [([], None), ([5.0], None), ([5, 10, 20], None), ([5, 30, 31, 31.5], 1), ([5, 30, 20, 40], None),
     ([10, 10, 10], 0), ([5, 30, 25], 1), ([5, 30, 34, 34], 2)],
)  # fmt: skip
def test_knee_of_a_known_curve(rps: list[float], knee: int | None) -> None:
    assert knee_index(rps) == knee


def test_knees_in_words(sweep_dir: Path, made: Any, tmp_path: Path) -> None:
    knees = {knee.config: knee_sentence(knee) for knee in analysed(sweep_dir).knees}
    assert knees["baseline"].startswith("stops growing between 1 and 10 users (2-9 not measured), 30.0 (")
    assert knees["mock-embeddings"].startswith("knee not reached: throughput still grew at 20 users (75.0")
    assert "one level only" in knees["mock-both"]
    ended = made.run(
        tmp_path / "ended", [made.spec(concurrency=n, rps=5.0 * n) for n in (1, 5)], budget_ended=True
    )
    assert knee_sentence(analysed(ended).knees[0]).endswith("the budget ended the sweep first")


def test_comparisons_and_their_words(sweep_dir: Path) -> None:
    analysis = analysed(sweep_dir)
    at_20 = {c.config: c for c in analysis.comparisons if c.load.users == 20}
    embeddings, llm = at_20["mock-embeddings"].throughput, at_20["mock-llm"].throughput
    assert embeddings is not None
    assert embeddings.value == pytest.approx(75 / 31)
    assert embeddings.excludes_one
    assert llm is not None
    assert not llm.excludes_one
    text = words(analysis)
    assert "mocking the embeddings makes RPS 2.42x" in text
    assert "mocking the LLM shows no difference, 1.00x" in text
    assert "At 20 users what the embedding side takes holds throughput down" in text
    assert "An effect is not yet a cause" in text


def test_a_comparison_of_which_nothing_is_mocked_says_nothing_of_mocks(made: Any, tmp_path: Path) -> None:
    specs = [made.spec(), made.spec(config="after", late_s=30.0)]
    text = words(analysed(made.run(tmp_path / "run", specs)))
    assert "times faster than" in text
    assert "An effect is not yet a cause" not in text


def test_no_knee_is_said_where_levels_above_are_not_valid(made: Any, tmp_path: Path) -> None:
    broken = (Check(name="generator-lag", status="fail", text="late"),)
    specs = [made.spec(concurrency=n, rps=30.0) for n in (1, 2)]
    specs += [made.spec(concurrency=n, rps=20.0 * n, checks=broken) for n in (5, 10)]
    found = analysed(made.run(tmp_path / "run", specs))
    assert (found.knees[0].concurrency, found.knees[0].invalid) == (None, (5, 10))
    said = " ".join(words(found).split())
    assert "5, 10 users were measured and are not valid: no knee is drawn" in said
    assert "nothing follows about where it stops growing" in said
    assert "stops growing at" not in said


def test_below_the_knee_nothing_is_called_a_limit(made: Any, tmp_path: Path) -> None:
    rates = {"baseline": 3.0, "mock-llm": 6.0, "mock-embeddings": 3.0}
    specs = [made.spec(config=c, concurrency=n, rps=r * n) for c, r in rates.items() for n in (1, 5)]
    text = words(analysed(made.run(tmp_path / "run", specs)))
    assert "The limit of throughput was not reached" in text
    assert "holds throughput down" not in text
