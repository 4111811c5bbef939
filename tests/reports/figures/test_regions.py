"""Regions beside the nearest of them, from their requests."""

from pathlib import Path
from typing import Any

import pytest

from records.cells.cell import Check
from reported import analysed, rewritten
from reports.as_json.results import results_json
from reports.tables.regions import region_tables

FAR_MS = {"eu": 0, "us": 100, "ap": 300}
"""Beside the hundred of every answer."""


def in_regions(run: Path, count: int, **last: object) -> Path:
    """The run, its requests from three regions in turn. ``last``: what becomes of each load's last one."""

    def change(raw: dict[str, Any], number: int) -> None:
        raw["region"] = list(FAR_MS)[number % 3]
        raw["first_token_at_ns"] += FAR_MS[raw["region"]] * 1_000_000
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
