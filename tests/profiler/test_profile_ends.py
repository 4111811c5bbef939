"""However a profile ends, what it had sampled is there, whole, and no command is left."""

import json
import os
import pty
import resource
import signal
import subprocess
import time
from itertools import pairwise
from pathlib import Path

import pytest

from profiles import Launch, alive, points, profile, sampled
from support import wait_until

UNTIL_STOPPED = ("--duration", "0", "--interval", "0.05", "--quiet")


def test_a_command_ends_with_a_profile_that_is_killed(tmp_path: Path, launch: Launch) -> None:
    """What the shell has started, too, and also where it heeds no SIGTERM."""
    command = "trap '' TERM; sleep 984 & sleep 983 & wait"
    running = launch("--interval", "0.1", "--quiet", "--match", "sleep 0.1", "--command", command)
    lines = tmp_path / "profile.jsonl"
    wait_until(lambda: lines.exists() and b'"process_count":3' in lines.read_bytes())
    last = json.loads(lines.read_bytes().splitlines()[-1])
    pids = [one["pid"] for one in last["processes"]["process_details"]]
    assert len(pids) == 3  # the guard has the words of the match in its command line, but is ours
    running.kill()
    wait_until(lambda: not any(alive(pid) for pid in pids))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0), (signal.SIGHUP, 0)])
def test_a_signal_leaves_a_whole_file_and_no_command(
    tmp_path: Path, launch: Launch, number: int, code: int
) -> None:
    running = launch("--interval", "0.1", "--quiet", "--command", "sleep 985")
    sampled(tmp_path, 3)
    running.send_signal(number)
    assert running.wait(60) == code
    found = points(tmp_path)
    assert len(found) >= 3
    assert not any(alive(d["pid"]) for d in found[-1]["processes"]["process_details"])


@pytest.mark.parametrize(("duration", "code"), [("0", 0), ("600", 130)])
def test_ctrl_c_is_the_planned_end_where_there_is_no_other(
    tmp_path: Path, launch: Launch, duration: str, code: int
) -> None:
    running = launch(
        *("--duration", duration, "--interval", "0.05"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    sampled(tmp_path, 2)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert running.returncode == code
    assert ("until Ctrl-C" in said) == (code == 0)
    assert len(points(tmp_path)) >= 2


def test_nohup_outlives_its_terminal(tmp_path: Path, launch: Launch) -> None:
    running = launch(*UNTIL_STOPPED, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    sampled(tmp_path, 2)
    running.send_signal(signal.SIGHUP)
    sampled(tmp_path, sampled(tmp_path, 0) + 3)
    running.send_signal(signal.SIGTERM)
    assert running.wait(60) == 0


def test_a_full_disk_is_one_line_and_keeps_what_was_sampled(tmp_path: Path) -> None:
    """A limit on the size of files stands for it: a write past it fails as one to a full disk does."""
    ended = profile(
        *(tmp_path, "--duration", "60", "--interval", "0.05", "--quiet"),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000)),
    )
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert "profile.jsonl" in ended.stderr
    lines = (tmp_path / "profile.jsonl").read_bytes().splitlines(keepends=True)
    assert len(lines) >= 2
    assert all(line.endswith(b"}\n") and json.loads(line) for line in lines)
    assert not (tmp_path / "profile.json").exists()


def test_a_kill_loses_at_most_the_last_sample(tmp_path: Path, launch: Launch) -> None:
    running = launch(*UNTIL_STOPPED)
    sampled(tmp_path, 5)
    running.kill()
    running.wait(60)
    assert not (tmp_path / "profile.json").exists()
    lines = (tmp_path / "profile.jsonl").read_bytes().splitlines(keepends=True)
    whole = [json.loads(line) for line in lines if line.endswith(b"\n")]
    assert len(whole) >= 5
    assert all(a["elapsed_seconds"] < b["elapsed_seconds"] for a, b in pairwise(whole))


def test_a_stop_and_go_is_recorded_as_missed_ticks(tmp_path: Path, launch: Launch) -> None:
    running = launch(*UNTIL_STOPPED)
    sampled(tmp_path, 3)
    running.send_signal(signal.SIGSTOP)
    time.sleep(0.6)  # the stop itself is what is tested
    count = sampled(tmp_path, 0)
    running.send_signal(signal.SIGCONT)
    sampled(tmp_path, count + 5)
    running.send_signal(signal.SIGINT)
    assert running.wait(60) == 0
    found = points(tmp_path)
    assert sum(point["profiler"]["missed_ticks"] for point in found) >= 8
    elapsed = [point["elapsed_seconds"] for point in found]
    # After the late sample the next ones are back on the grid, not bunched behind it.
    assert all(b - a > 0.001 for a, b in pairwise(elapsed))


def test_a_terminal_that_is_closed_is_no_fault(tmp_path: Path, launch: Launch) -> None:
    leader, follower = pty.openpty()
    running = launch("--duration", "0", "--interval", "0.05", stdout=follower, stderr=follower)
    sampled(tmp_path, 2)
    os.close(follower)
    os.close(leader)
    sampled(tmp_path, sampled(tmp_path, 0) + 2)
    running.send_signal(signal.SIGTERM)
    assert running.wait(60) == 0
    assert len(points(tmp_path)) >= 4
