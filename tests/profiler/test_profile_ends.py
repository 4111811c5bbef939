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
from typing import Any

import pytest

from profiler import cli
from profiler.output import open_output
from profiles import ENVIRONMENT, Launch, alive, points, profile, sampled
from support import NO_BYTECODE, rows, wait_until

UNTIL_STOPPED = ("--duration", "0", "--interval", "0.05", "--quiet")


def test_a_command_ends_with_a_profile_that_is_killed_and_its_samples_stay(
    tmp_path: Path, launch: Launch
) -> None:
    """What the shell has started, too, and also where it heeds no SIGTERM."""
    command = "trap '' TERM; sleep 984 & sleep 983 & wait"
    running = launch("--interval", "0.1", "--quiet", "--match", "sleep 0.1", "--command", command)
    lines = tmp_path / "profile.jsonl"
    wait_until(lambda: lines.exists() and b'"process_count":3' in lines.read_bytes())
    sampled(tmp_path, 3)
    running.kill()
    running.wait(60)
    assert not (tmp_path / "profile.json").exists()
    text = lines.read_bytes()
    whole = [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith(b"\n")]
    assert all(a["elapsed_seconds"] < b["elapsed_seconds"] for a, b in pairwise(whole))
    pids = [one["pid"] for one in whole[-1]["processes"]["process_details"]]
    assert len(pids) == 3  # the guard has the words of the match in its command line, but is ours
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
    words = ("--duration", duration, "--interval", "0.05")
    running = launch(*words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    sampled(tmp_path, 2)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert running.returncode == code
    assert ("until Ctrl-C" in said) == (code == 0)
    assert len(points(tmp_path)) >= 2


def test_nohup_and_a_closed_terminal_end_nothing(tmp_path: Path, launch: Launch) -> None:
    leader, follower = pty.openpty()
    streams = {"stdout": follower, "stderr": follower}
    ignored = lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)  # noqa: E731
    running = launch(*UNTIL_STOPPED[:-1], **streams, preexec_fn=ignored)
    sampled(tmp_path, 2)
    running.send_signal(signal.SIGHUP)
    os.close(follower)
    os.close(leader)
    count = sampled(tmp_path, 0) + 3
    assert sampled(tmp_path, count) >= count
    running.send_signal(signal.SIGTERM)
    assert running.wait(60) == 0
    assert len(points(tmp_path)) >= count


def test_a_full_disk_is_one_line_and_keeps_what_was_sampled(tmp_path: Path) -> None:
    """A limit on the size of files stands for it: a write past it fails as one to a full disk does."""
    limited = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))  # noqa: E731
    ended = profile(
        tmp_path, "--duration", "60", *UNTIL_STOPPED[2:], env=ENVIRONMENT | NO_BYTECODE, preexec_fn=limited
    )
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert "profile.jsonl" in ended.stderr
    assert len(rows(tmp_path / "profile.jsonl")) >= 2
    assert (tmp_path / "profile.jsonl").read_bytes().endswith(b"}\n")
    assert not (tmp_path / "profile.json").exists()


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


def test_whoever_sees_the_file_of_samples_may_end_the_profile_and_gets_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signal between the file and the handlers would end it without a word."""
    handled: list[bool] = []

    def opened(*given: Any, **more: Any) -> Any:
        handled.append(signal.getsignal(signal.SIGINT) is not before)
        return open_output(*given, **more)

    before = signal.getsignal(signal.SIGINT)
    others = {one: signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGCHLD, signal.SIGHUP)}
    monkeypatch.setattr(cli, "open_output", opened)
    try:
        assert cli.main(["--quiet", "--duration", "0.01", "--pid", str(os.getpid()), "--output",
                         str(tmp_path / "profile.json")]) == 0  # fmt: skip
    finally:
        for number, handler in {signal.SIGINT: before, **others}.items():
            signal.signal(number, handler)
    assert handled == [True]


SPAWN = "one() { setsid sh -c 'echo $$ >> pids; exec sleep 982' >/dev/null 2>&1 & }; one; (one); "
"""Two in sessions of their own, of which one has lost its parent."""


def spawned(folder: Path) -> list[int]:
    """Their pids, once both run."""
    path = folder / "pids"
    wait_until(lambda: path.exists() and len(path.read_text().splitlines()) == 2)
    return [int(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_what_left_the_session_of_an_ended_command_ends_with_it(
    tmp_path: Path, launch: Launch, number: int
) -> None:
    running = launch("--interval", "0.1", "--quiet", "--command", SPAWN + "wait; sleep 982")
    pids = spawned(tmp_path)
    assert all(alive(pid) for pid in pids)
    sampled(tmp_path, 1)
    running.send_signal(number)
    running.wait(60)
    wait_until(lambda: not any(alive(pid) for pid in pids))


def test_what_a_command_leaves_when_it_ends_by_itself_is_told_and_not_ended(tmp_path: Path) -> None:
    running = profile(
        tmp_path, "--quiet", "--command", SPAWN + "sleep 982 >/dev/null 2>&1 & echo $! > third; sleep 0.2"
    )
    pids = [*spawned(tmp_path), int((tmp_path / "third").read_text())]
    try:
        assert all(alive(pid) for pid in pids)
        told = ", ".join(map(str, sorted(pids)))
        assert running.returncode == 0
        assert running.stderr == (
            f"profile: the command leaves 3 processes running, for it ended by itself: pid {told}\n"
        )
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
