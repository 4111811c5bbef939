"""A master and its workers as real processes, held against the server's own record of what it was asked."""

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from distributed_stage import Stage, keys, last_line
from records.cells.reader import read_cell, read_run
from support import wait_until


@pytest.fixture
def stage(tmp_path: Path, free_port: Callable[[], int]) -> Iterator[Stage]:
    one = Stage(tmp_path, free_port())
    yield one
    for process in reversed(one.processes):
        process.kill()


@pytest.mark.parametrize("over", ["https"], indirect=True)
def test_two_workers_every_request_once_with_its_region(stage: Stage, over: Any) -> None:
    """Over TLS the private authority is named to the master alone, whose options the workers get."""
    stage.behind(over)
    master, *workers = stage.two("--requests", "40", "--min-seconds", "1")
    master.wait()
    assert not stage.failed(master)
    assert [worker.wait() for worker in workers] == [0, 0]
    records = stage.records()
    assert len(records) == stage.served()
    assert len(keys(records)) == len(records) >= 40
    assert {(r.worker, r.region) for r in records} in (
        {("w0", "eu"), ("w1", "us")},
        {("w0", "us"), ("w1", "eu")},
    )
    assert {r.run for r in records} == {"r"}
    assert {r.outcome for r in records} == {"ok"}
    for worker in workers:
        assert "valid: " not in worker.text


def test_a_killed_worker_makes_the_run_invalid_and_loses_at_most_its_last_report(stage: Stage) -> None:
    # More than those before the kill, however long they take: the run is to go on after it.
    master, eu, us = stage.two("--requests", "150", "--min-seconds", "0", "--drain-seconds", "1")
    stage.both_recorded(50)
    stage.recorded(len(stage.records()) + 15)  # what is recorded has just been reported
    eu.kill()
    assert master.wait() == 3, master.text
    us.wait()
    records = stage.records()
    assert last_line(master).startswith("invalid: workers: at the fewest 1 of 2 load workers")
    lost = stage.served() - len(records)
    # Its two streams in flight, and what its two users ended since its last report: one is due each tenth of
    # a second, in which they end two, and goes when it gets a CPU. Without any it would be half of fifty.
    assert 0 <= lost <= 2 + 2 * 5
    assert {r.region for r in records} == {"eu", "us"}
    assert len(keys(records)) == len(records)


def test_a_worker_that_is_told_to_go_pushes_what_it_has(stage: Stage, ended_well: Any) -> None:
    master, eu, us = stage.two("--requests", "100", "--min-seconds", "0")
    stage.both_recorded(20)
    eu.send(signal.SIGTERM)
    assert ended_well(eu), eu.text
    assert master.wait() == 3, master.text
    us.wait()
    records = stage.records()
    assert len(records) == stage.served()
    assert len(keys(records)) == len(records)
    assert {r.outcome for r in records} == {"ok"}
    assert "workers" in stage.failed(master)


