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


@pytest.mark.parametrize(("asked", "said"), [
    ([{"max_seconds": 8.0}, {"max_seconds": 24.0}],  # measured again, for longer
     "2 of 2 cells ended after 8-24 s with 20-40 of the 200 requests asked for: --max-seconds 240 lets"),
    ([{"requests": 400}, {"requests": 200}],  # ten of each user
     "2 of 2 cells ended after 8 s with 20-40 of the 200-400 requests asked for: --max-seconds 80 lets"),
    ([{"requests": 40}, {"requests": 20}], ""),
    ([{"requests": None, "max_seconds": 0}, {"max_seconds": "8"}],  # nonsense: as the plan says
     "2 of 2 cells ended after 8 s with 20-40 of the 200 requests asked for: --max-seconds 80 lets"),
])  # fmt: skip
def test_by_what_each_cell_was_asked_for_where_that_is_more_than_the_plan_says(
    made: Any, of: Any, asked: list[dict[str, Any]], said: str
) -> None:
    specs = []
    for requested, requests in zip(asked, (40, 20), strict=True):
        seconds = requested.get("max_seconds")
        seconds = seconds if isinstance(seconds, float) else 8.0
        specs.append(
            made.spec(rps=requests / seconds, seconds=seconds, concurrency=requests, requested=requested)
        )
    text = head(of(*specs, plan={"requests": 200}))
    assert said in text if said else "--max-seconds" not in text
