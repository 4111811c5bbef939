"""What a report says of a cell, and how it shows it: words, columns, widths."""

import csv
import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from reported import analysed, printed, words
from reports.analysis.of_loads import Cold
from reports.analysis.of_machine import Drift
from reports.as_json.results import results_json
from reports.blocks import blocks
from reports.document.render import markdown
from reports.export import summary_csv
from reports.figures.text import number
from reports.tables.side_by_side import ratio_header


def test_account_adds_up_and_shows_what_the_sdk_costs(sweep_dir: Path) -> None:
    first = analysed(sweep_dir).latency_breakdowns[0]
    assert first.stages_ms == {
        "preprocess": 1.0, "embed": 40.0, "search": 0.5, "prompt": pytest.approx(0.1), "llm": 80.0,
    }  # fmt: skip
    assert first.queued_ms["embed"] == 10.0
    assert first.unattributed_ms == pytest.approx(first.ttft_ms - 121.6, abs=0.01)
    assert first.llm_server_ms == 70.0
    assert first.llm_client_overhead_ms == 10.0
    said = words(analysed(sweep_dir))
    assert "| unattributed | LLM client" in said
    assert "LLM client: the app's LLM stage less the LLM server's own record" in said


def test_stages_that_exceed_the_ttft_are_said_and_not_averaged_away(made: Any, tmp_path: Path) -> None:
    stages = {"embed": 40.0, "llm": 80.0}
    honest = made.run(tmp_path / "honest", [made.spec(ttft_ms=200.0, stages=stages)])
    assert analysed(honest).latency_breakdowns[0].impossible == 0
    assert "Wrong at" not in words(analysed(honest))
    ttfts = (200.0,) * 95 + (90.0,) * 5
    few = analysed(made.run(tmp_path / "few", [made.spec(ttfts=ttfts, stages=stages)]))
    breakdown = few.latency_breakdowns[0]
    assert (breakdown.impossible, breakdown.unattributed_ms) == (5, None)
    text = words(few)
    assert "Wrong at 10 users: in 5 of 100 answers the stages add up to more than the TTFT" in text
    assert "stage times of local/baseline add up to more than the TTFT" in text
    assert results_json(few)["latency_breakdowns"][0]["unattributed_ms"] is None


def test_repeats_that_differ_are_said(made: Any, tmp_path: Path) -> None:
    even = [made.spec(rps=20.0), made.spec(rps=25.0, repeat=2)]
    assert "Repeats differ" not in words(analysed(made.run(tmp_path / "even", even)))
    apart = [made.spec(rps=20.0, ttft_ms=150.0), made.spec(rps=30.0, repeat=2)]
    analysis = analysed(made.run(tmp_path / "apart", apart))
    assert [drift.figure for drift in analysis.noted(Drift)] == ["RPS", "TTFT p50"]
    text = words(analysis)
    assert "RPS of local/baseline at 10 users 1.50x (20.0 to 30.0)" in text
    assert "the machine drifted" in text


def test_an_invalid_repeat_does_not_drift(made: Any, tmp_path: Path) -> None:
    specs = [made.spec(rps=20.0), made.spec(rps=90.0, repeat=2, checks=made.fail)]
    assert analysed(made.run(tmp_path / "run", specs)).noted(Drift) == ()


def test_a_mock_answer_has_no_time_between_tokens(made: Any, tmp_path: Path) -> None:
    specs = [made.spec(), made.spec(config="mock-llm", flags=("mock-answer",))]
    table = list(csv.DictReader(StringIO(summary_csv(analysed(made.run(tmp_path / "run", specs))))))
    assert [(row["tpot_p50_ms"], row["itl_p50_ms"], row["itl_p99_ms"]) for row in table] == [
        ("0.001", "0.001", "0.001"),
        ("-", "-", "-"),
    ]


def test_as_is_is_said_aloud(made: Any, tmp_path: Path) -> None:
    run = made.run(tmp_path / "run", [made.spec(config="as-is", checks=made.as_is)])
    text = words(analysed(run))
    assert "configuration as-is" in text
    assert "whether it stalled was not measured" in text
    assert "Each load was measured once: how much figures differ from run to run is in no" in text


def test_a_variant_that_was_only_set_is_said_to_be_unproved(made: Any, tmp_path: Path) -> None:
    run = made.run(tmp_path / "run", [made.spec(config="mock-llm", checks=made.as_is)])
    text = words(analysed(run))
    assert "1 of 1 cells: configuration set, not proved" in text
    assert "configuration as-is" not in text


