"""Factors besides users, rates and shapes: loads and columns of their own; and regions."""

import io
from pathlib import Path
from typing import Any

import orjson
import pytest
from rich.console import Console

from records.cells.cell import Check
from records.cells.point import Point
from records.files import read_json, write_json
from reported import analysed, printed, rewritten, rows
from reports.analysis.analysis import Analysis
from reports.as_json.results import results_json
from reports.blocks import blocks
from reports.document.document import Table
from reports.document.render import print_blocks
from reports.figures.load import Load
from reports.tables.regions import region_tables


def tables(analysis: Analysis) -> dict[str, Table]:
    return {block.title: block for block in blocks(analysis) if isinstance(block, Table)}


def gridded(made: Any, folder: Path, *points: tuple[dict[str, Any], float]) -> Analysis:
    """Cells at these points with these RPS, as a sweep with ``--grid`` writes them."""
    run = made.run(folder, [])
    for n, (factors, rps) in enumerate(points):
        point = Point.of(factors)
        spec = made.spec(concurrency=point.users or 1, rps=rps, seed=n, late_s=30.0 * n)
        path = made.cell(run / f"cells/local/baseline/{point.folder}-r1", spec) / "cell.json"
        requested = {"rate": factors["rate"], "arrival": "constant"} if "rate" in factors else {}
        write_json(path, {**read_json(path), "point": factors, "requested": requested})
    return analysed(run)


def test_a_factor_is_a_column_and_has_knees_of_its_own(made: Any, tmp_path: Path) -> None:
    grid = [(1, 1, 10.0), (4, 1, 40.0), (16, 1, 41.0), (1, 100, 5.0), (4, 100, 5.0), (16, 100, 5.1)]
    analysis = gridded(made, tmp_path / "run", *(({"size": s, "users": u}, rps) for u, s, rps in grid))
    table = tables(analysis)["local: baseline"]
    assert table.columns[:3] == ("Conc", "size", "RPS (95 %)")
    assert [row.cells[:2] for row in table.rows] == [(str(users), str(size)) for users, size, _ in grid]
    shown = io.StringIO()
    print_blocks([table], Console(file=shown, width=80))
    heads = [line.split("|")[:2] for line in shown.getvalue().splitlines() if "Conc" in line]
    assert [[cell.strip() for cell in head] for head in heads] == [["Conc", "size"]] * 2
    knees = [(knee.name, knee.concurrency) for knee in analysis.knees]
    assert knees == [("baseline (size=1)", 4), ("baseline (size=100)", 1)]
    assert {(row["concurrency"], row["size"]) for row in rows(analysis)} >= {("16", "1"), ("4", "100")}
    levels = results_json(analysis)["configurations"]["local"]["baseline"]["levels"]
    assert levels["size=100 users=16"]["point"] == {"size": 100, "users": 16}
    assert orjson.dumps(results_json(analysis))


def test_a_rate_is_its_own_column_and_no_number_of_users(made: Any, tmp_path: Path) -> None:
    analysis = gridded(made, tmp_path / "run", ({"rate": 10}, 10.0), ({"rate": 20}, 20.0))
    assert [row.cells[0] for row in tables(analysis)["local: baseline"].rows] == ["10/s", "20/s"]
    assert [row["rate"] for row in rows(analysis)] == ["10", "20"]
    assert [level.load.point.to_json() for level in analysis.levels] == [{"rate": 10.0}, {"rate": 20.0}]


def later(raw: dict[str, Any], ms: int) -> None:
    """Its tokens and its end."""
    for name in ("first_token_at_ns", "last_token_at_ns", "ended_at_ns"):
        raw[name] += ms * 1_000_000


def test_regions_have_a_table_where_there_are_several(made: Any, tmp_path: Path) -> None:
    run = made.run(tmp_path / "run", [made.spec(rps=40.0, failures=1)])
    assert analysed(run).regions == ()

    def change(raw: dict[str, Any], number: int) -> None:
        raw["region"] = "eu" if number % 4 else "us"
        if number % 4 == 0 and raw["first_token_at_ns"]:
            later(raw, 50)

    analysis = analysed(rewritten(run, change))
    eu, us = analysis.regions
    assert (eu.region, eu.figures.requests, us.region, us.figures.requests) == ("eu", 150, "us", 51)
    assert (us.figures.failures, us.share) == (1, pytest.approx(0.25, abs=0.01))
    assert us.figures.median.value == pytest.approx(150.0, rel=0.05)
    table = tables(analysis)["local: baseline: by region"]
    assert [row.cells[:3] for row in table.rows] == [("10", "eu", "150"), ("10", "us", "51")]
    written = results_json(analysis)["regions"][1]
    assert written["ttft_p50_ms"]["low"] is not None
    assert (written["region"], written["rps_share"]) == ("us", us.share)


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


FAR_MS = {"eu": 0, "us": 100, "ap": 300}
"""Beside the hundred of every answer."""


def in_regions(run: Path, count: int, **last: object) -> Path:
    """The run, its requests from three regions in turn. ``last``: what becomes of each load's last one."""

    def change(raw: dict[str, Any], number: int) -> None:
        raw["region"] = list(FAR_MS)[number % 3]
        later(raw, FAR_MS[raw["region"]])
        raw |= last if number == count - 1 else {}

    return rewritten(run, change)


def test_regions_beside_the_nearest_at_each_load(made: Any, tmp_path: Path) -> None:
    run = made.run(tmp_path / "run", [made.spec(rps=60.0, concurrency=users) for users in (3, 9)])
    cut = {"region": "us", "outcome": "aborted", "first_token_at_ns": None}
    analysis = analysed(in_regions(run, 300, **cut))
    assert {region.nearest for region in analysis.regions} == {"eu"}
    better = {region.region: region.better for region in analysis.regions if region.load.users == 9}
    assert better["eu"] is None
    for name, times in (("us", 2.0), ("ap", 4.0)):
        assert better[name].low <= better[name].value <= better[name].high
        assert better[name].value == pytest.approx(times, rel=0.05)
    assert results_json(analysis)["regions"][0]["ttft_ratio"]["value"] == pytest.approx(4.0, rel=0.05)
    by_region, by_load = region_tables(analysis.regions)
    assert by_region.columns[-3:] == ("TTFT ratio", "Fail", "Unanswered")
    assert [row.cells[-3:] for row in by_region.rows if row.cells[1] == "eu"] == [("-", "0", "0")] * 2
    assert [row.cells[-1] for row in by_region.rows if row.cells[1] == "us"] == ["1", "1"]
    assert (by_load.columns, by_load.rows[0].cells[0]) == (("Region", "3", "9"), "ap")
    assert [row.cells[1][-1] for row in by_load.rows if row.cells[0] != "eu"] == ["█", "▒"]


def test_a_cut_region_of_an_invalid_load_is_shown_struck_out(made: Any, tmp_path: Path) -> None:
    failed = Check(name="failures", status="fail", figure=1.0, bound=0.0, text="one failed")
    run = made.run(tmp_path / "run", [made.spec(rps=60.0, checks=(failed,))])
    [table] = region_tables(analysed(in_regions(run, 300, outcome="timeout")).regions)
    assert all(row.invalid for row in table.rows)
    ends = {row.cells[1]: row.cells[-2:] for row in table.rows}
    assert ends == {"ap": ("-", "1"), "eu": ("-", "0"), "us": ("-", "0")}
