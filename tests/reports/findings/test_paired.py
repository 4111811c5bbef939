"""Loads are compared over the repeats that both have: what differs between repeats is no bottleneck."""

from typing import Any

import pytest

READ = {"kind": "socket-read", "at": "AsyncStream.read", "where": "answer (mine.py:30)"}


def at(seen: Any, users: int, rps: float, repeat: int) -> Any:
    waits = ({**READ, "count": users},)
    return seen(users=users, rps=rps, waits=waits, loop_busy=0.1, spec={"repeat": repeat})


@pytest.mark.parametrize(("light", "codes"), [
    ({1: 10.0, 2: 5.0}, [("scales-to-measured-limit", "shown")]),  # all of the second was twice as slow
    ({1: 10.0}, [("dependency-bound", "possible")]),  # nobody knows whether it was
    ({2: 10.0}, [("dependency-bound", "likely")]),
])  # fmt: skip
def test_a_repeat_that_is_slow_at_all_loads(
    seen: Any, diagnose: Any, light: dict[int, float], codes: list[tuple[str, str]]
) -> None:
    found = diagnose(*(at(seen, 1, rps, repeat) for repeat, rps in light.items()), at(seen, 20, 100.0, 2))
    assert [(one.code, one.confidence) for one in found] == codes
    apart = [one.value for one in found[0].evidence if one.figure.startswith("repeats in which both")]
    assert apart == ([] if 2 in light else [0])
    assert found[0].effect is None or found[0].effect.mended is None or 2 in light
