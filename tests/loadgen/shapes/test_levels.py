"""The levels of a shape: when each was held, what of it is measured, and their table."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.shapes.level_log import LevelLog
from loadgen.shapes.level_table import table, what_next
from loadgen.shapes.measured import measured_levels
from records.cells.cell import Cell, Check, Verdict, Window
from records.cells.levels import LoadStage, LoadStages
from records.cells.measure import rate
from records.cells.request import RequestRecord
from workloads.stream import STREAM
from workloads.workload import RPS

S = 1_000_000_000


class Log(LevelLog):
    """At a time that a test says."""

    def __init__(self) -> None:
        self.s = 0.0
        super().__init__(now_ns=lambda: round(self.s * S))

    @property
    def held(self) -> list[tuple[float, float, float, str | None]]:
        return [(x.level_to, x.start_ns / S, x.end_ns / S, x.status) for x in self.levels]


def level(to: float, start_s: float, end_s: float) -> LoadStage:
    return LoadStage(level_from=to, level_to=to, start_ns=round(start_s * S), end_ns=round(end_s * S))


def request(sent_s: float, took_s: float = 0.1, **changes: Any) -> RequestRecord:
    sent = round(sent_s * S)
    ended = round((sent_s + took_s) * S)
    fields: dict[str, Any] = {"outcome": "ok", "first_token_at_ns": ended, **changes}
    return RequestRecord(
        run="r", cell="c", worker="w", region="", user=0, seq=0, sent_at_ns=sent, ended_at_ns=ended, **fields
    )


def test_a_step_lasts_until_the_next_and_begins_with_its_users() -> None:
    log = Log()
    for second, users in enumerate((2, 2, 2, 4, 4)):
        log.s = second
        log.step(users)
        if second in (0, 3):
            log.s += 0.5
            log.spawned()
    log.s = 4.25
    log.stop()
    assert log.held == [(2, 0.5, 3, None), (4, 3.5, 4.25, None)]
    assert log.settles


def test_a_search_tells_what_came_of_each_level() -> None:
    log = Log()
    for second, status in ((1, "met"), (5, "missed"), (9, None)):
        log.s = second
        log.begin(second, "unknown")
        log.s += 1
        log.spawned()  # of a worker that came late: it was being measured all the same
        if status:
            log.end(status)
    log.stop()
    assert log.held == [(1, 1, 2, "met"), (5, 5, 6, "missed"), (9, 9, 10, "unknown")]
    assert not log.settles


def test_a_ramp_has_ten_slices_as_far_as_it_went_and_what_is_done_while_it_drains_is_not_noted() -> None:
    log = Log()
    log.s = 100.5
    log.ramp(1, 21, 20, 0.5)
    log.s = 101.5
    log.ramp(1, 21, 20, 1.5)
    log.spawned()
    assert [(x.level_from, x.level_to) for x in log.levels] == [(n, n + 2) for n in range(1, 21, 2)]
    log.s = 105
    log.stop()
    log.s = 115
    log.step(5)
    log.spawned()
    log.ramp(1, 5, 10, 2)
    log.stop()
    assert log.held == [(3, 100, 102, None), (5, 102, 104, None), (7, 104, 105, None)]


WHOLE = Window(start_ns=0, end_ns=1000 * S)


@pytest.mark.parametrize(("ended_s", "begins_s"), [
    ([10.1, 10.2, 10.3], 11),  # a second at least
    ([10.1, 10.2, 13.0], 12.9),  # until as many have ended as there are users, less half an answer
    ([10.1, 10.2, 18.0], 15), ([10.1, 10.2], 15),  # half of it at most
])  # fmt: skip
def test_a_step_settles_before_it_is_measured(ended_s: list[float], begins_s: float) -> None:
    before = [request(9.5, 0.6), request(10.0, 0.05, outcome="aborted")]  # begun below it, and taken away
    requests = [*before, *(request(10, s - 10) for s in ended_s)]
    [found] = measured_levels([level(3, 10, 20)], requests, WHOLE, settle=True)
    assert (found.start_ns / S, found.end_ns / S) == (pytest.approx(begins_s), 20)
    [whole] = measured_levels([level(3, 10, 20)], requests, WHOLE, settle=False)
    assert (whole.start_ns / S, whole.end_ns / S) == (10, 20)


def test_a_rate_of_waves_is_not_biased() -> None:
    """Users who all begin at once, in answers of many lengths: 4 of them a time, in a step of 20 s."""
    shares = []
    for took_s in (n / 50 for n in range(55, 300)):
        requests = [request(10 + n * took_s, took_s) for n in range(int(30 / took_s)) for _ in range(4)]
        [found] = measured_levels([level(4, 10, 30)], requests, WHOLE, settle=True)
        measured = rate(requests, Window(start_ns=found.start_ns, end_ns=found.end_ns), RPS.of)
        assert measured is not None
        shares.append(measured * took_s / 4)
    assert mean(shares) == pytest.approx(1, abs=0.02)


def test_an_open_loop_settles_until_the_end_of_as_many_answers_as_are_due_in_a_second() -> None:
    due = [request(10 + n / 3, 2, due_at_ns=round((10 + n / 3) * S)) for n in range(12)]
    [found] = measured_levels([level(3, 10, 20)], due, WHOLE, settle=True)
    assert found.start_ns / S == pytest.approx(12.667, abs=0.001)


def test_a_step_that_drained_slowly_settles_in_half_of_its_own_time() -> None:
    """Fewer answers than users, and a level that was held until all had drained."""
    window = Window(start_ns=0, end_ns=20 * S)
    [found] = measured_levels([level(5, 10, 30)], [request(10, 2)], window, settle=True)
    assert (found.start_ns / S, found.end_ns / S) == (15, 20)


@pytest.mark.parametrize(("window", "times"), [
    (Window(start_ns=12 * S, end_ns=28 * S), [(12, 20), (20, 28)]),
    (Window(start_ns=22 * S, end_ns=25 * S), [(20, 20), (22, 25)]),
    (Window(start_ns=12 * S, end_ns=15 * S), [(12, 15), (20, 20)]), (None, [(10, 10), (20, 20)]),
])  # fmt: skip
def test_only_the_runs_own_window_counts(window: Window | None, times: list[tuple[int, int]]) -> None:
    found = measured_levels([level(1, 10, 20), level(2, 20, 30)], [], window, settle=False)
    assert [(x.start_ns // S, x.end_ns // S) for x in found] == times


MOMENTS = st.integers(0, 100 * S)


@given(
    st.lists(MOMENTS, min_size=2, max_size=6).map(sorted),
    st.lists(MOMENTS, min_size=2, max_size=2).map(sorted),
    st.lists(MOMENTS, max_size=20),
    st.booleans(),
)
def test_what_is_measured_lies_in_the_level_and_in_the_window(
    moments: list[int], ends: Sequence[int], sent: list[int], settle: bool
) -> None:
    window = Window(start_ns=ends[0], end_ns=ends[1])
    levels = [level(2, a / S, b / S) for a, b in itertools.pairwise(moments)]
    requests = [request(at / S) for at in sent]
    for before, after in zip(levels, measured_levels(levels, requests, window, settle=settle), strict=True):
        assert before.start_ns <= after.start_ns <= after.end_ns <= before.end_ns
        assert (after.held_start_ns, after.held_end_ns) == (before.start_ns, before.end_ns)
        if after.seconds:
            assert window.start_ns <= after.start_ns
            assert after.end_ns <= window.end_ns


@pytest.mark.parametrize(("complete", "valid", "said"), [
    (True, True, "report 'my results'"), (False, True, "these are its levels until then"),
    (True, False, "believe none of these"), (False, False, "believe none of these"),
])  # fmt: skip
def test_what_may_be_done_with_the_table_is_said(complete: bool, valid: bool, said: str) -> None:
    verdict = Verdict(checks=(Check(name="workers", status="pass" if valid else "fail"),))
    cell = Cell(deployment="d", config="c", concurrency=1, repeat=1, complete=complete, verdict=verdict)
    assert what_next(cell, Path("my results")).endswith(f"{said}{'' if said.startswith('rep') else '.'}")


def test_the_table_has_the_figures_of_each_level() -> None:
    few = [request(1 + n / 10, (n + 1) / 1000) for n in range(9)]
    many = [request(2 + n / 100, (n + 1) / 1000) for n in range(59)]
    no_figure = [request(2.1, flags=["warmup"], outcome="http_error"), request(2.2, outcome="aborted")]
    failed = [request(2.3, 0.01, outcome="http_error", first_token_at_ns=None)]
    levels = (level(1, 1, 2), level(2, 2, 3), level(3, 3, 3))
    text = table(LoadStages(unit="users", levels=levels), [*few, *many, *no_figure, *failed], WHOLE, STREAM)
    assert [line.split() for line in text.splitlines()[1:]] == [
        ["1", "1.0", "9", "0", "0", "9.0", "5.0", "-"],
        ["2", "1.0", "60", "1", "1", "59.0", "30.0", "56.1"],
        ["3", "0.0", "0", "0", "0", "-", "-", "-"],
    ]
    assert text.splitlines()[0].split()[:6] == ["users", "seconds", "requests", "failures", "aborted", "RPS"]
    rates = table(LoadStages(unit="requests_per_second", levels=levels[:1]), few, WHOLE, STREAM)
    assert rates.splitlines()[0].split()[0] == "requests/s"
    assert rates.splitlines()[1].split()[0] == "1"


def test_requests_that_were_never_answered_are_counted_and_said() -> None:
    dropped = [
        request(2 + n / 100, 0, outcome="dropped", due_at_ns=round((2 + n / 100) * S)) for n in range(54)
    ]
    answered = [request(start + n / 100) for start in (1, 2) for n in range(39)]
    hangs = request(0.5, 9, outcome="aborted", first_token_at_ns=None)  # since before the first was measured
    levels = LoadStages(unit="requests_per_second", levels=(level(10, 1, 2), level(20, 2, 3)))
    lines = table(levels, [*answered, *dropped, hangs], WHOLE, STREAM).splitlines()
    assert [line.split()[2:5] for line in lines[1:3]] == [["39", "0", "1"], ["39", "0", "54"]]
    said = "More than 5 % of the requests at 20/s were aborted: their latencies are of those that survived."
    assert lines[3:] == ["", said]


def test_a_level_shorter_than_three_answers_has_no_rate() -> None:
    requests = [request(1 + n, 0.5) for n in (0, 0.5, 1)]
    levels = LoadStages(unit="users", levels=(level(1, 1, 2), level(2, 2, 4), level(3, 5, 5)))
    lines = table(levels, requests, WHOLE, STREAM).splitlines()
    assert [line.split()[5] for line in lines[1:4]] == ["-", "0.5", "-"]
    assert lines[4] == ""
    assert lines[5].startswith("RPS - at 1: the level lasted less than three answers")
