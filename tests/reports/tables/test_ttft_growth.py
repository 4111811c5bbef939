"""What makes the TTFT longer under load: parts that add up to the whole, of the right requests."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reported import analysed, rewritten
from reports.analysis.analysis import Analysis
from reports.as_json.results import results_json
from reports.tables.ttft_growth import ttft_growth_tables


def grown(found: dict[str, Any]) -> dict[str, float]:
    parts = {(name, kind): ms for name, part in found["stages"].items() for kind, ms in part.items()}
    return {f"{name} {kind}": ms for (name, kind), ms in parts.items() if ms}


def in_json(analysis: Analysis) -> list[dict[str, Any]]:
    return list(results_json(analysis)["growth"])


def test_parts_add_up_to_what_the_ttft_grew_by(made: Any, of: Any) -> None:
    light = made.spec(concurrency=1, ttft_ms=100.0, stages={"find": 20.0, "think": 40.0})
    heavy = made.spec(concurrency=8, ttft_ms=400.0, stages={"find": 220.0, "think": 40.0, "late": 8.0})
    middle, slowest = in_json(of(light, heavy))
    assert (middle["ranked"], slowest["ranked"], middle["since"]["load"]) == ("middle", "slowest", "1")
    for found in (middle, slowest):
        # Each fixture's stage is queued for a quarter of its time.
        parts = {"find queued_ms": 50, "find running_ms": 150, "late queued_ms": 2, "late running_ms": 6}
        assert grown(found) == pytest.approx(parts)
        rest = found["unattributed_ms"]
        assert math.fsum((rest, *grown(found).values())) == pytest.approx(found["grown_ms"], abs=1e-9)
    assert slowest["grown_ms"] != pytest.approx(middle["grown_ms"])


def test_the_middle_and_the_slowest_tenth_are_taken_by_ttft(made: Any, of: Any) -> None:
    ttfts = tuple(float(ms) for ms in range(1, 101))
    found = in_json(of(*(made.spec(concurrency=n, ttfts=ttfts, stages={"find": 0.5}) for n in (1, 2))))
    assert [(one["answers"], one["ttft_ms"]) for one in found] == [(10, 50.5), (10, 95.5)]


@pytest.mark.parametrize(("wrong", "loads"), [(1, ["8", "8"]), (9, [])])
def test_impossible_stage_times_are_left_out_and_many_take_the_load_with_them(
    made: Any, tmp_path: Path, wrong: int, loads: list[str]
) -> None:
    run = made.run(
        tmp_path / "run", [made.spec(concurrency=n, rps=30.0, stages={"find": 20.0}) for n in (1, 8)]
    )

    def change(raw: dict[str, Any], number: int) -> None:
        if number < wrong:
            raw["stages"]["find"]["running_ms"] = 1e9

    rewritten(run / "cells/local/baseline/c08-r1", change)
    found = in_json(analysed(run))
    assert [one["load"] for one in found] == loads
    assert all(one["stages"]["find"]["running_ms"] == pytest.approx(0) for one in found)


def test_a_request_without_a_stage_spent_nothing_there(made: Any, of: Any) -> None:
    light, heavy = ({"find": 20.0, "cache": 8.0}, {"find": 20.0})
    middle, _ = in_json(of(made.spec(concurrency=1, stages=light), made.spec(concurrency=8, stages=heavy)))
    assert middle["stages"]["cache"] == pytest.approx({"queued_ms": -2, "running_ms": -6})


def test_the_table_is_a_waterfall_and_is_left_out_where_nothing_grew(made: Any, of: Any) -> None:
    light = made.spec(concurrency=1, ttft_ms=100.0, jitter_ms=0.0, stages={"find": 20.0, "cache": 8.0})
    heavy = made.spec(concurrency=8, ttft_ms=400.0, jitter_ms=0.0, stages={"find": 220.0, "cache": 9.0})
    [table] = ttft_growth_tables(of(light, heavy))
    columns = "Conc|Of|at 1|find q|find|other stages|unattributed|TTFT"
    assert "|".join(table.columns) == columns
    assert table.rows[0].cells == ("8", "middle", "100", "+50.0", "+150", "+1.00", "+99.0", "400")
    assert not list(ttft_growth_tables(of(light, replace(light, concurrency=8))))


def test_one_load_or_no_stages_tell_nothing(made: Any, of: Any) -> None:
    assert in_json(of(made.spec(stages={"find": 20.0}))) == []
    assert in_json(of(*(made.spec(concurrency=n) for n in (1, 8)))) == []
