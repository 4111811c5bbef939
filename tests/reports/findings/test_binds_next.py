"""How much has to be lost before a cause is looked for, and what binds behind the first one."""

from typing import Any

import pytest

LINE, ANSWER = "retrieve (mine.py:7)", "answer (mine.py:30)"
READ = {"kind": "socket-read", "at": "AsyncStream.read", "where": ANSWER}
LOCK = {"kind": "lock", "at": "Lock.acquire", "where": LINE}
POOL = {"kind": "pool", "at": "pool", "where": "ask (mine.py:9)"}


def told(found: list[Any]) -> list[tuple[str, str]]:
    return [(one.code, one.binds) for one in found]


@pytest.mark.parametrize(("rps", "place", "said"), [
    (182, LOCK, [("scales-to-measured-limit", "nothing")]),  # 9 % of the requests wait
    (164, LOCK, [("stage-serialised", "throughput")]),  # 18 %
    (164, {**LOCK, "kind": "mine"}, [("scales-to-measured-limit", "nothing")]),
    (120, {**LOCK, "kind": "mine"}, [("unknown", "throughput")]),  # 40 %, for no cause that is known
])  # fmt: skip
def test_a_cause_is_told_from_a_loss_of_15_percent_on(
    diagnose: Any, seen: Any, rps: float, place: Any, said: Any
) -> None:
    waits = round(20 - rps / 10)
    light = seen(users=1, rps=10, waits=({**READ, "count": 1},))
    heavy = seen(users=20, rps=rps, waits=({**READ, "count": 20 - waits}, {**place, "count": waits}))
    assert told(diagnose(light, heavy)) == said


@pytest.mark.parametrize(("ttft_ms", "said"), [(180, "stage-serialised"), (108, "scales-to-measured-limit")])
def test_a_first_token_that_comes_later_is_a_loss_too(
    diagnose: Any, seen: Any, ttft_ms: float, said: str
) -> None:
    """Of answers that stream for long: there are hardly fewer of them."""
    waits = ({**READ, "count": 12}, {**LOCK, "count": 8})
    loads = (seen(users=1, rps=5, waits=({**READ, "count": 1},)),
             seen(users=20, rps=94, waits=waits, spec={"ttft_ms": ttft_ms}))  # fmt: skip
    found, *others = diagnose(*loads)
    assert found.code == said
    if ttft_ms == 180:
        assert (found.binds, found.effect.figure) == ("latency", "mean TTFT")
        assert found.effect.mended == pytest.approx(100, rel=0.05)
        assert told(others) == [("scales-to-measured-limit", "nothing")]


@pytest.mark.parametrize(("fewer", "said"), [
    (4, [("stage-serialised", "throughput"), ("connection-pool-exhausted", "next")]),
    (2, [("stage-serialised", "throughput")]),  # 10 % of the requests
])  # fmt: skip
def test_a_second_place_that_is_a_loss_by_itself_binds_next(
    diagnose: Any, seen: Any, fewer: int, said: Any
) -> None:
    waits = ({**READ, "count": 4}, {**LOCK, "count": 16 - fewer}, {**POOL, "count": fewer})
    found = diagnose(
        seen(users=1, rps=10, waits=({**READ, "count": 1},)), seen(users=20, rps=40, waits=waits)
    )
    assert told(found) == said
    assert found[-1].severity == ("medium" if fewer == 4 else "high")


def test_a_lock_behind_a_held_loop_may_only_wait_for_that(diagnose: Any, seen: Any) -> None:
    waits = (
        {**READ, "count": 4},
        {"kind": "ready", "at": "", "where": "", "count": 10},
        {**LOCK, "count": 6},
    )
    found = diagnose(
        seen(users=1, rps=10, waits=({**READ, "count": 1},)),
        seen(users=20, rps=40, waits=waits, lag_ms=90, loop_busy=0.8, running={"at": "x", "where": LINE}),
    )
    assert told(found) == [("event-loop-blocked", "throughput")]


@pytest.mark.parametrize(("held", "lag_ms", "line", "said"), [
    (0.25, 2.0, LINE, True),  # in pieces of 16 ms, and all the time if nobody waited for the LLM
    (0.25, 0.2, LINE, False),  # in small pieces
    (0.06, 1.0, LINE, False),  # hardly ever
    (0.25, 2.0, "", False),  # in many things
])  # fmt: skip
def test_a_loop_that_one_line_would_hold_if_nothing_else_did_binds_next(
    diagnose: Any, seen: Any, held: float, lag_ms: float, line: str, said: bool
) -> None:
    light = seen(users=1, rps=10, waits=({**READ, "count": 1},), llm_ms=(90, 0))
    work = {"at": "x", "where": line, "called": "" if line else "openai._streaming:AsyncStream"}
    found = diagnose(light, seen(
        users=20, rps=16, waits=({**READ, "count": 20},), llm_ms=(1200, 0), running=work,
        loop_busy=held, lag_ms=lag_ms,
    ))  # fmt: skip
    assert told(found) == [
        ("llm-upstream-bound", "throughput"),
        *([("event-loop-blocked", "next")] if said else []),
    ]
    figures = {one.figure: one.value for one in found[-1].evidence}
    assert figures.get("of the loop's time each answer takes", 15.6) == pytest.approx(15.6, rel=0.05)