def test_a_service_that_nobody_verified_is_said_aloud(made: Any, tmp_path: Path) -> None:
    """Of two cells one; a cell without TLS, and one older than the option, have nothing to verify."""
    asked: list[dict[str, Any]] = [
        {"tls": {"insecure": True}, "proxy": None},
        {"tls": None, "proxy": None},
        {},
    ]
    specs = [made.spec(concurrency=n, requested=one) for n, one in zip((1, 2, 5), asked, strict=True)]
    text = words(analysed(made.run(tmp_path / "run", specs)))
    assert "1 of 3 cells" in text
    assert "--insecure" in text
    assert "--insecure" not in words(analysed(made.run(tmp_path / "other", specs[1:])))


def test_two_services_are_told_apart_by_letters_where_their_labels_are_long(
    made: Any, tmp_path: Path
) -> None:
    names = ("url-http-staging-example-com-8000", "url-http-staging-example-com-8001")
    specs = [made.spec(deployment=name, config="as-is", concurrency=n) for name in names for n in (1, 120)]
    text = printed(analysed(made.run(tmp_path / "run", specs)), 200)
    assert f"as-is: A is {names[0]}, B is {names[1]}" in text
    head = next(line for line in text.splitlines() if line.startswith("Conc"))
    assert " ".join(head.replace("|", " ").split()) == "Conc A RPS B RPS A TTFT B TTFT Ratio (A/B)"
    assert len(head) <= 120


@pytest.mark.parametrize(("labels", "heads"), [
    (("local", "k8s"), "Ratio (L/K)"), (("staging-eu", "staging-us"), "Ratio (Staging-eu/Staging-us)"),
    (("10.0.0.1-80", "20.0.0.1-80"), "Ratio (A/B)"),
])  # fmt: skip
def test_what_a_ratio_is_of(labels: tuple[str, str], heads: str) -> None:
    assert ratio_header(*labels) == heads


def test_no_column_is_left_out_where_there_is_little_room(made: Any, tmp_path: Path) -> None:
    specs = [made.spec(concurrency=n, rps=2000.0, ttft_ms=1200.0) for n in (1, 120)]
    analysis = analysed(made.run(tmp_path / "run", specs))
    text = printed(analysis, 120)
    assert "| ITL p50 ms | ITL p99 ms |" in text
    assert "|      0.001 |      0.001 |" in text
    assert max(len(line) for line in text.splitlines() if " | " in line) <= 107
    lines = [line.split() for line in printed(analysis, 80).splitlines()]
    rows = [line for line in lines if line and line[0] == "120"]  # in two tables with the same first column
    assert [row.count("|") for row in rows] == [4, 3]
    assert [row[-1] for row in rows] == ["0", "1196"]  # failures, E2E p50
    assert "Conc | ITL p50 ms | ITL p99 ms | E2E p50 ms" in printed(analysis, 80)
    assert "ITL p99 ms: 0.001" in printed(analysis, 50)
    assert "| ITL p50 ms | ITL p99 ms |" in markdown(blocks(analysis), "t")


@pytest.mark.parametrize("width", [40, 60, 80, 100])
def test_readable_at_any_width(sweep_dir: Path, width: int) -> None:
    text = printed(analysed(sweep_dir), width)
    assert max(len(line) for line in text.splitlines()) <= width
    assert text.isascii()
    assert "75.0 (" in text


def test_other_peoples_text_is_no_markup(made: Any, tmp_path: Path) -> None:
    evil = made.fail[0].__class__(name="failures", status="fail", text="[red]|a|\n**b** <script>")
    analysis = analysed(made.run(tmp_path / "run", [made.spec(checks=(evil,))]))
    assert "[red]|a|" in printed(analysis)
    assert "<script>" not in markdown(blocks(analysis), "t").replace("\\<script>", "")


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "-"), (0.0, "0.00"), (0.0004, "0.000"), (1.234, "1.23"), (99.96, "100"), (1234.6, "1235"),
     (float("inf"), "inf"), (-1.5, "-1.50"), (9.996, "10.0")],
)  # fmt: skip
def test_numbers(value: float | None, text: str) -> None:
    assert number(value) == text


def test_json_is_json(sweep_dir: Path) -> None:
    json.dumps(results_json(analysed(sweep_dir)), allow_nan=False)


def test_the_first_requests_are_a_table_of_their_own(sweep_dir: Path) -> None:  # TRAPS 17
    analysis = analysed(sweep_dir)
    flagged = [
        request.ttft_ms
        for cell in analysis.cells
        if cell.cell.config == "baseline"
        for request in cell.parts[0].data.requests
        if "cold" in request.flags
    ]
    cold = next(c for c in analysis.noted(Cold) if c.config == "baseline")
    assert (cold.requests, cold.worst) == (len(flagged), max(t for t in flagged if t is not None))
    assert "First requests (cold: in no figure above)" in words(analysis)
