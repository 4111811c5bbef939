"""``profile`` as a process, proved on programs whose figures are known."""

import json
import os
import signal
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from profiles import Launch, Start, alive, end, points, profile, ticks
from support import wait_until

WAIT = "sys.stdin.read()"
COUNTING = """
import time
def tell():
    file.write(f"{{time.time()}} {{time.process_time()}}\\n")
file = open({path!r}, "a", buffering=1)
tell()
print("ready", flush=True)
while True:
    end = time.process_time() + 0.02
    while time.process_time() < end: pass
    tell()
    time.sleep({pause})
"""


@pytest.mark.parametrize("pause", [0, 0.02])
def test_cpu_is_what_a_program_used(tmp_path: Path, start: Start, pause: float) -> None:
    """It writes down how much it had used when, which on a machine that is busy with others may be little."""
    told = tmp_path / "told.txt"
    busy = start(COUNTING.format(path=str(told), pause=pause))
    assert profile(tmp_path, "--duration", "3", "--interval", "0.5", "--pid", str(busy.pid)).returncode == 0
    found = points(tmp_path)
    end(busy)
    assert ticks(found) == 6
    whole = [line.split() for line in told.read_text().splitlines()[:-1]]
    used = [(float(at), float(cpu)) for at, cpu in whole]
    first, last = found[0]["at_ns"] / 1e9, found[-1]["at_ns"] / 1e9
    true_s = at_moment(used, last) - at_moment(used, first)
    spans_s = [b["elapsed_seconds"] - a["elapsed_seconds"] for a, b in pairwise(found)]
    percents = [point["processes"]["total_cpu_percent"] for point in found[1:]]
    ours_s = sum(percent / 100 * span for percent, span in zip(percents, spans_s, strict=True))
    # The program tells each 20 ms of CPU, and a sample may be interrupted between the time and the counter.
    assert true_s > 0
    assert ours_s == pytest.approx(true_s, abs=0.2)


def at_moment(used: list[tuple[float, float]], at: float) -> float:
    """The CPU time that a program had used then."""
    return max((cpu for moment, cpu in used if moment <= at), default=used[0][1])


def test_threads_memory_and_open_files_are_counted(tmp_path: Path, start: Start) -> None:
    plain = start(f"print('ready', flush=True)\n{WAIT}")
    full = start(
        "import threading\n"
        "for _ in range(16): threading.Thread(target=threading.Event().wait, daemon=True).start()\n"
        "held = bytearray(b'x') * (100 * 1024 * 1024)\n"
        f"files = [open('/dev/null') for _ in range(30)]\nprint('ready', flush=True)\n{WAIT}"
    )
    flags = ["--pid", str(plain.pid), "--pid", str(full.pid)]
    assert profile(tmp_path, "--duration", "0.4", "--interval", "0.2", *flags).returncode == 0
    details = {d["pid"]: d for d in points(tmp_path)[-1]["processes"]["process_details"]}
    one, other = details[plain.pid], details[full.pid]
    assert (one["num_threads"], other["num_threads"]) == (1, 17)
    assert other["memory_mb"] - one["memory_mb"] == pytest.approx(100, abs=5)
    assert other["open_files"] - one["open_files"] == 30
    totals = points(tmp_path)[-1]["processes"]
    assert (totals["process_count"], totals["total_threads"]) == (2, 18)
    counted = "pss_mb" if totals["memory_source"] == "pss" else "memory_mb"  # as the system lets us see
    assert totals["total_memory_mb"] == pytest.approx(one[counted] + other[counted], abs=0.01)


CHILD = "subprocess.Popen([sys.executable, '-c', 'import sys; sys.stdin.read()'], stdin=subprocess.PIPE)"


def test_children_are_followed_also_those_born_later(tmp_path: Path, launch: Launch, start: Start) -> None:
    parent = start(
        f"import subprocess, threading\nkept = [{CHILD}]\nprint('ready', flush=True)\n"
        f"sys.stdin.readline()\nkept.append({CHILD})\n{WAIT}"
    )
    flags = ["--duration", "20", "--interval", "0.1", "--pid", str(parent.pid), "--quiet"]
    running = launch(*flags)
    lines = tmp_path / "profile.jsonl"
    wait_until(lambda: lines.exists() and b'"process_count":2' in lines.read_bytes())
    assert parent.stdin
    parent.stdin.write("more\n")
    parent.stdin.flush()
    wait_until(lambda: b'"process_count":3' in lines.read_bytes())
    end(parent)
    wait_until(lambda: lines.read_bytes().splitlines()[-1].count(b'"process_count":0'))
    running.send_signal(signal.SIGTERM)
    assert running.wait(60) == 0
    assert points(tmp_path)[0]["processes"]["process_count"] == 2


