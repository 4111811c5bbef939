"""Answers that ended when users were idle already count in times that may be too short, and that is said."""

from typing import Any

import pytest

from reported import head
from reports.notes.verdict import verdict

BEGUN_NS = 1_800_000_000_000_000_000


def cut(made: Any, seconds: float, **more: Any) -> Any:
    """Eight seconds of answers that take three, of which the first user was idle after so many."""
    window = {"start_ns": BEGUN_NS, "end_ns": BEGUN_NS + round(seconds * 1e9)}
    return made.spec(
        rps=10.0, seconds=8.0, ttft_ms=3_000.0, jitter_ms=0.0, achieved={"window": window}, **more
    )


def told(analysis: Any) -> str:
    return next((line for line in verdict(analysis).lines if "users were idle" in line), "")


def test_many_of_them_are_told(made: Any, of: Any) -> None:
    analysis = of(cut(made, 5.0))
    # 20 were sent in the first two of the five seconds, and are answered in them.
    assert "60 of 80 answers of local/baseline/c10-r1" in told(analysis)
    assert "its times may be too short; a longer cell has fewer of them (--requests, --max" in told(analysis)
    assert "60 of 80 answers of local/baseline/c10-r1 ended when users were idle already" in head(analysis)


@pytest.mark.parametrize("made_of", [
    {"rps": 10.0, "seconds": 8.0, "ttft_ms": 3_000.0}, {"rps": 10.0, "seconds": 8.0, "window": False},
    {"rps": 10.0, "seconds": 8.0, "ttft_ms": 3_000.0, "failures": 90},
])  # fmt: skip
def test_where_none_ended_later_nothing_is_told(made: Any, of: Any, made_of: dict[str, Any]) -> None:
    assert not told(of(made.spec(**made_of)))


def test_nor_of_an_invalid_cell_of_which_there_are_no_times(made: Any, of: Any) -> None:
    assert not told(of(cut(made, 5.0, checks=made.fail)))
