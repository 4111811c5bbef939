"""A sweep's cells that ended by the clock, before their requests were done."""

from typing import Any

import pytest

from reported import head


@pytest.mark.parametrize(("plan", "said"), [
    ({"requests": 200}, "2 of 3 cells ended after 8 s with 26-41 of the 200 requests asked for: "
     "--max-seconds 70 lets them finish."),
    ({"requests": 200, "dial": True}, ""), ({"requests": 20}, ""), ({"requests": 200, "max_seconds": 60}, ""),
])  # fmt: skip
def test_a_report_says_which_cells_ended_short(made: Any, of: Any, plan: Any, said: str) -> None:
    specs = [made.spec(rps=n / 8, seconds=8, concurrency=n) for n in (26, 41, 200)]
    text = head(of(*specs, plan=plan))
    assert said in text if said else "--max-seconds" not in text
