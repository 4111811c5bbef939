"""Where throughput stops growing, as light loads predict it, beside what was measured."""

from dataclasses import replace
from typing import Any

import pytest

from reports.analysis.analysis import Analysis
from reports.as_json.results import results_json
from reports.blocks import blocks
from reports.evidence.foretold import Foretold, foretold

READ = {"kind": "socket-read", "at": "AsyncStream.read", "where": "answer (mine.py:30)"}


def threads(seen: Any, users: int, rps: float, busy: int, **more: Any) -> Any:
    pool = {"name": "search", "max": 8, "threads": 8, "busy": busy, "queued": 0}
    return seen(users=users, rps=rps, waits=({**READ, "count": users},), executors=(pool,), **more)


def by(analysis: Analysis, *users: int) -> Foretold | None:
    [service] = analysis.services
    points = tuple(point for point in service.points if point.level.load.users in users)
    return foretold(replace(service, points=points))


def test_a_prediction_by_light_loads_stands_beside_what_was_measured(loaded: Any, seen: Any) -> None:
    """100 ms of 8 threads an answer: full from 8 users on."""
    full = loaded(*(threads(seen, n, min(10 * n, 79), min(n, 8)) for n in (1, 4, 8, 16)))
    [found] = full.foretold
    assert (found.foretold.by, found.foretold.users.value) == ((1, 4), pytest.approx(8, rel=0.02))
    assert (found.knee.concurrency, found.between, found.inside) == (8, (4, 16), True)
    text = "By 1 and 4 users alone it was predicted to bind at 8 users, 80.0 answers a second"
    lines = [line for block in blocks(full) for line in getattr(block, "lines", ())]
    assert f"{text} (threads of search); measured 8 (4-16), 79.0." in lines
    [knee] = results_json(full)["knees"]
    assert (knee["predicted"]["by"], knee["predicted"]["inside"]) == ([1, 4], True)


def test_throughput_that_grows_no_more_is_the_ceiling_whatever_binds(loaded: Any, seen: Any) -> None:
    """Nobody looked inside, as with `url:`."""
    found = by(loaded(*(seen(users=n, rps=min(10 * n, 80), waits=None) for n in (1, 10, 20))), 1, 10, 20)
    assert found.resource is None
    assert (found.per_second.value, found.users.value) == pytest.approx((80, 8), rel=0.02)


@pytest.mark.parametrize(("busy", "cpu", "told"), [
    ((1, 4), (10, 40), True),
    ((1, 4), (10, 80), False),  # an answer takes more and more of the processor: full at 100, or sooner
    ((0, 0), (1, 4), False),  # full at 2000 a second, which is too far off
])  # fmt: skip
def test_what_may_allow_less_or_lies_too_far_is_not_predicted(
    loaded: Any, seen: Any, busy: tuple[int, int], cpu: tuple[float, float], told: bool
) -> None:
    loads = zip((1, 4), busy, cpu, strict=True)
    analysis = loaded(*(threads(seen, n, 10 * n, b, cpu_percent=percent) for n, b, percent in loads))
    assert (by(analysis, 1, 4) is not None) is told


def test_answers_in_clumps_have_the_tables_rate(made: Any, of: Any) -> None:
    """All are sent before the window, as warm-up, and end in it: the next ones are not sent any more."""
    [service] = of(*(made.spec(concurrency=users, rps=8, flags=("warmup",)) for users in (1, 20))).services
    assert service.heavy.per_second == pytest.approx(service.heavy.level.figures.throughput.value) == 8
