"""What says nothing of a cause accuses nobody, and acquits nobody."""

from pathlib import Path
from typing import Any

import pytest

from reported import analysed, rewritten
from reports.findings.acquitted.acquittal import acquittals
from reports.findings.catalogue import diagnosis

QUEUES = {"stage-serialised", "thread-pool-exhausted", "connection-pool-exhausted", "dns-slow"}
READ = {"kind": "socket-read", "at": "AsyncStream.read", "where": "answer (mine.py:30)"}


def shed(analysis: Any) -> tuple[list[Any], bool]:
    found = diagnosis(analysis)
    told = [(one.binds, one.confidence) for one in found if one.code == "load-shed"]
    return told, any(one.code == "load-shed" for one in acquittals(analysis, found))


@pytest.mark.parametrize(("few", "many", "told", "acquitted"), [
    ((96, 4), (288, 12), [], True),  # 4 % at each load
    ((95, 5), (273, 27), [], False),  # 5 and 9 %: by chance, as far as is seen
    ((0, 0), (288, 12), [("throughput", "likely")], False),
    ((100, 0), (240, 60), [("throughput", "shown")], False),
    ((20, 0), (480, 20), [("throughput", "possible")], False),
])  # fmt: skip
def test_only_refusals_that_grow_with_the_load_are_shed(
    loaded: Any, seen: Any, few: Any, many: Any, told: Any, acquitted: bool
) -> None:
    loads = [
        seen(users=users, rps=good / 5, waits=None, spec={"failures": bad})
        for users, (good, bad) in ((1, few), (6, many))
        if good
    ]
    assert shed(loaded(*loads)) == (told, acquitted)


@pytest.mark.parametrize(("error", "code"), [("HTTP 500: took 503 ms", False), ("HTTP 429: wait", True)])
def test_it_is_the_status_that_refuses(
    tmp_path: Path, loaded: Any, seen: Any, error: str, code: bool
) -> None:
    loaded(seen(users=20, rps=40, waits=None, spec={"failures": 20}))
    rewritten(tmp_path, lambda line, _: line.update(error=error) if line["error"] else None)
    assert bool(shed(analysed(tmp_path / "run"))[0]) == code


@pytest.mark.parametrize(("kind", "met", "free"), [
    ("socket-read", 8, QUEUES),
    ("socket-read", 1, set()),  # seven of eight are outside of what is seen
    ("mine", 8, set()),
    ("future", 8, {"thread-pool-exhausted", "dns-slow"}),  # a deque of futures is a semaphore, too
])  # fmt: skip
def test_no_queue_is_acquitted_by_requests_that_nobody_saw(
    loaded: Any, seen: Any, kind: str, met: int, free: set[str]
) -> None:
    light = seen(users=1, rps=10, waits=({**READ, "count": 1},))
    analysis = loaded(light, seen(users=8, rps=12, waits=({**READ, "kind": kind, "count": met},)))
    assert {one.code for one in acquittals(analysis, diagnosis(analysis))} & QUEUES == free
