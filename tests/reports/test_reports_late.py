"""Late requests: in the counts and in RPS, in no latency, and counted aloud."""

import csv
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from records.cells.cell import Check
from records.cells.reader import read_run
from records.files import LineFile
from reported import notes, of_cells, what_this_says
from reports.analysis.analyse import analyse
from reports.analysis.of_loads import Cold
from reports.as_json.results import results_json
from reports.blocks import blocks
from reports.document.document import Paragraph
from reports.export import levels_csv, summary_csv
from reports.notes.cautions import cautions

STAGES = {"embed": 40.0, "llm": 50.0}


def test_latencies_are_of_the_others_and_rates_of_all(made: Any, tmp_path: Path) -> None:
    ttfts = (100.0,) * 100
    analysis = of_cells(made, tmp_path, made.spec(ttfts=ttfts, late=12, stages=STAGES, failures=2))
    figures = analysis.levels[0].figures
    assert (figures.requests, figures.failures, figures.late, figures.answers) == (102, 2, 12, 100)
    assert figures.throughput is not None
    assert figures.throughput.value == 20.0
    assert figures.at("ttft_p95") is not None
    assert figures.at("ttft_p95").value == pytest.approx(100.0)
    assert figures.at("e2e_p95") is not None
    assert figures.at("e2e_p95").value < 101
    assert analysis.latency_breakdowns[0].answers == 88
    assert len(analysis.cells[0].sample.values) == 88


def test_they_are_counted_wherever_figures_are(made: Any, tmp_path: Path) -> None:
    analysis = of_cells(
        made, tmp_path, made.spec(late=12), made.spec(concurrency=20, late_s=10.0),
        made.spec(config="mock-llm"),
    )  # fmt: skip
    note = "late: 12 of 100 at 10 users, left out of latencies because the load generator stalled."
    assert notes(analysis).count(note) == 1
    results = results_json(analysis)
    assert results["configurations"]["local"]["baseline"]["levels"]["10"]["late"] == 12
    assert [cell["late"] for cell in results["verdicts"]] == [12, 0, 0]
    rows = list(csv.DictReader(StringIO(summary_csv(analysis))))
    assert [row["late"] for row in rows] == ["12", "0", "0"]
    assert summary_csv(analysis).splitlines()[0].endswith(",load,late")


@pytest.mark.parametrize(("late", "told"), [(0, False), (4, False), (12, True)])
def test_only_many_of_them_are_told_above_the_tables(
    made: Any, tmp_path: Path, late: int, told: bool
) -> None:
    said = " ".join(what_this_says(of_cells(made, tmp_path, made.spec(late=late))))
    assert (
        f"Late: {late} of 100 requests of local/baseline at 10 users are in no latency: the load generator "
        "stalled." in said
    ) is told


def test_two_deployments_tell_whose_they_are(made: Any, tmp_path: Path) -> None:
    analysis = of_cells(made, tmp_path, made.spec(late=3), made.spec(deployment="k8s", late=5))
    assert (
        "late: 3 of 100 in local at 10 users and 5 of 100 in k8s at 10 users, left out of latencies because "
        "the load generator stalled." in notes(analysis)
    )


def test_a_late_failure_is_a_failure(made: Any, tmp_path: Path) -> None:
    path = made.cell(tmp_path / "cell", made.spec())
    [one] = [r for r in made.records(made.spec()) if r.seq == 30]
    lines = LineFile(path / "requests.jsonl")
    for seq in range(1000, 1010):
        lines.append(replace(one, seq=seq, outcome="timeout", flags=["late"]).encode())
    lines.close()
    figures = analyse([read_run(path)]).levels[0].figures
    assert (figures.requests, figures.failures, figures.late) == (110, 10, 10)
    assert figures.endless["ttft_p95_with_failures"] == float("inf")


def test_the_first_requests_are_no_exception(made: Any, tmp_path: Path) -> None:
    path = made.cell(tmp_path / "cell", made.spec())
    text = (path / "requests.jsonl").read_text()
    (path / "requests.jsonl").write_text(text.replace('"flags":["cold"]', '"flags":["cold","late"]'))
    assert analyse([read_run(path)]).noted(Cold) == ()


def test_a_shapes_levels_count_them_too(made: Any, tmp_path: Path) -> None:
    start, end = made.start_ns, made.start_ns + 5_000_000_000
    level = {"level_from": 2, "level_to": 2, "start_ns": start, "end_ns": end, "status": None}
    achieved = {"levels": [level], "level_unit": "users"}
    spec = made.spec(requested={"shape": "Steps"}, achieved=achieved, late=7)
    analysis = analyse([read_run(made.cell(tmp_path / "steps", spec))])
    [row] = csv.DictReader(StringIO(levels_csv(analysis)))
    assert row["late"] == "7"
    assert "late: 7 of 100 at 2, left out of latencies because the load generator stalled." in notes(analysis)


@pytest.mark.parametrize(
    ("achieved", "flags", "said"),
    [
        ({"earlier_tries": 1}, (), "1 of 1 cells were measured again"),
        (
            {"load_workers": [{"stood_still_percent": 3.0}, {"stood_still_percent": 11.0}]},
            (),
            "stood still for up to 11 % of a cell's time",
        ),
        ({}, ("gaps-left-out",), "in 100% of the answers gaps over a stall are left out of the ITL"),
    ],
)
def test_what_a_stall_or_the_machine_did_is_a_caution(
    made: Any, tmp_path: Path, achieved: dict[str, Any], flags: tuple[str, ...], said: str
) -> None:
    found = [
        s
        for c in cautions(of_cells(made, tmp_path, made.spec(achieved=achieved, flags=flags)))
        for s in c.sentences
    ]
    assert any(said in sentence for sentence in found), found
    quiet = {
        "earlier_tries": 0,
        "load_workers": [{"stood_still_percent": 1.0}, {"stood_still_percent": None}],
    }
    other = analyse([read_run(made.run(tmp_path / "quiet", [made.spec(achieved=quiet)]))])
    assert not any(said in sentence for caution in cautions(other) for sentence in caution.sentences)


def test_names_in_somebody_elses_cell_do_nothing_on_a_terminal(made: Any, tmp_path: Path) -> None:
    bad = "\x1b[31mred\x07"
    spec = made.spec(requested={"shape": bad}, checks=(Check(name="x", status="fail", text=bad),))
    found = of_cells(made, tmp_path, spec)
    text = " ".join(line for b in blocks(found) if isinstance(b, Paragraph) for line in b.lines)
    assert "\\x1b[31mred\\x07" in text
    assert not any(c in text for c in "\x1b\x07")
