"""A row a level of a shape: against figures counted by hand."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.shapes.level_table import table as terminal_table
from records.cells.cell import Window
from records.cells.levels import LoadStage, LoadStages
from records.cells.request import RequestRecord
from reported import S, analysed, appended, level, printed, report, rows, shaped
from reports.analysis.analysis import Analysis
from reports.as_json.results import results_json
from reports.blocks import blocks
from reports.columns.blocks import requests_in
from reports.document.document import Table
from reports.document.render import markdown
from reports.export import levels_csv, summary_csv
from reports.figures.pooling.concurrent_cells import merged_levels
from reports.figures.shaped import level_figures
from workloads.stream import STREAM


def levels_table(analysis: Analysis) -> Table:
    [found] = [b for b in blocks(analysis) if isinstance(b, Table) and "the levels of" in b.title]
    return found


@pytest.fixture
def steps(made: Any, tmp_path: Path) -> Any:
    """A cell of a shape, whose levels are ``(users, start, end)`` in seconds."""

    def one(*levels: tuple[float, float, float], name: str = "steps", **more: Any) -> Path:
        path: Path = made.cell(
            tmp_path / name, shaped(made, *(level(made, *each) for each in levels), **more)
        )
        return path

    return one


TWO = ((2, 0, 2), (4, 2, 5))


def test_each_level_has_its_own_figures(steps: Any) -> None:
    """100 answers, each sent every 50 ms from 25 ms on: 10 ms until the first token for 2 s, then 20, 30."""
    ttfts = tuple(float(10 + 10 * (n // 40)) for n in range(100))
    analysis = analysed(steps((2, 0, 1.5), (4, 2, 4), (6, 4, 5), ttfts=ttfts))
    [found] = analysis.shaped
    figures = [one.figures for one in found.levels]
    assert [f.requests for f in figures] == [30, 40, 20]
    assert [round(f.at("ttft_p50").value, 6) for f in figures] == [10, 20, 30]
    assert [f.throughput.value for f in figures] == [20, 20, 20]
    assert [f.seconds for f in figures] == [1.5, 2, 1]
    shown = levels_table(analysis)
    assert shown.title == "local: baseline: the levels of Steps"
    at = shown.columns.index("Requests")
    assert [(row.cells[0], row.cells[at]) for row in shown.rows] == [("2", "30"), ("4", "40"), ("6", "20")]
    said = " ".join(printed(analysis, 160).split())
    assert "its figures pool all of its levels" in said
    assert "local: baseline had 20.0, 20.0 and 20.0 RPS at 2, 4 and 6 users, in that order." in said


def test_only_what_counts_enters_a_level(made: Any, steps: Any) -> None:
    good = made.records(made.spec())[30]
    changes: list[dict[str, Any]] = [{"outcome": name} for name in ("aborted", "dropped", "timeout")]
    changes.append({"flags": ["warmup"], "outcome": "http_error"})
    analysis = analysed(
        appended(steps((2, 1, 3)), *(replace(good, seq=900 + n, **one) for n, one in enumerate(changes)))
    )
    [found] = analysis.shaped[0].levels
    assert (found.figures.requests, found.figures.failures, found.aborted) == (41, 1, 2)
    shown = levels_table(analysis)
    assert shown.rows[0].cells[shown.columns.index("Aborted")] == "2"
    said = "More than 5 % of the requests at 2 were aborted: their latencies are of those that survived."
    assert said not in shown.notes  # 2 of 43
    aborted = [replace(good, seq=seq, outcome="aborted") for seq in (900, 901, 902)]
    cut = analysed(appended(steps((2, 1, 3), (4, 3, 5), name="cut"), *aborted))
    assert said in levels_table(cut).notes


OUTCOMES = st.lists(st.sampled_from(["ok", "timeout", "aborted"]), max_size=120)


@given(st.lists(st.integers(1, 10_000_000_000), max_size=120), OUTCOMES, st.integers(2, 4))
def test_the_terminals_figures_are_the_reports(ttfts_ns: list[int], outcomes: list[Any], end_s: int) -> None:
    """Answers of a second."""
    requests = [
        RequestRecord(
            run="r", cell="c", worker="w", region="", user=0, seq=n, sent_at_ns=n, ended_at_ns=S + n,
            first_token_at_ns=n + ttft, outcome=outcomes[n] if n < len(outcomes) else "ok",
        )
        for n, ttft in enumerate(ttfts_ns)
    ]  # fmt: skip
    window = Window(start_ns=0, end_ns=end_s * S)
    levels = held((1, 0, end_s * S))
    line = terminal_table(levels, requests, window, STREAM).splitlines()[1].split()
    [found] = level_figures(STREAM, levels, requests_in(requests), window, source="s", name="n")
    figures = found.figures
    assert line[2:5] == [str(figures.requests), str(figures.failures), str(found.aborted)]
    estimates = (figures.throughput, figures.at("ttft_p50"), figures.at("ttft_p95"))
    for shown, estimate in zip(line[5:], estimates, strict=True):
        assert shown == "-" if estimate is None else float(shown) == pytest.approx(estimate.value, abs=0.0501)


def test_an_invalid_cells_levels_are_struck_out(made: Any, steps: Any) -> None:
    analysis = analysed(steps((2, 0, 5), checks=made.fail))
    assert [row.invalid for row in levels_table(analysis).rows] == [True]
    assert "| ~~2~~ | ~~20.0~~ |" in markdown(blocks(analysis), "t")
    assert rows(analysis, levels_csv)[0]["valid"] == "false"


def test_a_level_that_was_not_measured_says_so(steps: Any) -> None:
    analysis = analysed(steps((2, 1, 1), (4, 1, 5)))
    assert levels_table(analysis).rows[0].cells[:4] == ("2", "-", "-", "-")
    assert "Not measured at 2: the load was still warming up, or had ended." in levels_table(analysis).notes
    orjson.dumps(results_json(analysis))


def test_a_level_shorter_than_three_answers_has_no_rate_anywhere(steps: Any) -> None:
    """Answers of 100 ms."""
    analysis = analysed(steps((2, 1, 1.25), (4, 2, 5), jitter_ms=0.0))
    assert [row.cells[1] == "-" for row in levels_table(analysis).rows] == [True, False]
    assert "RPS - at 2: the level lasted less than three answers" in " ".join(levels_table(analysis).notes)
    assert [row["rps"] == "-" for row in rows(analysis, levels_csv)] == [True, False]
    [shape] = results_json(analysis)["shapes"]
    assert [row["rps"] is None for row in shape["levels"]] == [True, False]


def searched(made: Any, path: Path, sentence: bytes) -> Path:
    levels = level(made, 10, 0, 2, status="met"), level(made, 20, 2, 4, status="missed")
    directory: Path = made.cell(path, shaped(made, *levels, unit="requests_per_second", shape="HighestLoad"))
    (directory / "search.json").write_bytes(sentence)
    return directory


def test_a_searchs_levels_have_their_status_and_its_sentence(made: Any, tmp_path: Path) -> None:
    text = "highest rate that meets ttft<=54 ms at p90: 10 requests/s, goodput 9.9/s"
    analysis = analysed(searched(made, tmp_path / "r", orjson.dumps({"sentence": text})))
    shown = levels_table(analysis)
    assert shown.columns[:2] == ("Load", "SLO")
    assert [row.cells[:2] for row in shown.rows] == [("10/s", "met"), ("20/s", "missed")]
    assert shown.notes[0] == f"{text}."
    assert text.replace("<", "\\<") in markdown(blocks(analysis), "t")


@pytest.mark.parametrize("text", [b"{", b"[]", b"\xff"])
def test_a_search_that_cannot_be_read_is_one_sentence(made: Any, tmp_path: Path, text: bytes) -> None:
    path = searched(made, tmp_path / "r", text)
    done = report(path)
    assert done.exit_code == 0
    said = " ".join(done.stdout.split())
    assert said.count("What the search found is not known:") == 2  # above the tables, and below its own
    (path / "search.json").unlink()
    missing = f"What the search found is not known: {path}/search.json is missing."
    assert levels_table(analysed(path)).notes[0] == missing


def test_levels_are_rows_of_their_own_in_csv_and_json(steps: Any) -> None:
    analysis = analysed(steps(*TWO))
    assert len(rows(analysis, summary_csv)) == 1
    names = ("level_from", "level_unit", "requests", "rps")
    assert [tuple(row[name] for name in names) for row in rows(analysis, levels_csv)] == [
        ("2", "users", "40", "19.000"),  # the last two of the first level end in the second
        ("4", "users", "60", "20.667"),
    ]
    [shape] = results_json(analysis)["shapes"]
    assert (shape["shape"], shape["source"]) == ("Steps", "steps")
    assert [x["requests"] for x in shape["levels"]] == [40, 60]


def test_levels_csv_is_there_for_shapes_only(made: Any, steps: Any, tmp_path: Path) -> None:
    for path, there in ((steps((2, 0, 5)), True), (made.cell(tmp_path / "plain", made.spec()), False)):
        assert ("levels.csv" in report(path, "--output", tmp_path / "out").stderr) is there
        assert (tmp_path / "out" / "levels.csv").exists() is there


# -- several masters


def held(*levels: tuple[float, int, int], unit: Any = "users", status: str | None = None) -> LoadStages:
    made = (LoadStage(level_from=n, level_to=n, start_ns=a, end_ns=b, status=status) for n, a, b in levels)
    return LoadStages(unit=unit, levels=tuple(made))


def test_levels_of_masters_side_by_side_are_added() -> None:
    found = merged_levels([held((2, 0, 10), (4, 10, 20)), held((3, 1, 12), (6, 12, 22))])
    assert LoadStages.from_achieved(found) == held((5, 1, 10), (10, 12, 20))


@pytest.mark.parametrize("others", [
    None, held((2, 0, 10)), held((2, 0, 10), (4, 30, 40)),
    held((2, 0, 10), (4, 10, 20), unit="requests_per_second"), held((2, 0, 10), (4, 10, 20), status="met"),
])  # fmt: skip
def test_levels_that_were_not_held_together_are_not_added(others: LoadStages | None) -> None:
    assert merged_levels([held((2, 0, 10), (4, 10, 20)), others]) == {}


def test_the_requests_of_all_masters_are_in_the_levels(steps: Any) -> None:
    analysis = analysed(*(steps(*TWO, name=name, seed=n) for n, name in enumerate(("eu", "us"))))
    [found] = analysis.shaped
    assert [(x.held.level_to, x.figures.requests) for x in found.levels] == [(4, 80), (8, 120)]
    assert "side by side" not in printed(analysis, 160)


def test_masters_whose_levels_do_not_match_have_no_table_and_it_is_said(steps: Any) -> None:
    analysis = analysed(steps(*TWO, name="eu"), steps((2, 0, 5), name="us", seed=1))
    assert analysis.shaped == ()
    said = "of eu and us did not go through the levels of Steps side by side: they are in no table"
    assert said in " ".join(printed(analysis, 160).split())
