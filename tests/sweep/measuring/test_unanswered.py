"""What never answers beside a sweep's load is said once a deployment, not with each cell."""

from typing import Any

from sweep.deployments.protocol import Endpoint
from sweep.measuring.unanswered import Unanswered
from sweep_world import key_of, plan_of


def test_it_is_said_once(place_of: Any) -> None:
    place = place_of(plan_of("mine=run:app", probes=True, scrape=("llm={target}/metrics",)))
    said, endpoint = Unanswered(), Endpoint(base_url="http://h:1")
    keys = [key_of(repeat=repeat) for repeat in (1, 2)]
    for key in keys:
        place.folder(key).mkdir(parents=True)
        (place.folder(key) / "profile.scraped.jsonl").write_text('{"source": "llm", "error": "HTTP 404"}\n')
    assert said.lines(place, keys[0], endpoint) == [
        "mine/as-is/c02-r1: no probe of http://h:1 was taken",
        "mine/as-is/c02-r1: scrape llm: 1 of 1 failed (HTTP 404)",
    ]
    assert said.lines(place, keys[1], endpoint) == []
