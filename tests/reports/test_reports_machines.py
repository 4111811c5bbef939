"""What two machines measured, or was sent with other headers, is not one row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from records.cells.reader import read_run
from records.secrets.header_rules import header_marks
from reports.analysis.analyse import analyse
from reports.analysis.analysis import Analysis

HERE = {"service": {"at": "http://h"}, "host": "http://h", "machine": "m1", "proxy": None, "tls": None}


def analysed(made: Any, folder: Path, *each: dict[str, Any]) -> Analysis:
    """Cells an hour apart, each in a directory of its own; what is no part of a spec was requested."""
    runs = []
    for n, more in enumerate(each):
        spec = {name: more[name] for name in ("deployment", "config", "rps") if name in more}
        requested = {**HERE, **{name: value for name, value in more.items() if name not in spec}}
        one = made.spec(seed=n, late_s=3600.0 * n, requested=requested, **spec)
        runs.append(read_run(made.run(folder / f"run{n}", [one])))
    return analyse(runs)


def test_cells_of_two_machines_are_two_rows_which_are_compared(made: Any, tmp_path: Path) -> None:
    analysis = analysed(made, tmp_path, {}, {"machine": "m2", "rps": 40.0}, {"machine": "m2", "rps": 40.0})
    rows = {level.config: len(level.cells) for level in analysis.levels}
    assert rows == {"baseline machine=m1": 1, "baseline machine=m2": 2}
    [comparison] = analysis.comparisons
    assert (comparison.config, comparison.differ_in) == ("baseline machine=m2", ())


@pytest.mark.parametrize("also", [(), ({"machine": "m2", "config": "mock-llm"},)])
def test_a_variant_of_another_machine_is_not_compared(made: Any, tmp_path: Path, also: Any) -> None:
    kept = {"machine": "m2", "config": "mock-both"}
    [wrong] = [c for c in analysed(made, tmp_path, {}, kept, *also).comparisons if c.config == "mock-both"]
    assert (wrong.differ_in, wrong.throughput) == (("machine",), None)


def test_a_ratio_of_deployments_that_two_machines_asked_says_so(made: Any, tmp_path: Path) -> None:
    [ratio] = analysed(
        made, tmp_path, {"deployment": "a"}, {"deployment": "b", "machine": "m2"}
    ).deployment_ratios
    assert ratio.reached_apart == ("the machine that asked",)


def test_masters_on_two_machines_that_load_one_service_are_added_up(made: Any, tmp_path: Path) -> None:
    runs = [
        read_run(made.run(tmp_path / name, [made.spec(seed=n, requested=HERE | {"machine": name})]))
        for n, name in enumerate(("m1", "m2"))
    ]
    [cell] = analyse(runs).merged
    assert cell.cell.requested["machine"] == "m1, m2"


def test_another_value_of_a_header_is_another_row(made: Any, tmp_path: Path) -> None:
    marks = [header_marks({"X-Tenant": value}, lambda _: False) for value in ("acme", "other")]
    levels = analysed(made, tmp_path, *({"headers": ["X-Tenant"], "header_marks": m} for m in marks)).levels
    assert {level.config for level in levels} == {
        f"baseline header_marks.x-tenant={mark['x-tenant']}" for mark in marks
    }
    older = {"headers": ["X-Tenant"]}
    assert len(analysed(made, tmp_path / "b", older, {**older, "header_marks": marks[0]}).levels) == 1


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [("Authorization", "Bearer k", "given"), ("X-Plain", "the-secret", "given"), ("X-Plain", "acme", None)],
)
def test_of_a_value_that_may_be_secret_only_is_kept_that_it_was_given(
    name: str, value: str, kept: str | None
) -> None:
    [mark] = header_marks({name: value}, lambda text: "secret" in text).values()
    assert mark == kept or (kept is None and len(mark) == 4 and mark not in value)
