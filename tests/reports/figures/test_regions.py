"""Regions beside the nearest of them, from their requests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from records.cells.cell import Check
from records.cells.reader import read_run
from reports.analysis.analyse import analyse
from reports.as_json.results import results_json
from reports.tables.regions import region_tables

FAR_MS = {"eu": 0, "us": 100, "ap": 300}
"""Beside the hundred of every answer."""


def in_regions(run: Path, **last: object) -> Path:
    """The run, its requests from three regions in turn. ``last``: what becomes of each load's last one."""
    for path in run.glob("cells/*/*/*/requests.jsonl"):
        records = [orjson.loads(line) for line in path.read_bytes().splitlines()]
        for number, record in enumerate(records):
            region = list(FAR_MS)[number % 3]
            record["region"] = region
            record["first_token_at_ns"] += FAR_MS[region] * 1_000_000
        records[-1] |= last
        path.write_bytes(b"".join(orjson.dumps(record) + b"\n" for record in records))
    return run


def test_regions_beside_the_nearest_at_each_load(made: Any, tmp_path: Path) -> None:
    run = made.run(tmp_path / "run", [made.spec(rps=60.0, concurrency=users) for users in (3, 9)])
    in_regions(run, region="us", outcome="aborted", first_token_at_ns=None)  # it was cut off
    analysis = analyse([read_run(run)])
    assert {region.nearest for region in analysis.regions} == {"eu"}
    better = {region.region: region.better for region in analysis.regions if region.load.users == 9}
    assert better["eu"] is None
    for name, times in (("us", 2.0), ("ap", 4.0)):
        ratio = better[name]
        assert ratio is not None
        assert ratio.low is not None
        assert ratio.high is not None
        assert ratio.low <= ratio.value <= ratio.high
        assert ratio.value == pytest.approx(times, rel=0.05)
    assert results_json(analysis)["regions"][0]["ttft_ratio"]["value"] == pytest.approx(4.0, rel=0.05)
    by_region, by_load = region_tables(analysis.regions)
    assert by_region.columns[-3:] == ("TTFT ratio", "Fail", "Unanswered")
    assert [row.cells[-3:] for row in by_region.rows if row.cells[1] == "eu"] == [("-", "0", "0")] * 2
    assert [row.cells[-1] for row in by_region.rows if row.cells[1] == "us"] == ["1", "1"]
    assert (by_load.columns, by_load.rows[0].cells[0]) == (("Region", "3", "9"), "ap")
    assert [row.cells[1][-1] for row in by_load.rows if row.cells[0] != "eu"] == ["█", "▒"]


def test_a_cut_region_of_an_invalid_load_is_shown_struck_out(made: Any, tmp_path: Path) -> None:
    failed = Check(name="failures", status="fail", figure=1.0, bound=0.0, text="one failed")
    run = in_regions(made.run(tmp_path / "run", [made.spec(rps=60.0, checks=(failed,))]), outcome="timeout")
    [table] = region_tables(analyse([read_run(run)]).regions)
    assert all(row.invalid for row in table.rows)
    assert {row.cells[1]: row.cells[-2:] for row in table.rows} == {
        "ap": ("-", "1"),
        "eu": ("-", "0"),
        "us": ("-", "0"),
    }
