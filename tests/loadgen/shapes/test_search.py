"""The search for the highest level, against services whose capacity is known."""

from __future__ import annotations

import itertools
import math
import random
import re
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.shapes.level_log import LevelLog
from loadgen.shapes.phases import AnswersMessage
from loadgen.shapes.search import FEW, LONGEST, NARROW, Outcome, Search, Status, judge
from loadgen.shapes.searcher import LATE_TRIES, Searcher
from loadgen.shapes.slo import Ended, Part, Slo, Waiting
from workloads.stream import STREAM


def objective(text: str) -> Slo:
    return Slo.parse(text, STREAM)


SLO = objective("ttft:100")


def run(search: Search, measure: Callable[[float], Status]) -> list[float]:
    """The levels that were measured."""
    levels = []
    while (level := search.level) is not None:
        levels.append(level)
        search.report(measure(level))
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
            answers = [(n / 200, [middle * math.exp(noise.gauss(0, 0.15))]) for n in range(200)]
            judged = SLO.judge([Part(seconds=1, ended=answers, waiting=[])])
            return Status.MISSED if judged.missed else Status.MET

        search = Search(first=1, most=1000, whole=True)
        run(search, measure)
        assert search.outcome is Outcome.FOUND
        assert search.low is not None
        found.append(search.low)
    found.sort()
    assert found[10] >= 32
    assert found[-10] <= 44


def test_a_level_that_met_by_chance_is_not_confirmed() -> None:
    survivors = itertools.chain([Status.MET], itertools.repeat(Status.MISSED))

    def measure(level: float) -> Status:
        return Status.MET if level <= 9 else next(survivors) if level == 12 else Status.MISSED

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


def test_a_level_lasts_until_its_requests_can_tell() -> None:
    slo = objective("ttft:2000")

    def told(answers: int, seconds: float, *, careful: bool, slow: int = 0, young: int = 0) -> Status | None:
        part = Part(
            seconds=seconds,
            ended=[(0.1, [50.0])] * (answers - slow) + [(0.1, [5000.0])] * slow,
            waiting=[(1000 * (seconds - 0.1), None)] * young,
        )
        return judge(slo, [part], usual=10, careful=careful)[1]

    assert told(500, 9.9, careful=False) is None
    assert told(500, 10, careful=False) is Status.MET
    assert told(5, 10, careful=True, slow=5) is Status.MISSED
    assert told(FEW, 10, careful=False) is Status.MET  # on the way up
    assert told(58, 10, careful=True) is None
    assert told(59, 30, careful=True) is Status.MET
    assert told(58, 10 * LONGEST, careful=True) is Status.UNKNOWN
    assert told(0, 10 * LONGEST, careful=False) is Status.UNKNOWN
    assert told(19, 10, careful=False, slow=2) is None  # more than one in twenty, which may be chance
    assert told(20, 10, careful=False, slow=1) is Status.MET
    assert told(19, 10 * LONGEST, careful=False, slow=1) is Status.MET  # on the way up
    assert told(19, 10 * LONGEST, careful=True, slow=1) is Status.UNKNOWN
    assert told(100, 10, careful=False, young=6) is Status.MISSED  # they have waited for 9.9 seconds
    assert told(100, 10, careful=False, young=5) is Status.MET


def test_what_is_in_flight_is_waited_for_up_to_the_bound() -> None:
    def told(bound_ms: int, seconds: float) -> Status | None:
        slo = objective(f"ttft:{bound_ms}")
        part = Part(seconds=seconds, ended=[(0, [9.0])] * 80, waiting=[(1000 * seconds - 500, None)] * 20)
        return judge(slo, [part], usual=1, careful=True)[1]

    assert told(900, 1) is None
    assert told(900, 1.5) is Status.MISSED
    assert told(60_000, LONGEST + 1) is None
    assert told(60_000, 60.6) is Status.MISSED


