"""Why models stop, as services write it."""

from typing import Any

import pytest

from records.cells.finish_reasons import GAVE_UP, NORMAL, finish_reason


@pytest.mark.parametrize("value", [None, "", " ", "null", "None", 3, [], {}, {"type": None}, False])
def test_an_answer_that_goes_on(value: Any) -> None:
    assert finish_reason(value) is None


@pytest.mark.parametrize(
    "value", ["abort", "CANCELLED", "Internal Error", "timed-out", {"type": "abort", "message": "x"}]
)
def test_an_engine_that_gave_up(value: Any) -> None:
    assert finish_reason(value) in GAVE_UP


@pytest.mark.parametrize(
    "value",
    ["stop", "STOP", "length", "MAX_TOKENS", "tool_calls", "content_filter", "FinishReason.STOP", "SPII"],
)
def test_normal_ends(value: Any) -> None:
    assert finish_reason(value) in NORMAL


def test_no_reason_is_both() -> None:
    assert not GAVE_UP & NORMAL


@pytest.mark.parametrize("value", ["x" * 1000, "sk-proj-Ab1d-9xyz", "stop?"])
def test_what_is_no_word_is_not_kept(value: str) -> None:
    """It may be anything, a key too."""
    assert finish_reason(value) == "other"
