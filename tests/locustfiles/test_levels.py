"""Steps and ramps as a user runs them, against the mock LLM server, whose capacity is known."""

import re
import signal
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from records.cells.reader import read_cell
from support import lines, wait_until

CLOCKS_NS = 10_000_000
"""By how much the load's clock and ours may differ: each was anchored to Unix time by itself."""


def status_of(folder: Path) -> dict[str, str]:
    return {check.name: check.status for check in read_cell(folder).cell.verdict.checks}


def most_at_once(folder: Path) -> int:
    requests = read_cell(folder).requests
    moments = [(r.sent_at_ns, 1) for r in requests] + [(r.ended_at_ns, -1) for r in requests]
    now = most = 0
    for _, change in sorted(moments):
        now += change
        most = max(most, now)
    return most


def level_rows(text: str) -> list[list[str]]:
    """The table of levels at a load's end: its rows."""
    head = re.search(r"^ *(?:users|requests/s)  seconds  requests .*\n((?:.+\n)*)", text, re.M)
    return [line.split() for line in head[1].splitlines()] if head else []


def test_steps_of_users(load: Any, held: Any, service: str, tmp_path: Path, ended_well: Any) -> None:
    steps = ["--step-users", "2", "--step-seconds", "2", "--steps", "3", "--results", "r"]
    one = load("steps", service, *steps)
    assert ended_well(one), one.text
    said = re.findall(r"Shape test updating to (\d+) users", one.text)
    assert said == ["2", "4", "6"]
    data = read_cell(tmp_path / "r")
    assert data.cell.complete
    assert most_at_once(tmp_path / "r") == 6
    assert data.cell.requested["shape"] == "Steps"
    asked = data.cell.requested["shape_options"]
    assert asked == {"step_users": 2, "step_seconds": 2, "steps": 3}
    of_one_level = ("failures", "concurrency", "arrival-rate", "steady-state", "steady-ttft")
    assert {status_of(tmp_path / "r")[name] for name in of_one_level} == {"n/a"}
    assert "the shape Steps changed the load" in str(data.cell.verdict)
    questions = [r.question for r in data.requests]
    assert len(set(questions)) == len(questions)  # those who came later asked nothing twice (TRAPS 24)
    assert [row[0] for row in level_rows(one.text)] == ["2", "4", "6"]
    found = held(tmp_path / "r")
    assert all(x.status is None and x.level_from == x.level_to for x, _ in found)
    assert [x.level_to for x, _ in found] == [2, 4, 6]
    assert data.cell.window is not None
    assert found[0][0].start_ns >= data.cell.window.start_ns
    for level, in_flight in found[1:]:
        half_ns = (level.held_end_ns - level.held_start_ns) // 2
        # It settles for a second or until its users have had an answer, at the latest until its half.
        assert min(1_000_000_000, half_ns) <= level.start_ns - level.held_start_ns <= half_ns
        assert in_flight == pytest.approx(level.level_to, rel=0.3)  # the next one has as much as 1.5 times
    assert ("The same with intervals, and more: report r" in one.text) is data.cell.verdict.valid


def test_steps_of_a_rate_in_two_processes(
    load: Any, held: Any, two_processes: Any, service: str, tmp_path: Path, ended_well: Any
) -> None:
    steps = ["--arrival", "constant", "--rate", "10", "--step-seconds", "2", "--steps", "2"]
    one = load("steps", service, *steps, "--results", "r", *two_processes())
    assert ended_well(one), one.text
    data = read_cell(tmp_path / "r")
    assert {r.worker for r in data.requests} == {"w0", "w1"}
    assert data.cell.achieved["level_unit"] == "requests_per_second"
    assert data.cell.requested["shape_options"] == {"step_seconds": 2, "steps": 2}
    found = [level for level, _ in held(tmp_path / "r")]
    assert [x.level_to for x in found] == [10, 20]
    for level in found:  # when it began and ended is as it falls out, what was due in it is not
        due = sum(level.start_ns <= (r.due_at_ns or 0) < level.end_ns for r in data.requests)
        assert due == pytest.approx(level.level_to * level.seconds, rel=0.15, abs=2)
    assert [row[0] for row in level_rows(one.text)] == ["10", "20"]  # once, by the master