def test_a_level_is_not_met_while_more_may_miss_than_the_objective_allows() -> None:
    slo = objective("tpot:50")

    def told(ended: int, in_flight: int) -> Status | None:
        part = Part(seconds=60, ended=[(0, [9.0])] * ended, waiting=[(60_000, 10.0)] * in_flight)
        return judge(slo, [part], usual=1, careful=False)[1]

    assert told(19, 1) is Status.MET
    assert told(18, 1) is Status.UNKNOWN
    assert told(5, 2) is Status.UNKNOWN


def test_few_of_which_one_was_slow_wait_for_more() -> None:
    """One user, and each fifth request hangs for 20 seconds: a few answers do not yet say it."""

    def told(seconds: float) -> Status | None:
        ended: list[Ended] = []
        at = 0.0
        for number in range(1, 100):
            took = 20.0 if number % 5 == 0 else 0.1
            if at + took > seconds:
                break
            ended.append((at, [1000 * took]))
            at += took
        part = Part(seconds=seconds, ended=ended, waiting=[(1000 * (seconds - at), None)])
        return judge(SLO, [part], usual=10, careful=False)[1]

    assert [told(10), told(21), told(40), told(50)] == [None, None, None, Status.MISSED]


class FakeLevels:
    """The load, as the searcher sets it."""

    began = True
    elapsed_s = 0.0

    def __init__(self, *, open_loop: bool = False) -> None:
        self.open_loop = open_loop
        self.log = LevelLog()

    def tick(self, level: float, *, phase: int, fresh: bool) -> tuple[int, float]:
        self.rate = level
        return round(level), 1.0


def searched(
    *,
    knee: int = 1000,
    lag_ms: float = 0.0,
    answers: int = 100,
    limit_s: float = 300,
    slo: Slo = SLO,
    waiting: Sequence[Waiting] = (),
    hangs_above: int = 0,
) -> Searcher:
    """A search over a service that answers in 50 ms up to ``knee`` users, else in 200; above so many users
    some are always ``waiting``."""
    levels = FakeLevels()
    searcher = Searcher(
        levels=levels,  # type: ignore[arg-type]
        slo=slo,
        search=Search(first=1, most=100, whole=True),
        level_s=2,
        limit_s=limit_s,
        phases=itertools.count(1),
    )
    while (load := searcher.tick()) is not None:
        message: AnswersMessage = {
            "phase": searcher.observed.phase,
            "seconds": searcher.observed.seconds + 1,
            "answers": [(searcher.observed.seconds, [50.0 if load[0] <= knee else 200.0])] * answers,
            "waiting": list(waiting) if load[0] > hangs_above else [],
            "in_flight": 0,
            "lag_p99_ms": lag_ms,
        }
        searcher.observed.take("w0", message)
        levels.elapsed_s += 1
        assert levels.elapsed_s < 1000
    return searcher


def test_a_search_says_what_it_found() -> None:
    searcher = searched(knee=6)
    assert searcher.sentence == "highest concurrency that meets ttft<=100 ms at p95: 6 users, goodput 100.0/s"
    assert [row.level for row in searcher.rows] == [1, 2, 4, 8, 6, 7, 6]
    table = searcher.table.splitlines()
    assert table[0].split()[:4] == ["users", "answers", "failures", "overdue"]
    assert len(table) == 8
    written = searcher.to_json()
    assert (written["outcome"], written["level"], written["unit"]) == ("found", 6, "users")
    statuses = [*["met"] * 3, "missed", *["met", "missed", "met"]]
    assert [row["status"] for row in written["levels"]] == statuses
    held = searcher.levels.log.levels
    assert [(level.level_to, level.status) for level in held] == [
        (row.level, status) for row, status in zip(searcher.rows, statuses, strict=True)
    ]


def test_a_level_whose_requests_hang_is_missed_and_shows_them() -> None:
    """All that ended were quick; the others hang for 20 seconds."""
    searcher = searched(waiting=[(20_000.0, None)] * 40, hangs_above=5)
    assert searcher.sentence.startswith("highest concurrency that meets ttft<=100 ms at p95: 5 users")
    hung = [row for row in searcher.rows if row.level > 5]
    assert {(row.status, row.judged.overdue) for row in hung} == {(Status.MISSED, 40)}
    assert searcher.to_json()["levels"][3]["percentiles"] == {"ttft": 20_000}
    assert re.search(r"^ +8 +200 +0 +40 +20000 ", searcher.table, re.M), searcher.table


