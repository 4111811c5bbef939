"""The search over levels as they are measured: what it waits for, and what it says of what it saw."""

import itertools
import re
from collections.abc import Callable, Sequence
from typing import Any

from loadgen.shapes.level_log import LevelLog
from loadgen.shapes.phases import AnswersMessage
from loadgen.shapes.search import Outcome, Search, Status
from loadgen.shapes.searcher import LATE_TRIES, Searcher
from loadgen.shapes.slo import Ended, Slo, Waiting
from workloads.stream import STREAM

Said = tuple[list[Ended], list[Waiting], int, float]


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


def drive(searcher: Searcher, hear: Callable[[Searcher, float], Said], lag_mean_ms: float = 0.0) -> Searcher:
    """A second a tick, of which it hears what came: answers, those that wait, and how many are in flight."""
    levels: Any = searcher.levels
    while searcher.tick() is not None:
        answers, waiting, in_flight, lag_ms = hear(searcher, levels.rate)
        message: AnswersMessage = {
            "phase": searcher.observed.phase, "seconds": searcher.observed.seconds + 1, "answers": answers,
            "waiting": waiting, "in_flight": in_flight, "lag_p99_ms": lag_ms, "lag_mean_ms": lag_mean_ms,
        }  # fmt: skip
        searcher.observed.take("w0", message)
        levels.elapsed_s += 1
        assert levels.elapsed_s < 1000
    return searcher


def searcher_of(
    slo: Slo | str, search: Search, level_s: float, *, limit_s: float = 300, open_loop: bool = False
) -> Searcher:
    return Searcher(
        levels=FakeLevels(open_loop=open_loop),  # type: ignore[arg-type]
        slo=Slo.parse(slo, STREAM) if isinstance(slo, str) else slo,
        search=search, level_s=level_s, limit_s=limit_s, phases=itertools.count(1),
    )  # fmt: skip


def searched(
    *, knee: int = 1000, lag_ms: float = 0.0, lag_mean_ms: float = 0.0, answers: int = 100,
    limit_s: float = 300, slo: str = "ttft:100", waiting: Sequence[Waiting] = (), hangs_above: int = 0,
) -> Searcher:  # fmt: skip
    """A search over a service that answers in 50 ms up to ``knee`` users, else in 200; above so many users
    some are always ``waiting``."""

    def hear(searcher: Searcher, level: float) -> Said:
        came = [(searcher.observed.seconds, [50.0 if level <= knee else 200.0])] * answers
        return came, list(waiting) if level > hangs_above else [], 0, lag_ms

    search = Search(first=1, most=100, whole=True)
    return drive(searcher_of(slo, search, 2, limit_s=limit_s), hear, lag_mean_ms)


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
    searcher = searched(slo="tpot:100", waiting=[(20_000.0, 10.0)] * 120, hangs_above=3)
    assert searcher.search.outcome is Outcome.INCONCLUSIVE
    assert re.search(r": of \d+ requests at 4 users 120 were in flight to the end; ", searcher.sentence)


def test_those_who_began_in_a_level_are_waited_for_and_not_those_who_come_after() -> None:
    """Ten begin each second and take three: thirty are always in flight, far more than one in twenty."""

    def hear(searcher: Searcher, level: float) -> Said:
        came = [(searcher.observed.seconds - 2, [3000.0])] * 10
        return came, [(ms, None) for ms in (0.0, 1000.0, 2000.0)] * 10, 30, 0.0

    found = drive(searcher_of("e2e:3500", Search(first=30, most=30, whole=True), 10), hear)
    assert [(row.status, row.seconds) for row in found.rows] == [(Status.MET, 13), (Status.MET, 13)]


def test_a_search_without_an_answer_says_why() -> None:
    assert searched(knee=0).sentence == "not even 1 user meets ttft<=100 ms at p95"
    assert "at least 100 users" in searched(knee=1000).sentence
    few = searched(knee=3, answers=1)
    assert "requests at 3 users cannot tell p95, which wants 59" in few.sentence
    out_of_time = searched(knee=6, limit_s=15)
    lasts = [searched(knee=6, limit_s=limit_s).levels.log.levels[-1].status for limit_s in range(13, 18)]
    assert "unknown" in lasts  # it was being measured
    assert out_of_time.search.outcome is Outcome.INCONCLUSIVE
    assert (out_of_time.exit_code, searched(knee=0).exit_code, searched(knee=6).exit_code) == (3, 4, 0)
    assert "the 15 seconds it was given (-t, --search-seconds) were over" in out_of_time.sentence


def test_a_miss_of_a_late_generator_is_measured_again_and_not_believed() -> None:
    late = searched(knee=4, lag_ms=80)
    assert [row.level for row in late.rows] == [
        1, 2, 4, *[8] * LATE_TRIES, *[6] * LATE_TRIES, *[5] * LATE_TRIES, 4,
    ]  # fmt: skip
    assert "at 5 users the load generator was 80 ms late (p99)" in late.sentence
    assert late.search.outcome is Outcome.INCONCLUSIVE


def test_requests_that_hang_for_longer_than_the_generator_was_late_miss_all_the_same() -> None:
    found = searched(lag_ms=30, waiting=[(5000.0, None)] * 20, hangs_above=4)
    assert found.search.outcome is Outcome.FOUND
    assert Status.UNKNOWN not in [row.status for row in found.rows]
    barely = searched(knee=4, lag_ms=5000, waiting=[(4000.0, None)] * 20, hangs_above=4)
    assert Status.UNKNOWN in [row.status for row in barely.rows]


def test_an_answer_that_a_late_generator_gave_says_so() -> None:
    """Where that cost its users anything: 100 users ask 100 times a second, so a cycle lasts a second."""
    late = searched(knee=1000, lag_ms=80, lag_mean_ms=30)
    assert late.search.outcome is Outcome.FOUND
    assert "80 ms late, p99: its users asked about 3 % less" in late.sentence
    for lag_ms, mean_ms in ((80, 4), (5, 30)):
        assert "late" not in searched(knee=1000, lag_ms=lag_ms, lag_mean_ms=mean_ms).sentence


def test_an_open_loop_waits_until_the_queue_of_the_level_before_has_gone() -> None:
    """A service of 10 a second whose queue is answered in time order, a second of load a tick."""
    queue, pauses = 0.0, 0

    def hear(searcher: Searcher, rate: float) -> Said:
        nonlocal queue, pauses
        queue = max(0.0, queue + rate - 10)
        pauses += rate == 0
        came = [(searcher.observed.seconds, [1000 * queue / 10])] * min(10, round(rate))
        return came, [], round(queue), 0.0

    search = Search(first=8, most=100, whole=False)
    found = drive(searcher_of("ttft:500", search, 4, open_loop=True), hear)
    assert found.search.outcome is Outcome.FOUND
    assert found.sentence.startswith("highest rate that meets ttft<=500 ms at p95: 10 requests/s")
    assert pauses > 3  # else the queue of 16 a second would have made 10 miss, too
