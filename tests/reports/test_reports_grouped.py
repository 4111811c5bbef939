"""What is said of many cells is said once, rates have one definition, and warnings are where they hold."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from records.cell import Check
from reported import of_cells, words
from reports.caution import some
from reports.evidence.service import LoadedPoint
from reports.findings import held


def failed(text: str) -> tuple[Check, ...]:
    return (Check(name="tokens", status="fail", text=text),)


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (("no tokens", "no tokens"), "2 cells (local/baseline/c10-r1, local/baseline/c10-r2)~~: no tokens"),
        (("5 of 9 without", "7 of 8 without"), "c10-r2)~~: such as 5 of 9 without (tokens)"),
    ],
)
def test_equal_reasons_are_one_line(made: Any, tmp_path: Path, texts: tuple[str, ...], said: str) -> None:
    specs = [made.spec(repeat=n, checks=failed(text)) for n, text in enumerate(texts, 1)]
    assert said in words(of_cells(made, tmp_path, *specs, made.spec(repeat=3, checks=failed("another"))))


@pytest.mark.parametrize(
    ("requested", "code"),
    [({"set": {}, "variant": {}}, "as-is"), ({"set": {"A": "1"}, "variant": {}}, "not-proved"),
     ({}, "not-proved")],
)  # fmt: skip
def test_set_not_proved_is_said_where_something_was_set(
    made: Any, tmp_path: Path, requested: dict[str, Any], code: str
) -> None:
    spec = made.spec(config="mine", checks=made.as_is, requested=requested)
    codes = {note.code for note in of_cells(made, tmp_path, spec).notes}
    assert codes & {"as-is", "not-proved"} == {code}


def test_who_is_not_named_can_be_found() -> None:
    assert some(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more, named by report --json"


def test_a_finding_counts_answers_as_the_table_does(
    made: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [level] = of_cells(made, tmp_path, made.spec(failures=4)).levels
    point = LoadedPoint(level=level)
    assert point.answers_per_second == pytest.approx(level.figures.throughput.value)
    assert point.per_second > point.answers_per_second
    best = SimpleNamespace(value=2 * point.per_second, low=None, high=3 * point.per_second)
    monkeypatch.setattr(held, "mended", lambda *_: best)
    effect = held.rate_effect(SimpleNamespace(heavy=point, compared=True), ())  # type: ignore[arg-type]
    assert effect.mended / effect.now == pytest.approx(2)
    assert effect.high / effect.now == pytest.approx(3)