def test_three_regions_behind_links_of_their_own_stay_complete_when_a_worker_dies_and_returns(
    stage: Stage,
) -> None:
    """Each a process, as is its link: what went over a link is what its region has on record."""
    delays = {"near": 5, "mid": 35, "far": 150}
    links = {region: stage.link(region, f"{delay}ms") for region, delay in delays.items()}
    master = stage.master("r", "--master", "--expect-workers", "3", "-u", "6", "--drain-seconds", "60")
    workers = {region: stage.worker(region) for region in delays}
    stage.recorded(5)
    wait_until(lambda: {r.region for r in stage.records()} == set(delays))
    stage.recorded(len(stage.records()) + 15)
    workers["mid"].kill()
    # Locust divides users anew when it has missed a worker, and when one comes.
    wait_until(lambda: "failed to send heartbeat" in master.text)
    gone_ns = time.time_ns()
    returned = stage.worker("mid")
    wait_until(lambda: any(r.region == "mid" and r.sent_at_ns > gone_ns for r in stage.records()))
    stage.recorded(len(stage.records()) + 20)
    master.send(signal.SIGINT)
    assert master.wait() == 130, master.text
    failures = {check.name for check in read_cell(stage.folder / "r").cell.verdict.failures}
    assert "workers" in failures  # that it was not there all the time, is said
    for process in (workers["near"], workers["far"], returned):
        process.wait()
    records = stage.records()
    assert len(keys(records)) == len(records)
    assert {r.worker for r in records if r.region == "mid"} >= {"w3"}, "it is another worker from then on"
    assert {r.outcome for r in records} == {"ok"}
    for region, link in links.items():
        link.stop(signal.SIGINT)
        over = orjson.loads(last_line(link))["requests"]
        lost = over - sum(r.region == region for r in records)
        # Of the one that died: two streams in flight, and what it had not reported of a tenth of a second.
        assert (0 <= lost <= 2 + 2 * 3) if region == "mid" else lost == 0
    assert stage.served() >= len(records)
    first = {}
    for region in delays:
        taken = [
            r.first_token_at_ns - r.sent_at_ns for r in records if r.region == region and r.first_token_at_ns
        ]
        first[region] = sorted(taken)[len(taken) // 2] / 1e6
    assert first["mid"] - first["near"] > 20  # 30 apart, on a machine that may be busy
    assert first["far"] - first["mid"] > 80


def test_the_last_worker_lost_ends_the_run(stage: Stage) -> None:
    master = stage.master("r", "--master", "--expect-workers", "1", "--drain-seconds", "1")
    worker = stage.worker("eu")
    stage.recorded(10)
    worker.kill()
    assert master.wait() == 3, master.text  # locust itself would wait for ever
    assert "workers" in stage.failed(master)


def test_a_worker_that_comes_late_loses_nothing_and_holds_nothing_up(stage: Stage) -> None:
    master = stage.master("r", "--master", "--expect-workers", "1", "--drain-seconds", "60")
    stage.worker("eu")
    stage.recorded(5)
    stage.worker("us")  # locust gives it users or none, as it falls out
    wait_until(lambda: "2 workers connected" in master.text)
    stage.recorded(len(stage.records()) + 20)
    master.send(signal.SIGINT)
    assert master.wait() == 130, master.text
    failures = read_cell(stage.folder / "r").cell.verdict.failures
    assert "workers" not in {check.name for check in failures}
    assert len(keys(stage.records())) == len(stage.records()) == stage.served()


def test_workers_without_their_master_go(stage: Stage) -> None:
    master, *workers = stage.two()
    stage.both_recorded(20)
    master.kill()
    for worker in workers:
        worker.wait()
        assert "The master was not heard" in worker.text
        assert "Traceback" not in worker.text
    assert read_run(stage.folder / "r").incomplete
    assert len(stage.records()) >= 20
    assert len(keys(stage.records())) == len(stage.records())


def test_an_orphan_of_an_earlier_master_adds_nothing_and_goes(stage: Stage) -> None:
    first, orphan, other = stage.two("--run-name", "same")
    stage.both_recorded(20)
    first.kill()
    other.kill()
    second = stage.master(
        *("r2", "--master", "--expect-workers", "1", "--requests", "20", "--min-seconds", "2"),
        *("--run-name", "same"),
        name="second",
    )
    orphan.wait()
    told = "The master is another run's" in orphan.text
    # Told so, not only left alone, unless the second master took longer to come than it waits for one.
    assert told or "The master was not heard" in orphan.text
    fresh = stage.worker("new")
    second.wait()
    fresh.wait()
    assert not stage.failed(second, "r2")
    assert {r.region for r in stage.records("r2")} == {"new"}
    assert len(keys(stage.records("r2"))) == len(stage.records("r2"))
    assert second.text.count("left over from another run") == told


def test_an_interrupted_master_drains_its_workers(stage: Stage) -> None:
    master, *workers = stage.two("--requests", "99999")
    stage.both_recorded(20)
    master.send(signal.SIGINT)
    assert master.wait() == 130, master.text
    assert [worker.wait() for worker in workers] == [0, 0]
    assert "Traceback" not in master.text, master.text
    records = stage.records()
    assert len(records) == stage.served()
    assert {r.outcome for r in records} == {"ok"}
    assert not read_cell(stage.folder / "r").cell.complete


def test_ctrl_c_in_a_terminal_reaches_all_processes(stage: Stage) -> None:
    one = stage.master("r", "--processes", "2")
    stage.recorded(20)
    os.killpg(one.process.pid, signal.SIGINT)
    assert one.wait() == 130, one.text
    assert "Traceback" not in one.text, one.text
    records = stage.records()
    assert len(records) == stage.served()
    assert len(keys(records)) == len(records)


def test_a_worker_that_cannot_take_part_says_why(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "questions.txt").write_text("What?\n")  # on the master's machine alone
    (tmp_path / "elsewhere").mkdir()
    master = stage.master("r", "--master", "--expect-workers", "1", "--questions", "questions.txt")
    stage.folder = tmp_path / "elsewhere"
    worker = stage.worker("eu")
    assert master.wait() == 2, master.text
    worker.wait()
    assert re.search(r"cannot take part: .*questions.txt: No such file", master.text)


def test_the_run_time_does_not_abort_streams_that_drain(stage: Stage) -> None:
    stage.serve(ttft_ms=2_000)
    # The first 4 answers come after 2 s, the fifth after 4 s and ends the run, whose last streams take
    # until 6 s. At 5 s locust wants to stop what is stopping already.
    one = stage.master("r", "--requests", "1", "--min-seconds", "0", "--warmup-requests", "0", "-t", "5s")
    one.wait()
    assert "run-time limit reached" in one.text
    assert {r.outcome for r in stage.records()} == {"ok"}
    assert len(stage.records()) == stage.served()
