"""Loads are compared over the repeats that both have: what differs between repeats is no bottleneck."""

from dataclasses import replace
from typing import Any

import pytest

from reports.as_json.results import results_json
from reports.blocks import blocks
from reports.document.render import markdown

READ = {"kind": "socket-read", "at": "AsyncStream.read", "where": "answer (mine.py:30)"}


def at(seen: Any, users: int, rps: float, repeat: int) -> Any:
    waits = ({**READ, "count": users},)
    pool = {"name": "search", "max": 20, "threads": 20, "busy": users, "queued": 0}
    return seen(users=users, rps=rps, waits=waits, executors=(pool,), loop_busy=0.1, spec={"repeat": repeat})


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


def test_what_compares_no_loads_is_as_sure(seen: Any, diagnose: Any) -> None:
    """Whoever finds it says so, and only here: no reader of the JSON needs it."""
    one, many = (replace(at(seen, users, 10.0, users), gc_ms=70) for users in (1, 2))
    sure = {found.code: (found.confidence, found.compares_loads) for found in diagnose(one, many)}
    assert sure.pop("gc-pauses") == ("shown", False)
    assert set(sure.values()) == {("possible", True)}


@pytest.mark.parametrize(("light", "comparison", "said"), [
    ([2], "same-repeat", ""), ([1], "other-repeats", " (of loads that no repeat has both of"),
    ([], "one-load", " (of one load alone"),
])  # fmt: skip
def test_what_it_is_not_and_what_resources_allow_say_that_no_pair_of_loads_was_compared(
    seen: Any, loaded: Any, light: list[int], comparison: str, said: str
) -> None:
    analysis = loaded(*(at(seen, 1, 10.0, repeat) for repeat in light), at(seen, 20, 100.0, 2))
    written, text = results_json(analysis), markdown(blocks(analysis), "t")
    assert {one["comparison"] for one in written["acquittals"]} == {comparison}
    assert [one["comparison"] for one in written["ladder"]] == [comparison] * len(light)
    [head] = [line for line in text.splitlines() if line.startswith(("- Not the cause", "- Ruled out"))]
    assert head.partition(" at 20 users")[2].partition(":")[0].startswith(said)
    assert (said == "") == ("(of " not in head)
    assert ("No repeat has both its lightest" in text) == (comparison == "other-repeats")
