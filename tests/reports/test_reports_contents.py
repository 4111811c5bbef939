"""What a report says, held against runs whose truth is known."""

from __future__ import annotations

import csv
import json
import re
from io import StringIO
from pathlib import Path
from typing import Any

import orjson
import pytest
from rich.console import Console

from records.cell import Check
from records.measure import rate
from records.reader import read_run
from reports.analysis.analyse import analyse
from reports.analysis.analysis import Analysis
from reports.analysis.of_loads import Cold
from reports.analysis.of_machine import Drift
from reports.blocks import blocks
from reports.export import figure_columns, summary_csv
from reports.figures.knee import knee_index
from reports.figures.text import number
from reports.growth import knee_sentence
from reports.render import markdown, print_blocks
from reports.results import results_json
from reports.side_by_side import ratio_header
from workloads.stream import STREAM


def analysed(*directories: Path) -> Analysis:
    return analyse([read_run(directory) for directory in directories])


def printed(analysis: Analysis, width: int = 100) -> str:
    text = StringIO()
    print_blocks(blocks(analysis), Console(file=text, width=width))
    return text.getvalue()


def words(analysis: Analysis) -> str:
    return " ".join(printed(analysis).split())


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
        *figure_columns([STREAM]),
        "workload",
        "point",
        "late",
        "answers",
        "valid",
        "repeats",
        "invalid_repeats",
    }


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
    assert knees["baseline"].startswith("stops growing at 10 users, 30.0 (")
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


def test_account_adds_up_and_shows_what_the_sdk_costs(sweep_dir: Path) -> None:
    first = analysed(sweep_dir).latency_breakdowns[0]
    assert first.stages_ms == {
        "preprocess": 1.0,
        "embed": 40.0,
        "search": 0.5,
        "prompt": pytest.approx(0.1),
        "llm": 80.0,
    }
    assert first.queued_ms["embed"] == 10.0
    assert first.unattributed_ms == pytest.approx(first.ttft_ms - 121.6, abs=0.01)
    assert first.llm_server_ms == 70.0
    assert first.llm_client_overhead_ms == 10.0
    said = words(analysed(sweep_dir))
    assert "| rest | SDK" in said
    assert "SDK: the app's LLM stage less the LLM server's own record" in said


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
    assert "One repeat: such intervals cover noise within a run only" in text


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


@pytest.mark.parametrize(
    ("labels", "heads"),
    [
        (("local", "k8s"), "Ratio (L/K)"),
        (("staging-eu", "staging-us"), "Ratio (Staging-eu/Staging-us)"),
        (("10.0.0.1-80", "20.0.0.1-80"), "Ratio (A/B)"),
    ],
)
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


def test_growth_far_below_the_users_is_no_free_way_up(made: Any, tmp_path: Path) -> None:
    specs = [made.spec(concurrency=n, rps=rps) for n, rps in ((1, 6.0), (5, 14.0), (20, 22.0))]
    said = words(analysed(made.run(tmp_path / "run", specs)))
    little = "still grew at 20 users{} only 1.6x the RPS for 4.0x the users since 5: "
    assert little.format(", 22.0 (20.3-23.5) RPS,") + "its limit is near, and was not found." in said
    assert little.format(" (22.0 (20.3-23.5) RPS),") + "measure between 5 and 20, and above." in said
    assert "not reached" not in said  # it is judged alike everywhere


def test_why_there_is_no_figure_is_said_once_below_the_table(made: Any, tmp_path: Path) -> None:
    few = made.spec(concurrency=1, rps=4.0)
    said = words(analysed(made.run(tmp_path / "run", [few, made.spec(late_s=20.0)])))
    assert said.count("'-': TTFT p95 wants 59 good answers that are not late; ITL p99 wants 299 gaps.") == 1
    enough = words(analysed(made.run(tmp_path / "enough", [made.spec()])))
    assert "'-'" not in enough


def test_thoughts_have_a_column_where_there_are_any(made: Any, tmp_path: Path) -> None:
    run = made.run(tmp_path / "run", [made.spec()])
    assert "First p50" not in printed(analysed(run))
    path = next(run.glob("cells/*/*/*/requests.jsonl"))
    records = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    for record in records:
        record["first_generated_at_ns"] = record["sent_at_ns"] + 30_000_000
    path.write_bytes(b"".join(orjson.dumps(record) + b"\n" for record in records))
    analysis = analysed(run)
    assert "| First p50 ms |" in markdown(blocks(analysis), "t")
    assert "First: to the first token of any kind, thoughts too" in words(analysis)
    [level] = results_json(analysis)["configurations"]["local"]["baseline"]["levels"].values()
    assert level["first_generated_p50_ms"]["value"] == pytest.approx(30.0)
    assert level["thoughts"] == len(records)


def test_every_column_with_a_figure_has_its_unit(sweep_dir: Path) -> None:
    for block in blocks(analysed(sweep_dir)):
        for column in getattr(block, "columns", ()):
            if column.startswith(("TTFT", "ITL", "E2E")) and "times faster" not in block.title:
                assert column.endswith(" ms") or "ms" in block.title, (block.title, column)


