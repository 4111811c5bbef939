"""What a report says of runs whose truth is known, and how it shows it: words, columns, widths."""

import json
import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from records.cells.cell import Check
from records.cells.measure import rate
from records.cells.other_programs import OtherProgram
from records.cells.reader import read_run
from reported import analysed, printed, rows, words
from reports.analysis.of_loads import Cold
from reports.analysis.of_machine import Drift
from reports.as_json.results import results_json
from reports.blocks import blocks
from reports.document.render import markdown, print_blocks
from reports.export import figure_columns
from reports.figures.knee import knee_index
from reports.figures.text import number
from reports.notes.meanwhile import UNNAMED
from reports.tables.side_by_side import ratio_header
from reports.words.growth import knee_sentence
from workloads.checks.generator_advice import TOO_LITTLE
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
    assert " ms): retrieval, as said above" in words(beside)
    assert "~~local/baseline/c10-r2, 900 RPS" in markdown(blocks(beside), "t")
    assert "(local/baseline/c10-r2, 900 RPS" in words(beside)
    told = [(row["valid"], row["failed_checks"]) for row in rows(beside)]
    assert told == [("true", ""), ("false", "retrieval"), ("true", "")]


def test_a_level_without_a_valid_cell_is_struck_out(made: Any, of: Any) -> None:
    analysis = of(made.spec(), made.spec(concurrency=20, rps=77.0, checks=made.fail))
    assert "(77.0)" in printed(analysis)
    assert "the figures do not hold (struck out, or in brackets)" in words(analysis)
    assert all(knee.top == 10 for knee in analysis.knees)
    screen = StringIO()
    print_blocks(
        blocks(analysis), Console(file=screen, width=80, force_terminal=True, color_system="standard")
    )
    assert re.search(r"\x1b\[[0-9;]*9m *77\.0", screen.getvalue())
    assert "(77.0)" not in screen.getvalue()
    dumb = StringIO()
    print_blocks(blocks(analysis), Console(file=dumb, width=80, force_terminal=True, color_system=None))
    assert "(77.0)" in dumb.getvalue()  # TERM=dumb has no strike-through


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


def test_the_breakdown_adds_up_the_first_requests_are_a_table_and_json_is_json(sweep_dir: Path) -> None:
    analysis = analysed(sweep_dir)
    json.dumps(results_json(analysis), allow_nan=False)
    first = analysis.latency_breakdowns[0]
    stages = {"preprocess": 1.0, "embed": 40.0, "search": 0.5, "prompt": 0.1, "llm": 80.0}
    assert first.stages_ms == pytest.approx(stages)
    assert first.queued_ms["embed"] == 10.0
    assert first.unattributed_ms == pytest.approx(first.ttft_ms - 121.6, abs=0.01)
    assert (first.llm_server_ms, first.llm_client_overhead_ms) == (70.0, 10.0)
    cells = [cell for cell in analysis.cells if cell.cell.config == "baseline"]
    requests = [request for cell in cells for request in cell.parts[0].data.requests]
    flagged = [request.ttft_ms for request in requests if "cold" in request.flags]
    cold = next(c for c in analysis.noted(Cold) if c.config == "baseline")  # TRAPS 17
    assert (cold.requests, cold.worst) == (len(flagged), max(flagged))
    assert "First requests (cold: in no figure above)" in words(analysis)


def test_stages_that_exceed_the_ttft_are_said_and_not_averaged_away(made: Any, of: Any) -> None:
    stages = {"embed": 40.0, "llm": 80.0}
    honest = of(made.spec(ttft_ms=200.0, stages=stages))
    assert honest.latency_breakdowns[0].impossible == 0
    assert "Wrong at" not in words(honest)
    few = of(made.spec(ttfts=(200.0,) * 95 + (90.0,) * 5, stages=stages))
    assert (few.latency_breakdowns[0].impossible, few.latency_breakdowns[0].unattributed_ms) == (5, None)
    said = "Wrong at 10 users: in 5 of 100 answers the stages add up to more than the TTFT"
    assert said in words(few)
    assert "stage times of local/baseline add up to more than the TTFT" in words(few)
    assert results_json(few)["latency_breakdowns"][0]["unattributed_ms"] is None