def test_an_interrupted_load_keeps_its_levels_as_far_as_it_went(
    load: Any, held: Any, service: str, tmp_path: Path
) -> None:
    steps = ["--step-users", "2", "--step-seconds", "2", "--steps", "9", "--results", "r"]
    one = load("steps", service, *steps)
    wait_until(lambda: "updating to 4 users" in one.text)
    before = lines(tmp_path / "r" / "requests.jsonl")
    wait_until(lambda: lines(tmp_path / "r" / "requests.jsonl") >= before + 6)
    sent_ns = time.time_ns()
    one.send(signal.SIGTERM)
    assert one.wait() == 130, one.text
    ended_ns = time.time_ns()
    assert "Traceback" not in one.text
    assert not read_cell(tmp_path / "r").cell.complete
    found = [level for level, _ in held(tmp_path / "r")]
    assert len(found) >= 2  # two, but a machine that is busy may come to more until then
    assert [x.level_to for x in found] == [2, 4, 6, 8, 10, 12, 14, 16, 18][: len(found)]
    assert found[1].seconds > 0
    # Not to its planned end, which but for the interruption would lie behind that of the load.
    assert sent_ns - CLOCKS_NS <= found[-1].held_end_ns <= ended_ns + CLOCKS_NS
    assert [row[0] for row in level_rows(one.text)] == [f"{x.level_to:g}" for x in found]
    valid = read_cell(tmp_path / "r").cell.verdict.valid  # this machine may have been busy with others
    assert ("these are its levels until then" in one.text) is valid


def test_a_second_signal_waits_for_no_answer(
    load: Any, start: Any, two_processes: Any, tmp_path: Path
) -> None:
    """All of them hang: without it the load would drain for ten minutes."""
    server = start("mocks.faults", "stall", "--dialect", "openai", "--stall-s", "inf")
    steps = ["--step-users", "2", "--results", "r", "--drain-seconds", "600"]
    one = load("steps", server.url, *steps, *two_processes())
    wait_until(lambda: "All users spawned" in one.text)
    for _ in range(2):
        time.sleep(1.2)
        one.send(signal.SIGINT)
    assert one.wait() == 130, one.text
    assert "Traceback" not in one.text
    data = read_cell(tmp_path / "r")
    assert not data.cell.complete
    assert {r.outcome for r in data.requests} == {"aborted"}


def test_a_table_that_cannot_be_printed_is_no_end_of_the_load(load: Any, service: str) -> None:
    steps = ["--step-users", "2", "--step-seconds", "1", "--steps", "1", "--results", "r"]
    with open("/dev/full", "w") as full:
        one = load("steps", service, *steps, stdout=full)
        assert one.wait() in (0, 3), one.text
    assert "Traceback" not in one.text


def test_a_ramp_of_users(load: Any, held: Any, service: str, tmp_path: Path, ended_well: Any) -> None:
    """Downwards; one of a rate goes upwards."""
    ramp = ["--ramp-from", "4", "--ramp-to", "1", "--ramp-seconds", "4", "--results", "r"]
    one = load("ramp", service, *ramp)
    assert ended_well(one), one.text
    users = [int(n) for n in re.findall(r"Shape test updating to (\d+) users", one.text)]
    assert len(users) >= 2  # four, but a machine that is busy skips some
    assert users == sorted(users, reverse=True)
    assert most_at_once(tmp_path / "r") == max(users)
    levels = [level for level, _ in held(tmp_path / "r")]
    assert len(levels) == len(level_rows(one.text)) == 10
    asked = read_cell(tmp_path / "r").cell.requested["shape_options"]
    assert asked == {"ramp_from": 4, "ramp_to": 1, "ramp_seconds": 4}
    assert (levels[0].level_from, levels[-1].level_to) == (4, 1)
    assert all(before.level_to == after.level_from for before, after in pairwise(levels))
    assert [x.seconds for x in levels[6:9]] == [pytest.approx(0.4, abs=0.01)] * 3


def test_a_ramp_of_a_rate(load: Any, service: str, tmp_path: Path, ended_well: Any) -> None:
    ramp = ["--arrival", "constant", "--rate", "40", "--ramp-from", "0", "--ramp-seconds", "3"]
    one = load("ramp", service, *ramp, "--results", "r")
    assert ended_well(one), one.text
    due_ns = sorted(r.due_at_ns or 0 for r in read_cell(tmp_path / "r").requests)
    # Half of 40 for 3 seconds; a tick that is late leaves the rate lower for as long. All the time 40: 120.
    assert len(due_ns) == pytest.approx(60, rel=0.5)
    halfway_ns = (due_ns[0] + due_ns[-1]) / 2
    assert sum(at_ns < halfway_ns for at_ns in due_ns) < 0.4 * len(due_ns)
