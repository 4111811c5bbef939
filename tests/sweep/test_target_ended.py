"""A target that ends while it is measured is named as the cause; what it fails itself is not asked again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from records.cells.cell import Cell, Check, Verdict
from records.cells.point import Point
from records.cells.reader import read_cell
from records.files import write_json
from records.services.variants import Variant
from sweep.choosing.again import failed_by_target
from sweep.choosing.search import Search
from sweep.planning.load_words import found_in
from sweep.planning.options import parse_targets
from sweep.planning.plan import CellKey, Plan
from sweep.running.errors import UsageError
from sweep.running.ledger import Ledger
from sweep.running.processes import Command


@pytest.mark.parametrize(
    ("program", "how"),
    [
        ("print('last words'); raise SystemExit(3)", "ended with exit code 3"),
        ("import os; print('last words', flush=True); os.kill(os.getpid(), 9)", "was killed by SIGKILL"),
    ],
)
def test_a_process_says_how_it_ended(tmp_path: Path, program: str, how: str) -> None:
    command = Command(
        [sys.executable, "-c", program], log=tmp_path / "log", ledger=Ledger(tmp_path / "l"), env={},
        cpus=None, cwd=None,
    )  # fmt: skip
    try:
        command.wait(60.0)
        assert command.ended() == f"the target {how}; its last line: last words"
    finally:
        command.stop()


def cell(*failed: str) -> Cell:
    checks = tuple(Check(name=name, status="fail", text=f"{name} is wrong") for name in failed)
    return Cell(
        deployment="a", config="b", concurrency=1, repeat=1, complete=True, verdict=Verdict(checks=checks)
    )


def test_the_verdict_says_first_that_the_target_ended(tmp_path: Path) -> None:
    write_json(tmp_path / "cell.json", cell("failures").to_json())
    (tmp_path / "requests.jsonl").touch()
    assert [check.name for check in read_cell(tmp_path).cell.verdict.failures] == ["failures"]
    write_json(tmp_path / "ended.json", {"text": "the target was killed by SIGKILL"})
    first, *_ = read_cell(tmp_path).cell.verdict.failures
    assert (first.name, first.found) == ("target-ended", "the target was killed by SIGKILL")
    (tmp_path / "ended.json").write_text("torn")
    first, *_ = read_cell(tmp_path).cell.verdict.failures
    assert "the target ended; how is not known: ended.json" in first.text


@pytest.mark.parametrize(
    ("failed", "why"),
    [
        (["failures"], "failures is wrong"),
        (["generator-lag", "failures"], "failures is wrong"),
        (["generator-lag"], None),
        (["records"], None),
        (["failures", "target-ended"], None),
        ([], None),
    ],
)
def test_what_the_target_failed(failed: list[str], why: str | None) -> None:
    assert failed_by_target(cell(*failed)) == why


def test_repeats_of_what_the_target_failed_everywhere_are_pointless() -> None:
    plan = Plan(
        name="t", targets=parse_targets(["a=url:http://h"]), variants=(Variant(name="b"),), levels=(1, 2),
        auto=False, repeats=3,
    )  # fmt: skip

    def key(users: int, repeat: int) -> CellKey:
        return CellKey(deployment="a", config="b", point=Point.of_users(users), repeat=repeat)

    search = Search(plan=plan)
    search.took(key(1, 1), None, failed="no tokens")
    assert search.hopeless(key(1, 1).series) == "no tokens"
    assert [search.pointless(key(2, repeat)) for repeat in (1, 2, 3)] == [False, True, True]
    search.took(key(2, 1), 5.0)
    assert not search.pointless(key(1, 2))


def test_a_value_that_begins_with_a_dash_is_asked_for_behind_an_equals_sign(monkeypatch: Any) -> None:
    with pytest.raises(UsageError, match="behind an equals sign: --field=-abc"):
        found_in(["--field", "-abc"], "stream")
    assert found_in(["--field=x=-abc"], "stream")["field"] == ["x=-abc"]