@pytest.mark.parametrize(("changes", "drifts"), [
    ({"rps": 25.0}, []), ({"rps": 30.0, "ttft_ms": 150.0}, ["RPS", "TTFT p50"]),
    ({"rps": 90.0, "checks": (Check(name="retrieval", status="fail"),)}, []),
])  # fmt: skip
def test_repeats_that_differ_are_said(made: Any, of: Any, changes: Any, drifts: list[str]) -> None:
    analysis = of(made.spec(rps=20.0), made.spec(repeat=2, **changes))
    assert [drift.figure for drift in analysis.noted(Drift)] == drifts
    said = "RPS of local/baseline at 10 users 1.50x (20.0 to 30.0)"
    assert (said in words(analysis)) is bool(drifts)


def test_a_mock_answer_has_no_time_between_tokens(made: Any, of: Any) -> None:
    table = rows(of(made.spec(), made.spec(config="mock-llm", flags=("mock-answer",))))
    names = ("tpot_p50_ms", "itl_p50_ms", "itl_p99_ms")
    assert [[row[name] for name in names] for row in table] == [["0.001"] * 3, ["-"] * 3]


def test_a_service_that_nobody_verified_is_said_aloud(made: Any, of: Any) -> None:
    """Of two cells one; a cell without TLS, and one older than the option, have nothing to verify."""
    asked: Any = {1: {"tls": {"insecure": True}, "proxy": None}, 2: {"tls": None, "proxy": None}, 5: {}}
    specs = [made.spec(concurrency=n, requested=one) for n, one in asked.items()]
    assert "1 of 3 cells" in words(of(*specs))
    assert ["--insecure" in words(of(*some)) for some in (specs, specs[1:])] == [True, False]


def test_two_services_are_told_apart_by_letters_where_their_labels_are_long(made: Any, of: Any) -> None:
    names = ("url-http-staging-example-com-8000", "url-http-staging-example-com-8001")
    specs = [made.spec(deployment=name, config="as-is", concurrency=n) for name in names for n in (1, 120)]
    text = printed(of(*specs), 200)
    assert f"as-is: A is {names[0]}, B is {names[1]}" in text
    head = next(line for line in text.splitlines() if line.startswith("Conc"))
    assert " ".join(head.replace("|", " ").split()) == "Conc A RPS B RPS A TTFT B TTFT Ratio (A/B)"
    assert len(head) <= 120


@pytest.mark.parametrize(("labels", "heads"), [
    (("local", "k8s"), "Ratio (L/K)"), (("staging-eu", "staging-us"), "Ratio (Staging-eu/Staging-us)"),
    (("pod", "prod"), "Ratio (Pod/Prod)"), (("10.0.0.1-80", "20.0.0.1-80"), "Ratio (A/B)"),
])  # fmt: skip
def test_what_a_ratio_is_of(labels: tuple[str, str], heads: str) -> None:
    assert ratio_header(*labels) == heads


def test_no_column_is_left_out_where_there_is_little_room(made: Any, of: Any) -> None:
    specs = [made.spec(concurrency=n, rps=2000.0, seconds=1.5, ttft_ms=1200.0) for n in (1, 120)]
    analysis = of(*specs)
    text = printed(analysis, 120)
    assert "| ITL p50 ms | ITL p99 ms |" in text
    assert "|      0.001 |      0.001 |" in text
    assert max(len(line) for line in text.splitlines() if " | " in line) <= 107
    lines = [line.split() for line in printed(analysis, 80).splitlines()]
    rows = [line for line in lines if line and line[0] == "120"]  # in two tables with the same first column
    assert [row.count("|") for row in rows] == [4, 3]
    assert "Conc | ITL p50 ms | ITL p99 ms | E2E p50 ms" in printed(analysis, 80)
    assert "ITL p99 ms: 0.001" in printed(analysis, 50)
    assert "| ITL p50 ms | ITL p99 ms |" in markdown(blocks(analysis), "t")