def test_loads_that_users_do_not_describe_are_named(made: Any, tmp_path: Path) -> None:
    run = made.run(tmp_path / "run", [made.spec(), made.spec(repeat=2)])
    for repeat, asked in (("r1", {"rate": 20.0, "arrival": "poisson"}), ("r2", {"shape": "Steps"})):
        path = next(run.glob(f"cells/*/*/c10-{repeat}/cell.json"))
        cell = orjson.loads(path.read_bytes())
        path.write_bytes(orjson.dumps({**cell, "requested": asked}))
    said = " ".join(words(analysed(run)).split())
    assert "an open loop of 20 requests a second (poisson)" in said
    assert "the shape Steps changed the load" in said
    assert [level.load.label for level in analysed(run).levels] == ["20/s", "Steps"]


def test_no_knee_is_drawn_from_loads_that_are_no_number_of_users(made: Any, tmp_path: Path) -> None:
    specs = [
        made.spec(concurrency=n, rps=rps, requested={"shape": "Steps", "rate": 5.0})
        for n, rps in ((1, 5.0), (4, 20.0), (16, 20.0))
    ]
    said = words(analysed(made.run(tmp_path / "run", specs)))
    assert "stops growing at" not in said
    assert "measured at" not in said
    assert "its load was an open loop and the shape Steps, no number of users: no knee is drawn" in said
    assert "nothing follows about its growth with users" in " ".join(said.split())


def test_levels_of_a_service_that_was_set_differently_are_told_apart(made: Any, tmp_path: Path) -> None:
    run = made.run(tmp_path / "run", [made.spec(concurrency=n, rps=rps) for n, rps in ((1, 5.0), (4, 20.0))])
    for level, retrieval in (("c01", "async"), ("c04", "blocking")):
        path = next(run.glob(f"cells/*/*/{level}-r1/cell.json"))
        cell = orjson.loads(path.read_bytes())
        settings = {"RETRIEVAL": retrieval, "OPENAI_BASE_URL": f"http://{level}"}
        path.write_bytes(orjson.dumps({**cell, "settings": settings}))
    analysis = analysed(run)
    assert [(level.config, level.load.users) for level in analysis.levels] == [
        ("baseline RETRIEVAL=async", 1),
        ("baseline RETRIEVAL=blocking", 4),
    ]
    assert "stops growing at" not in words(analysis)


def think(n: float) -> dict[str, Any]:
    return {"requested": {"think_time_s": n}}


def test_no_knee_is_drawn_from_levels_that_were_asked_differently(made: Any, tmp_path: Path) -> None:
    levels = ((1, 5.0), (4, 20.0), (16, 20.0))
    alike = [made.spec(concurrency=n, rps=rps, **think(0.0)) for n, rps in levels]
    assert "stops growing at 4 users" in words(analysed(made.run(tmp_path / "alike", alike)))
    other = [*alike[:2], made.spec(concurrency=16, rps=20.0, **think(1.0))]
    text = words(analysed(made.run(tmp_path / "other", other)))
    assert "stops growing at" not in text
    assert "local/baseline think_time_s=1.0: one level only (16 users" in text


@pytest.mark.parametrize(
    ("asked", "differ"),
    [
        ({"think_time_s": 1.0}, ("think_time_s",)),
        ({"dialect": "openai", "path": "/v1", "body": {"m": 1}}, ()),
        ({"headers": ["Authorization"]}, ()),
        ({"body": {"m": 1}}, ("body",)),
    ],
)
def test_deployments_that_were_asked_differently(
    made: Any, tmp_path: Path, asked: dict[str, Any], differ: tuple[str, ...]
) -> None:
    specs = [made.spec(rps=60.0), made.spec(deployment="k8s", requested=asked)]
    analysis = analysed(made.run(tmp_path / "run", specs))
    assert [ratio.workload_mismatch for ratio in analysis.deployment_ratios] == [differ]
    text = words(analysis)
    assert ("bottleneck of its own" in text) is not bool(differ)
    note = f"Asked differently at 10 users ({', '.join(differ)}): such a ratio is of two loads"
    assert (note in text) is bool(differ)


def test_configurations_that_were_asked_differently(made: Any, tmp_path: Path) -> None:
    specs = [made.spec(), made.spec(config="mock-llm", rps=60.0, **think(1.0))]
    text = words(analysed(made.run(tmp_path / "run", specs)))
    assert "Asked differently at 10 users (think_time_s): such a ratio is of two loads" in text
    assert "mocking the LLM makes RPS" not in text


@pytest.mark.parametrize(
    ("ms", "asked", "said"), [(190.0, {}, True), (5.0, {}, False), (190.0, {"rate": 20.0}, False)]
)
def test_connecting_that_no_figure_has_is_said(
    made: Any, tmp_path: Path, ms: float, asked: dict[str, Any], said: bool
) -> None:
    spec = made.spec(requested=asked, achieved={"connects": 100, "connect_ms": ms})
    text = words(analysed(made.run(tmp_path / "run", [spec])))
    line = "local/baseline/c10-r1: connecting took 190 ms a request on average, which is in no figure."
    assert (line in text) is said


def test_a_cell_without_checks_is_not_believed(made: Any, tmp_path: Path) -> None:
    analysis = analysed(made.run(tmp_path / "run", [made.spec(checks=())]))
    assert analysis.exit_code == 3
    assert ": nothing was checked" in words(analysis)
