"""A service that holds the connection open after its last event is believed, and that is said."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from records.cells.cell import Window
from records.cells.request import RequestRecord
from workloads.checks import load
from workloads.checks.body_end import body_end
from workloads.checks.facts import Facts

WINDOW = Window(start_ns=0, end_ns=1_000_000_000)


@pytest.mark.parametrize(("open_ns", "said"), [(5_000_000, True), (500_000, False)])
def test_the_bodys_end_ends_a_users_cycle(
    back_to_back: Callable[..., list[RequestRecord]], facts: Callable[..., Facts], open_ns: int, said: bool
) -> None:
    each: dict[str, Any] = {"window": WINDOW, "users": 1}
    held = [
        dataclasses.replace(r, ended_at_ns=r.ended_at_ns - open_ns, body_ended_at_ns=r.ended_at_ns)
        for r in back_to_back(100, 10_000_000)
    ]
    of = facts(held, **each)
    assert load.littles_law(of).status == load.concurrency(of).status == "pass"
    found = body_end(of)
    assert (found is not None) is said
    assert found is None or found.text.startswith("the body ended 5 ms after its last event: the service")
