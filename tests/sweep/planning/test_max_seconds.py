"""``--max-seconds``: how long a cell may take, in what it is told and in the estimates."""

from contextlib import nullcontext
from typing import Any

import pytest

from sweep.choosing.preview import preview
from sweep.deployments.protocol import Endpoint
from sweep.measuring import locust_spec
from sweep.planning.load_words import check_min_seconds
from sweep.planning.plan import Plan
from sweep.running.errors import UsageError
from sweep_world import key_of, plan_of


def test_a_cell_may_take_so_long_and_estimates_have_it(place_of: Any) -> None:
    usual, patient, brief = (plan_of("local", max_seconds=n) for n in (8, 60, 2))
    assert [plan.cell_seconds for plan in (usual, patient, brief)] == [(3, 8), (3, 60), (2, 2)]
    assert patient.seconds_of(4) - usual.seconds_of(4) == 4 * 26
    assert preview(patient)[-1].startswith(
        "2 cells of 3 to 60 s, about 80 s in all (an estimate, with the starts of targets); nothing"
    )
    place = place_of(patient)
    words = locust_spec.locust_argv(
        place, key_of(), Endpoint(base_url="http://h"), locust_spec.files_here(place, key_of())
    )
    # The warm-up takes nothing of it, and may take some time besides.
    assert [words[words.index(flag) + 1] for flag in ("--max-seconds", "--run-time")] == ["60", "240s"]
    kept = patient.to_json()
    assert Plan.from_json(kept) == patient
    del kept["max_seconds"]  # an older plan
    assert Plan.from_json(kept).max_seconds == 8


@pytest.mark.parametrize(("specs", "changes", "said"), [
    (("it=url:http://127.0.0.1:1",), {"repeats": 30}, ", about 4 minutes in all (an estimate); nothing"),
    (("local",), {"repeats": 50, "max_seconds": 600}, ", about 4.3 hours in all (an estimate, with the "),
    (("local",), {"budget_seconds": 60.0}, "the starts of targets), at most 60 s; nothing"),
])  # fmt: skip
def test_a_preview_says_how_long_the_whole_takes(specs: Any, changes: Any, said: str) -> None:
    assert said in preview(plan_of(*specs, **changes))[-1]


@pytest.mark.parametrize(("least", "more", "why"), [
    ("20", {}, "a cell ends after 8 s; say --max-seconds 20, too"), ("20", {"max_seconds": 20}, ""),
    ("8", {}, ""), ("inf", {}, ""), ("x", {}, ""), ("200", {"dial": True}, "after 100 s; leave it out"),
])  # fmt: skip
def test_a_least_time_beyond_it_is_refused(least: str, more: Any, why: str) -> None:
    plan = plan_of("local", locust_args=("--min-seconds", least), **more)
    with pytest.raises(UsageError, match=why) if why else nullcontext():
        check_min_seconds(plan)
