"""Why models stop, as services write it."""

from __future__ import annotations

from typing import Any

import pytest

from records.finish_reasons import GAVE_UP, KNOWN, finish_reason


@pytest.mark.parametrize("value", [None, "", " ", "null", "None", 3, [], {}, {"type": None}, False])
def test_an_answer_that_goes_on(value: Any) -> None:
    assert finish_reason(value) is None


@pytest.mark.parametrize(
    "value", ["abort", "CANCELLED", "Internal Error", "timed-out", {"type": "abort", "message": "x"}]
)
def test_an_engine_that_gave_up(value: Any) -> None:
    assert finish_reason(value) in GAVE_UP


@pytest.mark.parametrize("value", ["stop", "STOP", "length", "MAX_TOKENS", "tool_calls", "content_filter"])
def test_normal_ends(value: Any) -> None:
    assert finish_reason(value) in KNOWN


def test_no_reason_is_both_and_a_long_one_is_cut() -> None:
    assert not GAVE_UP & KNOWN
    assert len(finish_reason("x" * 1000) or "") <= 40