def test_a_level_with_too_many_in_flight_to_the_end_is_unknown() -> None:
    """An answer's time per token shows when it ends; until then it is not believed to be good."""
    searcher = searched(slo=objective("tpot:100"), waiting=[(20_000.0, 10.0)] * 120, hangs_above=3)
    assert searcher.search.outcome is Outcome.INCONCLUSIVE
    assert re.search(r": of \d+ requests at 4 users 120 were in flight to the end; ", searcher.sentence)


def test_those_who_began_in_a_level_are_waited_for_and_not_those_who_come_after() -> None:
    """Ten begin each second and take three: thirty are always in flight, far more than one in twenty."""
    levels = FakeLevels()
    searcher = Searcher(
        levels=levels,  # type: ignore[arg-type]
        slo=objective("e2e:3500"),
        search=Search(first=30, most=30, whole=True),
        level_s=10,
        limit_s=300,
        phases=itertools.count(1),
    )
    while searcher.tick() is not None:
        now = searcher.observed.seconds + 1
        message: AnswersMessage = {
            "phase": searcher.observed.phase,
            "seconds": now,
            "answers": [(now - 3, [3000.0])] * 10,
            "waiting": [(ms, None) for ms in (0.0, 1000.0, 2000.0)] * 10,
            "in_flight": 30,
            "lag_p99_ms": 0.0,
        }
        searcher.observed.take("w0", message)
        levels.elapsed_s += 1
    assert [(row.status, row.seconds) for row in searcher.rows] == [(Status.MET, 13), (Status.MET, 13)]


def test_a_search_without_an_answer_says_why() -> None:
    assert searched(knee=0).sentence == "not even 1 user meets ttft<=100 ms at p95"
    assert "at least 100 users" in searched(knee=1000).sentence
    few = searched(knee=3, answers=1)
    assert "requests at 3 users cannot tell p95, which wants 59" in few.sentence
    out_of_time = searched(knee=6, limit_s=15)
    lasts = [searched(knee=6, limit_s=limit_s).levels.log.levels[-1].status for limit_s in range(13, 18)]
    assert "unknown" in lasts  # it was being measured
    assert out_of_time.search.outcome is Outcome.INCONCLUSIVE
    assert "the 15 seconds it was given (-t, --search-seconds) were over" in out_of_time.sentence


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


def test_requests_that_hang_for_longer_than_the_generator_was_late_miss_all_the_same() -> None:
    found = searched(lag_ms=30, waiting=[(5000.0, None)] * 20, hangs_above=4)
    assert found.search.outcome is Outcome.FOUND
    assert Status.UNKNOWN not in [row.status for row in found.rows]
    barely = searched(knee=4, lag_ms=5000, waiting=[(4000.0, None)] * 20, hangs_above=4)
    assert Status.UNKNOWN in [row.status for row in barely.rows]


def test_an_answer_that_a_late_generator_gave_says_so() -> None:
    late = searched(knee=1000, lag_ms=80)
    assert late.search.outcome is Outcome.FOUND
    assert "80 ms late, p99: its users asked less" in late.sentence
    assert "late" not in searched(knee=1000, lag_ms=5).sentence


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
        slo=objective("ttft:500"),
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
            "phase": searcher.observed.phase,
            "seconds": searcher.observed.seconds + 1,
            "answers": [(searcher.observed.seconds, [1000 * queue / 10])] * min(10, round(rate)),
            "waiting": [],
            "in_flight": round(queue),
            "lag_p99_ms": 0.0,
        }
        searcher.observed.take("w0", message)
        levels.elapsed_s += 1
        assert load
    assert searcher.search.outcome is Outcome.FOUND
    assert searcher.sentence.startswith("highest rate that meets ttft<=500 ms at p95: 10 requests/s")
    assert pauses > 3  # else the queue of 16 a second would have made 10 miss, too
