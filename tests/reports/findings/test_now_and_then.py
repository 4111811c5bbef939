"""What holds the loop for long, now and then, makes answers late that have come from elsewhere."""

from collections.abc import Callable
from typing import Any

import pytest

from reports.findings.common.finding import Finding

BURN = {"where": "refresh (mine.py:3)", "called": ""}
READS = {"kind": "socket-read", "where": "generate (mine.py:30)"}


@pytest.fixture
def late(diagnose: Any, seen: Any) -> Callable[..., list[Finding]]:
    """``light_ms``, ``heavy_ms``: by which the loop is late; what the load adds to an answer is 100 ms."""

    def found(light_ms: float, heavy_ms: float, *, llm_ms: Any = (None, None), **more: Any) -> list[Finding]:
        loads = ((2, 20, 100.0, light_ms), (20, 100, 200.0, heavy_ms))
        cells = [
            seen(users=users, rps=rps, waits=({**READS, "count": users},), running=BURN, loop_busy=0.4,
                 lag_ms=lag_ms, llm_recorded=ms is not None, llm_ms=ms, spec={"ttft_ms": ttft_ms}, **more)
            for (users, rps, ttft_ms, lag_ms), ms in zip(loads, llm_ms, strict=True)
        ]  # fmt: skip
        found: list[Finding] = diagnose(*cells)
        return found

    return found


@pytest.mark.parametrize(("light_ms", "heavy_ms", "found"), [
    (10.0, 100.0, ("event-loop-blocked", "refresh (mine.py:3)", "likely")),
    (100.0, 100.0, ("event-loop-blocked", "refresh (mine.py:3)", "possible")),  # so it was without the load
    (1.0, 20.0, ("llm-upstream-bound", "generate (mine.py:30)", "likely")),  # less than half of what is added
    (1.0, 5.0, ("llm-upstream-bound", "generate (mine.py:30)", "likely")),  # in small pieces
])  # fmt: skip
def test_what_holds_the_loop_for_long_is_named_where_that_is_what_answers_are_late_by(
    late: Any, light_ms: float, heavy_ms: float, found: tuple[str, str, str]
) -> None:
    [first, *others] = late(light_ms, heavy_ms)
    assert (first.code, first.where, first.confidence) == found
    assert "llm-upstream-bound" not in [one.code for one in others]


@pytest.mark.parametrize(("busy", "sure"), [(0.3, "likely"), (1.0, "possible")])
def test_another_service_behind_a_loop_that_is_always_held_is_only_possible(
    diagnose: Any, seen: Any, busy: float, sure: str
) -> None:
    """As one that collects garbage all the time: many small pieces, and each answer is met after several."""
    asks, llm = (
        {"kind": "socket-read", "at": "read", "where": f"{name} (mine.py:9)"} for name in ("ask", "llm")
    )
    found = diagnose(*(
        seen(users=users, rps=10, waits=({**asks, "count": users - 1}, {**llm, "count": 1}), llm_ms=(100, 0),
             running=BURN, loop_busy=busy, lag_ms=1.0, gc_ms=90 if busy == 1.0 else 0)
        for users in (2, 20)
    ))  # fmt: skip
    assert {one.code: one.confidence for one in found}["dependency-bound"] == sure


@pytest.mark.parametrize("more", [
    {"llm_ms": ((100, 0), (200, 0))},  # by its record the LLM is what became slower
    {"main_cpu": 0.05, "main_delay": 0.35},  # its thread waits for a CPU, at whatever line
])  # fmt: skip
def test_it_is_not_named_where_something_else_is_seen_to_take_that_time(late: Any, more: Any) -> None:
    assert "event-loop-blocked" not in [one.code for one in late(10.0, 100.0, **more)]