def test_a_match_follows_and_leaves_itself_out(tmp_path: Path, start: Start) -> None:
    named = start(f"# needle-{os.getpid()}\nprint('ready', flush=True)\n{WAIT}")
    ended = profile(tmp_path, "--duration", "0.3", "--interval", "0.1", "--match", f"needle-{os.getpid()}")
    assert ended.returncode == 0
    assert "warning" not in ended.stderr
    for point in points(tmp_path):
        assert [d["pid"] for d in point["processes"]["process_details"]] == [named.pid]


def test_no_match_is_a_warning_and_zeros_and_exit_2(tmp_path: Path) -> None:
    ended = profile(tmp_path, "--duration", "0.3", "--interval", "0.1", "--match", "no-such-[n]eedle")
    assert ended.returncode == 2
    assert "no command line matches" in ended.stderr
    said = "nothing was followed, only the machine was sampled: no command line matched 'no-such-[n]eedle'"
    assert said in ended.stderr
    totals = points(tmp_path)[-1]["processes"]
    assert (totals.pop("process_details"), totals.pop("memory_source")) == ([], None)
    assert totals.pop("sockets") is None
    assert set(totals.values()) == {0}


def test_a_command_is_followed_to_its_end(tmp_path: Path) -> None:
    command = f"{sys.executable} -c 'import time; time.sleep(0.5)'; exit 3"
    ended = profile(tmp_path, "--interval", "0.1", "--command", command)
    assert ended.returncode == 0
    assert "exit code 3" in ended.stdout
    assert max(p["processes"]["process_count"] for p in points(tmp_path)) >= 2
    assert points(tmp_path)[-1]["elapsed_seconds"] < 60


def test_a_command_is_ended_with_all_its_group_when_time_is_up(tmp_path: Path) -> None:
    command = "sleep 987 & sleep 986 & wait"
    flags = ["--duration", "1.5", "--interval", "0.2", "--json", "--command", command]
    summary = json.loads(profile(tmp_path, *flags).stdout)
    assert summary["command"] == {"text": command, "exit_code": -15, "ended_by_profiler": True}
    pids = {d["pid"] for p in points(tmp_path) for d in p["processes"]["process_details"]}
    assert len(pids) == 3
    assert not any(alive(pid) for pid in pids)


def test_json_keeps_standard_output_for_the_summary(tmp_path: Path) -> None:
    ended = profile(tmp_path, "--interval", "0.1", "--json", "--command", "echo spoken; sleep 0.2")
    assert json.loads(ended.stdout)["figures"]["system_cpu_percent"]["max"] >= 0
    assert "spoken" in ended.stderr


def test_a_command_that_is_no_utf8_is_run_and_told_as_well_as_can_be(tmp_path: Path) -> None:
    command = os.fsdecode(b"printf '\xff' > out; sleep 0.2")
    assert profile(tmp_path, "--interval", "0.1", "--command", command).returncode == 0
    assert (tmp_path / "out").read_bytes() == b"\xff"
    document = json.loads((tmp_path / "profile.json").read_text())
    assert document["metadata"]["command"]["text"] == "printf '\ufffd' > out; sleep 0.2"


def test_a_command_is_kept_without_the_secrets_written_in_it(tmp_path: Path) -> None:
    command = "API_KEY=sk-1 true --token sk-2 'Authorization: Bearer sk-3' http://u:sk-4@h/?k=sk-5"
    done = profile(tmp_path, "--interval", "0.1", "--command", command)
    assert done.returncode == 0
    assert "API_KEY=*** true --token ***" in (tmp_path / "profile.json").read_text()
    assert "sk-" not in (tmp_path / "profile.json").read_text() + done.stdout + done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
def test_a_process_whose_name_is_no_utf8_is_followed(tmp_path: Path, start: Start) -> None:
    named = start(
        f"import ctypes\nctypes.CDLL(None).prctl(15, b'na\\xffme')\nprint('ready', flush=True)\n{WAIT}"
    )
    ended = profile(tmp_path, "--duration", "0.2", "--interval", "0.1", "--pid", str(named.pid))
    assert ended.returncode == 0, ended.stderr
    assert points(tmp_path)[0]["processes"]["process_details"][0]["name"] == "na\ufffdme"