@pytest.mark.parametrize("width", [40, 80])
def test_readable_at_any_width(sweep_dir: Path, width: int) -> None:
    text = printed(analysed(sweep_dir), width)
    assert max(len(line) for line in text.splitlines()) <= width
    assert text.isascii()
    assert "75.0 (" in text


def test_other_peoples_text_is_no_markup(made: Any, of: Any) -> None:
    evil = Check(name="failures", status="fail", text="[red]|a|\n**b** <script>")
    analysis = of(made.spec(checks=(evil,)))
    assert "[red]|a|" in printed(analysis)
    assert "<script>" not in markdown(blocks(analysis), "t").replace("\\<script>", "")


def test_who_else_was_at_work_is_told_where_that_may_be_why_a_cell_failed(made: Any, of: Any) -> None:
    late, bad = (Check(name=name, status="fail", text=name) for name in ("generator-lag", "failures"))
    one, other = (OtherProgram(name="<b>|make", pid=7, cores=cores) for cores in (0.95, 0.5))
    told = "meanwhile other programs took of a core: <b>|make 95 %"
    analysis = of(made.spec(checks=(late,), others=(one,)))
    assert told in words(analysis)
    assert "<b>" not in markdown(blocks(analysis), "t").replace("\\<b>", "")
    assert "<b>" not in words(of(made.spec(checks=(bad,), others=(one,))))  # the service's own doing
    little = OtherProgram(name="<b>|make", pid=7, cores=0.15)
    assert "<b>" not in words(of(made.spec(checks=(late,), others=(little,))))
    both = of(*(made.spec(checks=(late,), others=(o,), repeat=n) for n, o in ((1, other), (2, one))))
    assert told.replace("took", "took at most") in words(both)


@pytest.mark.parametrize("where", ["first lines", "verdict"])
@pytest.mark.parametrize(("cores", "who"), [
    (0.61, "meanwhile other programs took of a core: python3 61 %"), (0.15, UNNAMED), (None, UNNAMED),
])  # fmt: skip
def test_who_took_the_cpu_is_guessed_only_where_nobody_is_named(
    made: Any, of: Any, where: str, cores: float | None, who: str
) -> None:
    lag = Check(
        name="generator-lag", status="fail", text=f"late: it waited, {TOO_LITTLE}: see what else runs"
    )
    others = () if cores is None else (OtherProgram(name="python3", pid=7, cores=cores),)
    checks = [(lag,)] if where == "first lines" else [(made.fail[0],), (made.fail[0],), (lag,)]
    report = of(*(made.spec(checks=own, others=others, repeat=n) for n, own in enumerate(checks, 1)))
    said = words(report)
    assert said.count(who) == 1
    assert ("come and go" in said) is (who is UNNAMED)
    [first] = [block for block in blocks(report) if block.title == "What this says"]
    assert any(who in line for line in first.lines) is (where == "first lines")


def test_nobody_is_guessed_at_where_nobody_looked_nor_beside_another_cause(made: Any, of: Any) -> None:
    """A load that no sweep made knows of no others; the check that is shown fails for its own work."""
    waited = Check(name="generator-lag", status="fail", text=f"late: it waited, {TOO_LITTLE}")
    assert UNNAMED not in words(of(made.spec(checks=(waited,), others=None)))
    own = Check(name="generator-lag", status="fail", text="late: its own work takes 95 % of a core")
    report = of(made.spec(checks=(own,)), made.spec(checks=(waited,), repeat=2))
    [first] = [block for block in blocks(report) if block.title == "What this says"]
    assert not any(UNNAMED in line for line in first.lines)
    assert words(report).count(UNNAMED) == 1  # beside the cell of which it is true


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "-"), (0.0, "0.00"), (0.0004, "0.000"), (1.234, "1.23"), (99.96, "100"), (1234.6, "1235"),
     (float("inf"), "inf"), (-1.5, "-1.50"), (9.996, "10.0")],
)  # fmt: skip
def test_numbers(value: float | None, text: str) -> None:
    assert number(value) == text
