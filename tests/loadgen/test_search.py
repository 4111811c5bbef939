"""The search for the highest level, against services whose capacity is known."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.search import FEW, LONGEST, NARROW, Outcome, Search, Status, status
from loadgen.searcher import LATE_TRIES, Searcher
from loadgen.shapes import AnswersMessage
from loadgen.slo import Judged, Slo

SLO = Slo.parse("ttft:100")


def run(search: Search, measure: Callable[[float], Status]) -> list[float]:
    """The levels that were measured."""
    levels = []
    while (level := search.level) is not None:
        levels.append(level)
        search.tell(measure(level))
        assert len(levels) < 100, levels
    return levels


@given(knee=st.integers(1, 5000), first=st.integers(1, 50))
def test_users_are_found_to_a_tenth_or_one(knee: int, first: int) -> None:
    search = Search(first=first, most=5000, whole=True)
    levels = run(search, lambda level: Status.MET if level <= knee else Status.MISSED)
    if first > knee:
        assert (search.outcome, levels) == (Outcome.NONE, [first])
        return
    assert search.outcome is Outcome.FOUND
    assert search.low is not None
    assert all(level == int(level) for level in levels)
    assert search.low <= knee
    assert knee <= max(search.low + 1, (1 + NARROW) * search.low)
    assert levels[-1] == search.low
    assert levels.count(search.low) == 2  # it was confirmed
    assert len(levels) <= 3 + 2 * math.log2(knee / first + 1) + math.log2(1 / NARROW)


@given(knee=st.floats(0.1, 900), first=st.floats(0.01, 0.1))
def test_rates_are_found_to_a_tenth(knee: float, first: float) -> None:
    search = Search(first=first, most=1000, whole=False)
    run(search, lambda level: Status.MET if level <= knee else Status.MISSED)
    assert search.outcome is Outcome.FOUND
    assert search.low is not None
    assert search.low <= knee <= (1 + NARROW) * search.low * 1.01


def test_with_noise_the_answer_lies_near_the_knee() -> None:
    """Capacity 40, an SLO of 100 ms: p95 passes it at 40 users. 200 answers a level, noise of 15 %."""
    found = []
    for seed in range(200):
        noise = random.Random(seed)

        def measure(level: float, noise: random.Random = noise) -> Status:
            middle = 78 * max(0.5, level / 40)  # its p95: 100 ms at 40 users
            answers = [[middle * math.exp(noise.gauss(0, 0.15))] for _ in range(200)]
            return Status.MISSED if SLO.judge({"w": (1.0, answers)}).missed else Status.MET

        search = Search(first=1, most=1000, whole=True)
        run(search, measure)
        assert search.outcome is Outcome.FOUND
        assert search.low is not None
        found.append(search.low)
    found.sort()
    assert found[10] >= 32
    assert found[-10] <= 44


def test_a_level_that_met_by_chance_is_not_confirmed() -> None:
    lucky = itertools.chain([Status.MET], itertools.repeat(Status.MISSED))

    def measure(level: float) -> Status:
        return Status.MET if level <= 9 else next(lucky) if level == 12 else Status.MISSED

    search = Search(first=1, most=1000, whole=True)
    levels = run(search, measure)
    assert levels == [1, 2, 4, 8, 16, 12, 14, 13, 12, 10, 9, 9]
    assert (search.outcome, search.low) == (Outcome.FOUND, 9)


def test_the_lowest_level_too_must_be_confirmed() -> None:
    found = iter([Status.MET, Status.MISSED, Status.MISSED])
    search = Search(first=1, most=1000, whole=True)
    run(search, lambda _: next(found))
    assert search.outcome is Outcome.NONE


def test_the_highest_level_allowed_is_the_answer_of_a_service_without_a_knee() -> None:
    search = Search(first=1, most=50, whole=True)
    assert run(search, lambda _: Status.MET) == [1, 2, 4, 8, 16, 32, 50, 50]
    assert (search.outcome, search.low, search.high) == (Outcome.FOUND, 50, None)


@pytest.mark.parametrize("unknown", [1, 3, 4])
def test_an_unknown_level_leaves_it_inconclusive(unknown: int) -> None:
    """The lowest, the answer itself, or the bound above it."""

    def measure(level: float) -> Status:
        if level == unknown:
            return Status.UNKNOWN
        return Status.MET if level <= 3 else Status.MISSED

    search = Search(first=1, most=1000, whole=True)
    run(search, measure)
    assert search.outcome is Outcome.INCONCLUSIVE


def judged(least: int, *, missed: bool = False) -> Judged:
    return Judged(answers=least, failures=0, least=least, percentiles={}, missed=missed, goodput=0)


def test_a_level_lasts_until_its_answers_can_tell() -> None:
    def told(least: int, seconds: float, *, careful: bool, missed: bool = False) -> Status | None:
        return status(SLO, judged(least, missed=missed), seconds=seconds, usual=10, careful=careful)

    assert told(500, 9.9, careful=False) is None
    assert told(500, 10, careful=False) is Status.MET
    assert told(5, 10, careful=True, missed=True) is Status.MISSED
    assert told(FEW, 10, careful=False) is Status.MET  # on the way up
    assert told(58, 10, careful=True) is None
    assert told(59, 30, careful=True) is Status.MET
    assert told(58, 10 * LONGEST, careful=True) is Status.UNKNOWN
    assert told(0, 10 * LONGEST, careful=False) is Status.UNKNOWN


class FakeLevels:
    """The load, as the searcher sets it."""

    began = True
    elapsed_s = 0.0

    def __init__(self, *, open_loop: bool = False) -> None:
        self.open_loop = open_loop

    def tick(self, level: float, *, phase: int, fresh: bool) -> tuple[int, float]:
        self.rate = level
        return round(level), 1.0


def searched(*, knee: int, lag_ms: float = 0.0, answers: int = 100, limit_s: float = 300) -> Searcher:
    """A search over a service that answers in 50 ms up to ``knee`` users, else in 200."""
    levels = FakeLevels()
    searcher = Searcher(
        levels=levels,  # type: ignore[arg-type]
        slo=SLO,
        search=Search(first=1, most=100, whole=True),
        level_s=2,
        limit_s=limit_s,
        phases=itertools.count(1),
    )
    while (load := searcher.tick()) is not None:
        message: AnswersMessage = {
            "phase": searcher.heard.phase,
            "seconds": searcher.heard.seconds + 1,
            "answers": [[50.0 if load[0] <= knee else 200.0]] * answers,
            "in_flight": 0,
            "lag_p99_ms": lag_ms,
        }
        searcher.heard.take("w0", message)
        levels.elapsed_s += 1
        assert levels.elapsed_s < 1000
    return searcher


def test_a_search_says_what_it_found() -> None:
    searcher = searched(knee=6)
    assert searcher.sentence == "highest concurrency that meets ttft<=100 ms at p95: 6 users, goodput 100.0/s"
    assert [row.level for row in searcher.rows] == [1, 2, 4, 8, 6, 7, 6]
    table = searcher.table.splitlines()
    assert table[0].split()[:3] == ["users", "answers", "failures"]
    assert len(table) == 8
    written = searcher.to_json()
    assert (written["outcome"], written["level"], written["unit"]) == ("found", 6, "users")
    assert [row["status"] for row in written["levels"]] == [
        *["met"] * 3,
        "missed",
        *["met", "missed", "met"],
    ]


def test_a_search_without_an_answer_says_why() -> None:
    assert searched(knee=0).sentence == "not even 1 user meets ttft<=100 ms at p95"
    assert "at least 100 users" in searched(knee=1000).sentence
    few = searched(knee=3, answers=1)
    assert "answers at 3 users cannot tell p95, which wants 59" in few.sentence
    out_of_time = searched(knee=6, limit_s=15)
    assert out_of_time.search.outcome is Outcome.INCONCLUSIVE
    assert "the 15 seconds it was given were over" in out_of_time.sentence


def test_a_miss_of_a_late_generator_is_measured_again_and_not_believed() -> None:
    late = searched(knee=4, lag_ms=80)
    assert [row.level for row in late.rows] == [
        1,
        2,
        4,
        *[8] * LATE_TRIES,
        *[6] * LATE_TRIES,
        *[5] * LATE_TRIES,
        4,
    ]
    assert "at 5 users the load generator was 80 ms late (p99)" in late.sentence
    assert late.search.outcome is Outcome.INCONCLUSIVE


def test_what_would_be_the_answer_may_prove_unknown() -> None:
    seen: list[float] = []

    def measure(level: float) -> Status:
        seen.append(level)
        if seen.count(3) == 2:
            return Status.UNKNOWN
        return Status.MET if level <= 3 else Status.MISSED

    search = Search(first=1, most=1000, whole=True)
    assert run(search, measure)[-2:] == [3, 3]
    assert search.outcome is Outcome.INCONCLUSIVE


def test_an_open_loop_waits_until_the_queue_of_the_level_before_has_gone() -> None:
    """A service of 10 a second whose queue is answered in time order, a second of load a tick."""
    levels, queue, pauses = FakeLevels(open_loop=True), 0.0, 0
    searcher = Searcher(
        levels=levels,  # type: ignore[arg-type]
        slo=Slo.parse("ttft:500"),
        search=Search(first=8, most=100, whole=False),
        level_s=4,
        limit_s=300,
        phases=itertools.count(1),
    )
    while (load := searcher.tick()) is not None:
        rate = levels.rate
        queue = max(0.0, queue + rate - 10)
        pauses += rate == 0
        message: AnswersMessage = {
            "phase": searcher.heard.phase,
            "seconds": searcher.heard.seconds + 1,
            "answers": [[1000 * queue / 10]] * min(10, round(rate)),
            "in_flight": round(queue),
            "lag_p99_ms": 0.0,
        }
        searcher.heard.take("w0", message)
        levels.elapsed_s += 1
        assert load
    assert searcher.search.outcome is Outcome.FOUND
    assert searcher.sentence.startswith("highest rate that meets ttft<=500 ms at p95: 10 requests/s")
    assert pauses > 3  # else the queue of 16 a second would have made 10 miss, too
