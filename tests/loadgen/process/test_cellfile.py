"""The cell's folder and the line that says whether to believe it."""

from __future__ import annotations

from pathlib import Path

import pytest

from loadgen.engine.usage import UsageError
from loadgen.process.cellfile import fresh_folder, verdict_line
from records.cell import Cell, Check, Verdict
from workloads.checks.general import WORTH_TELLING


def test_a_folder_is_never_used_twice(tmp_path: Path) -> None:
    wanted = str(tmp_path / "r")
    first = fresh_folder(wanted, again=False)
    (first / "requests.jsonl").write_text("{}\n")
    with pytest.raises(UsageError, match="is not empty"):
        fresh_folder(wanted, again=False)
    assert [fresh_folder(wanted, again=True).name for _ in range(2)] == ["r-2", "r-3"]


def cell(*checks: Check, complete: bool = True) -> Cell:
    return Cell(
        deployment="d",
        config="as-is",
        concurrency=1,
        repeat=1,
        requested={},
        complete=complete,
        verdict=Verdict(checks=checks),
    )


def test_the_verdict_is_one_line() -> None:
    good = Check(name="workers", status="pass", text="2 of 2")
    absent = Check(name="retrieval", status="n/a", text="none asked for")
    bad = Check(name="failures", status="fail", text="3 of 9 requests failed")
    late = Check(name="generator-lag", status="fail", text="50.0 ms late")
    assert verdict_line(cell(good, absent)) == "valid: 1 checks passed; not applicable: retrieval"
    assert verdict_line(cell(good, good)) == "valid: 2 checks passed"
    assert verdict_line(cell(good, bad, late)) == (
        "invalid: failures: 3 of 9 requests failed; generator-lag: 50.0 ms late"
    )
    assert verdict_line(cell(good, complete=False)) == (
        "incomplete: the run ended before its planned end; until then 1 checks passed"
    )
    unverified = Check(name="tls", status="n/a", figure="insecure", text="nobody verified it")
    assert verdict_line(cell(bad, absent, unverified)) == (
        "invalid: failures: 3 of 9 requests failed; tls: nobody verified it"
    )
    assert verdict_line(cell(good, unverified)) == (
        "valid: 1 checks passed; not applicable: tls; tls: nobody verified it"
    )
    for name in WORTH_TELLING:
        told = Check(name=name, status="n/a", text="5 of 9 good answers")
        assert verdict_line(cell(good, told)).endswith(f"; {name}: 5 of 9 good answers")
    assert verdict_line(cell(bad, complete=False)) == (
        "invalid: failures: 3 of 9 requests failed; the run ended before its planned end"
    )
