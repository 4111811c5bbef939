"""The search for the highest level, against services whose capacity is known."""

import itertools
import math
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.shapes.search import FEW, LONGEST, NARROW, Outcome, Search, Status, judge
from loadgen.shapes.slo import Ended, Part, Slo
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


@pytest.mark.parametrize(("unknown", "time"), [(1, 1), (3, 1), (4, 1), (3, 2)])
def test_an_unknown_level_leaves_it_inconclusive(unknown: int, time: int) -> None:
    """The lowest, the answer itself, the bound above it, and the answer at the second time."""
    seen: list[float] = []

    def measure(level: float) -> Status:
        seen.append(level)
        if level == unknown and seen.count(level) == time:
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

    met, missed, unknown = Status.MET, Status.MISSED, Status.UNKNOWN
    long = 10 * LONGEST
    quick = [told(500, 9.9, careful=False), told(500, 10, careful=False), told(FEW, 10, careful=False)]
    assert quick == [None, met, met]  # few will do on the way up
    assert told(5, 10, careful=True, slow=5) is missed
    assert [told(58, 10, careful=True), told(59, 30, careful=True)] == [None, met]
    assert [told(58, long, careful=True), told(0, long, careful=False)] == [unknown, unknown]
    assert told(19, 10, careful=False, slow=2) is None  # more than one in twenty, which may be chance
    assert told(20, 10, careful=False, slow=1) is met
    assert [told(19, long, careful=careful, slow=1) for careful in (False, True)] == [met, unknown]
    assert [told(100, 10, careful=False, young=n) for n in (5, 6)] == [met, missed]  # waiting for 9.9 s


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
