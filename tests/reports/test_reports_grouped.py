"""What is said of many cells is said once, rates have one definition, and warnings only where they hold."""

from types import SimpleNamespace
from typing import Any

import pytest

from records.cells.cell import Check
from reported import words
from reports.evidence.service import LoadedPoint
from reports.findings import held
from reports.notes.caution import some


@pytest.mark.parametrize(("texts", "said"), [
    (("no tokens", "no tokens"), "2 cells (local/baseline/c10-r1, local/baseline/c10-r2)~~: no tokens"),
    (("5 of 9 without", "7 of 8 without"), "c10-r2)~~: such as 5 of 9 without (tokens)"),
])  # fmt: skip
def test_equal_reasons_are_one_line(made: Any, of: Any, texts: tuple[str, ...], said: str) -> None:
    failed = [(Check(name="tokens", status="fail", text=text),) for text in (*texts, "another")]
    assert said in words(of(*(made.spec(repeat=n, checks=checks) for n, checks in enumerate(failed, 1))))


@pytest.mark.parametrize(("config", "requested", "code"), [
    ("mine", {"set": {}, "variant": {}}, "as-is"), ("mine", {"set": {"A": "1"}, "variant": {}}, "not-proved"),
    ("mine", {}, "not-proved"), ("as-is", {}, "as-is"), ("mock-llm", {}, "not-proved"),
])  # fmt: skip
def test_set_not_proved_is_said_where_something_was_set(
    made: Any, of: Any, config: str, requested: dict[str, Any], code: str
) -> None:
    analysis = of(made.spec(config=config, checks=made.as_is, requested=requested))
    assert {note.code for note in analysis.notes} & {"as-is", "not-proved"} == {code}
    assert ("1 of 1 cells: configuration set, not proved" in words(analysis)) is (code == "not-proved")


def test_who_is_not_named_can_be_found() -> None:
    assert some(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more, named by report --json"


def test_a_finding_counts_answers_as_the_table_does(
    made: Any, of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    [level] = of(made.spec(failures=4)).levels
    point = LoadedPoint(level=level)
    assert point.answers_per_second == pytest.approx(level.figures.throughput.value)
    assert point.per_second > point.answers_per_second
    best = SimpleNamespace(value=2 * point.per_second, low=None, high=3 * point.per_second)
    monkeypatch.setattr(held, "mended", lambda *_: best)
    effect = held.rate_effect(SimpleNamespace(heavy=point, compared=True), ())  # type: ignore[arg-type]
    assert (effect.mended / effect.now, effect.high / effect.now) == pytest.approx((2, 3))
