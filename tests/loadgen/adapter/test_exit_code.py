"""What a load's exit code says, where there is more than one thing to say."""

from typing import Any

import pytest

from loadgen.adapter.exit_code import exit_code
from records.exit_codes import FAULT, INTERRUPTED, INVALID, SLO_MISSED, USAGE

WORST: dict[str, Any] = {
    "fault": True, "misuse": True, "interrupted": True, "valid": False, "answer": SLO_MISSED,
}  # fmt: skip


@pytest.mark.parametrize(("mended", "code"), [
    ({}, FAULT), ({"fault": False}, USAGE), ({"misuse": False}, INTERRUPTED),
    ({"interrupted": False}, INVALID), ({"valid": True}, SLO_MISSED), ({"answer": 0}, 0),
    ({"answer": None}, 0),
])  # fmt: skip
def test_what_weighs_most_is_said(mended: dict[str, Any], code: int) -> None:
    """Each row mends what the row above said."""
    order = ["fault", "misuse", "interrupted", "valid", "answer"]
    known = dict(WORST)
    for name in order[: order.index(next(iter(mended)))] if mended else []:
        known[name] = name == "valid"
    assert exit_code(**known | mended) == code


@pytest.mark.parametrize(("answer", "code"), [(SLO_MISSED, SLO_MISSED), (INVALID, INVALID), (0, 0)])
def test_a_search_without_records_is_its_answer(answer: int, code: int) -> None:
    assert exit_code(fault=False, misuse=False, interrupted=False, valid=None, answer=answer) == code


@pytest.mark.parametrize("interrupted", [False, True])
def test_a_plain_load_has_locusts_own_code(interrupted: bool) -> None:
    assert exit_code(fault=False, misuse=False, interrupted=interrupted, valid=None, answer=None) is None
