"""Why models stop, as services write it."""

from typing import Any

import pytest

from records.cells.finish_reasons import GAVE_UP, NORMAL, finish_reason


@pytest.mark.parametrize("value", [None, "", " ", "null", "None", 3, [], {}, {"type": None}, False])
def test_an_answer_that_goes_on(value: Any) -> None:
    assert finish_reason(value) is None


@pytest.mark.parametrize(("values", "kind"), [
    (["abort", "CANCELLED", "Internal Error", "timed-out", {"type": "abort", "message": "x"}], GAVE_UP),
    (["stop", "STOP", "length", "MAX_TOKENS", "tool_calls", "content_filter", "FinishReason.STOP", "SPII"],
     NORMAL),
    (["x" * 1000, "sk-proj-Ab1d-9xyz", "stop?"], {"other"}),  # it may be anything, a key too
])  # fmt: skip
def test_what_ended_it_is_of_one_kind(values: list[Any], kind: set[str]) -> None:
    assert {finish_reason(value) for value in values} <= kind
    assert not GAVE_UP & NORMAL
