"""``profile`` as a process, proved on programs whose figures are known."""

from __future__ import annotations

import json
import os
import pty
import resource
import shutil
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
WAIT = "sys.stdin.read()"
Profile = dict[str, Any]
Start = Callable[[str], "subprocess.Popen[str]"]
Launch = Callable[..., "subprocess.Popen[Any]"]


def arguments(*flags: str) -> list[str]:
    """Of a profile in ``profile.json``, of whoever is named, or of this very process."""
    named = {"--pid", "--match", "--command", "--port"} & set(flags)
    ourselves = () if named else ("--pid", str(os.getpid()))
    output = () if "--output" in flags else ("--output", "profile.json")
    return [sys.executable, "-m", "profiler", *flags, *ourselves, *output]


def profile(folder: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        arguments(*flags), cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=60
    )


def points(folder: Path) -> list[Profile]:
    document = json.loads((folder / "profile.json").read_text())
    found: list[Profile] = document["data_points"]
    assert document["metadata"]["total_samples"] == len(found)
    return found


def ticks(found: list[Profile]) -> int:
    """Samples, and those that a machine that is busy with others made it miss."""
    return len(found) + sum(point["profiler"]["missed_ticks"] for point in found)


def until(ready: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    """An orphan that has ended may stay a zombie until init gets to it."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a Python program that says "ready" when it is; its children end by their closed stdin."""
    with ExitStack() as stack:

        def begin(code: str) -> subprocess.Popen[str]:
            program = subprocess.Popen(
                [sys.executable, "-c", f"import sys\n{code}"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            stack.callback(end, program)
            assert program.stdout
            assert program.stdout.readline() == "ready\n"
            return program

        yield begin


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Launch]:
    """Starts a profile in ``tmp_path``; one that a failed test leaves there is ended, its command too."""
    running: list[subprocess.Popen[Any]] = []

    def begin(*flags: str, **options: Any) -> subprocess.Popen[Any]:
        running.append(subprocess.Popen(arguments(*flags), cwd=tmp_path, env=ENVIRONMENT, **options))
        return running[-1]

    yield begin
    for one in running:
        if one.poll() is None:
            one.terminate()
            one.send_signal(signal.SIGCONT)
            try:
                one.wait(30)
            except subprocess.TimeoutExpired:
                one.kill()
                one.wait(30)


def end(program: subprocess.Popen[str]) -> None:
    program.kill()
    program.communicate(timeout=60)


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
    until(lambda: lines.exists() and b'"process_count":2' in lines.read_bytes())
    assert parent.stdin
    parent.stdin.write("more\n")
    parent.stdin.flush()
    until(lambda: b'"process_count":3' in lines.read_bytes())
    end(parent)
    until(lambda: lines.read_bytes().splitlines()[-1].count(b'"process_count":0'))
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


def test_a_command_ends_with_a_profile_that_is_killed(tmp_path: Path, launch: Launch) -> None:
    """What the shell has started, too, and also where it heeds no SIGTERM."""
    command = "trap '' TERM; sleep 984 & sleep 983 & wait"
    running = launch("--interval", "0.1", "--quiet", "--match", "sleep 0.1", "--command", command)
    lines = tmp_path / "profile.jsonl"
    until(lambda: lines.exists() and b'"process_count":3' in lines.read_bytes())
    last = json.loads(lines.read_bytes().splitlines()[-1])
    pids = [one["pid"] for one in last["processes"]["process_details"]]
    assert len(pids) == 3  # the guard has the words of the match in its command line, but is ours
    running.kill()
    until(lambda: not any(alive(pid) for pid in pids))


def test_json_keeps_standard_output_for_the_summary(tmp_path: Path) -> None:
    ended = profile(tmp_path, "--interval", "0.1", "--json", "--command", "echo spoken; sleep 0.2")
    assert json.loads(ended.stdout)["figures"]["system_cpu_percent"]["max"] >= 0
    assert "spoken" in ended.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0), (signal.SIGHUP, 0)])
def test_a_signal_leaves_a_whole_file_and_no_command(
    tmp_path: Path, launch: Launch, number: int, code: int
) -> None:
    running = launch("--interval", "0.1", "--quiet", "--command", "sleep 985")
    lines = tmp_path / "profile.jsonl"
    until(lambda: lines.exists() and lines.read_bytes().count(b"\n") >= 3)
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
        "--duration",
        duration,
        "--interval",
        "0.05",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    lines = tmp_path / "profile.jsonl"
    until(lambda: lines.exists() and lines.read_bytes().count(b"\n") >= 2)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert running.returncode == code
    assert ("until Ctrl-C" in said) == (code == 0)
    assert len(points(tmp_path)) >= 2


def test_nohup_outlives_its_terminal(tmp_path: Path, launch: Launch) -> None:
    flags = ["--duration", "0", "--interval", "0.05", "--quiet"]
    running = launch(
        *flags,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )
    lines = tmp_path / "profile.jsonl"
    until(lambda: lines.exists() and lines.read_bytes().count(b"\n") >= 2)
    running.send_signal(signal.SIGHUP)
    count = lines.read_bytes().count(b"\n")
    until(lambda: lines.read_bytes().count(b"\n") >= count + 3)
    running.send_signal(signal.SIGTERM)
    assert running.wait(60) == 0


def test_a_full_disk_is_one_line_and_keeps_what_was_sampled(tmp_path: Path) -> None:
    """A limit on the size of files stands for it: a write past it fails as one to a full disk does."""
    ended = subprocess.run(
        arguments("--duration", "60", "--interval", "0.05", "--quiet"),
        cwd=tmp_path,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000)),
    )
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert "profile.jsonl" in ended.stderr
    lines = (tmp_path / "profile.jsonl").read_bytes().splitlines(keepends=True)
    assert len(lines) >= 2
    assert all(line.endswith(b"}\n") and json.loads(line) for line in lines)
    assert not (tmp_path / "profile.json").exists()


def test_a_kill_loses_at_most_the_last_sample(tmp_path: Path, launch: Launch) -> None:
    flags = ["--duration", "0", "--interval", "0.05", "--quiet"]
    running = launch(*flags)
    lines = tmp_path / "profile.jsonl"
    until(lambda: lines.exists() and lines.read_bytes().count(b"\n") >= 5)
    running.kill()
    running.wait(60)
    assert not (tmp_path / "profile.json").exists()
    whole = [
        json.loads(line) for line in lines.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")
    ]
    assert len(whole) >= 5
    assert all(a["elapsed_seconds"] < b["elapsed_seconds"] for a, b in pairwise(whole))


def test_a_stop_and_go_is_recorded_as_missed_ticks(tmp_path: Path, launch: Launch) -> None:
    flags = ["--duration", "0", "--interval", "0.05", "--quiet"]
    running = launch(*flags)
    lines = tmp_path / "profile.jsonl"
    until(lambda: lines.exists() and lines.read_bytes().count(b"\n") >= 3)
    running.send_signal(signal.SIGSTOP)
    time.sleep(0.6)  # the stop itself is what is tested
    count = lines.read_bytes().count(b"\n")
    running.send_signal(signal.SIGCONT)
    until(lambda: lines.read_bytes().count(b"\n") >= count + 5)
    running.send_signal(signal.SIGINT)
    assert running.wait(60) == 0
    found = points(tmp_path)
    assert sum(point["profiler"]["missed_ticks"] for point in found) >= 8
    elapsed = [point["elapsed_seconds"] for point in found]
    # After the late sample the next ones are back on the grid, not bunched behind it.
    assert all(b - a > 0.001 for a, b in pairwise(elapsed))


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
@pytest.mark.parametrize(
    ("query", "keys"),
    [
        (".data_points[] | {elapsed: .elapsed_seconds, cpu: .system.cpu_percent}", {"elapsed", "cpu"}),
        ("[.data_points[].system.memory_used_gb] | max", None),
        (
            ".data_points[] | {elapsed: .elapsed_seconds, threads: .processes.total_threads}",
            {"elapsed", "threads"},
        ),
    ],
)
def test_the_original_jq_lines_run_unchanged(tmp_path: Path, query: str, keys: set[str] | None) -> None:
    profile(tmp_path, "--duration", "0.3", "--interval", "0.1", "--pid", str(os.getpid()))
    found = subprocess.run(
        ["jq", "-c", query, "profile.json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    values = [json.loads(line) for line in found.stdout.splitlines()]
    if keys is None:
        assert len(values) == 1
        assert values[0] > 0
    else:
        assert len(values) == len(points(tmp_path)) > 0
        assert all(set(value) == keys and None not in value.values() for value in values)


def test_the_document_has_every_field_of_the_original(tmp_path: Path) -> None:
    profile(tmp_path, "--duration", "0.2", "--interval", "0.1", "--pid", str(os.getpid()))
    document = json.loads((tmp_path / "profile.json").read_text())
    assert document["metadata"].keys() >= {
        "start_time",
        "end_time",
        "total_duration_seconds",
        "sample_interval_seconds",
        "total_samples",
    }
    point = document["data_points"][0]
    assert point.keys() >= {"timestamp", "elapsed_seconds", "system", "processes"}
    assert point["system"].keys() >= {
        "cpu_percent",
        "cpu_count",
        "memory_total_gb",
        "memory_used_gb",
        "memory_percent",
        "memory_available_gb",
        "network_bytes_sent",
        "network_bytes_recv",
        "load_avg",
    }
    assert point["processes"]["process_details"][0].keys() >= {
        "pid",
        "name",
        "cpu_percent",
        "memory_mb",
        "pss_mb",
        "num_threads",
        "open_files",
        "status",
    }


@pytest.mark.parametrize(
    "flags",
    [
        ["--pid", "4194304"],
        ["--pid", "0"],
        ["--match", "("],
        ["--interval", "0"],
        ["--interval", "nan"],
        ["--duration", "-1"],
        ["--command", " "],
        ["--output", "no/such/folder/profile.json"],
        ["--output", "profile.jsonl"],
        ["--nonsense"],
    ],
)
def test_nonsense_is_one_line_and_exit_2(tmp_path: Path, flags: list[str]) -> None:
    ended = profile(tmp_path, "--duration", "0.1", *flags)
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("there", ["profile.json", "profile.jsonl"])
def test_nothing_is_overwritten_unless_forced(tmp_path: Path, there: str) -> None:
    (tmp_path / there).write_text("precious")
    flags = ["--duration", "0.1", "--interval", "0.1", "--quiet"]
    refused = profile(tmp_path, *flags)
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["precious"]
    assert profile(tmp_path, *flags, "--force").returncode == 0
    assert len(points(tmp_path)) == 1


def test_an_output_that_is_no_regular_file_is_left_alone(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.json"
    os.mkfifo(pipe)
    done = subprocess.run(
        [sys.executable, "-m", "profiler", "--duration", "1", "--force", "--output", str(pipe)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert pipe.is_fifo()


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


@pytest.mark.parametrize("flags", [[], ["--json"], ["--nonsense"]])
def test_a_reader_that_has_left_changes_no_exit_code(tmp_path: Path, flags: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            arguments("--duration", "0.2", "--interval", "0.1", *flags),
            cwd=tmp_path,
            env=ENVIRONMENT,
            stdout=writer,
            stderr=writer,
            timeout=60,
        )
    finally:
        os.close(writer)
    assert done.returncode == (2 if "--nonsense" in flags else 0)
    assert "--nonsense" in flags or 1 <= ticks(points(tmp_path)) <= 2  # a busy machine may miss the last


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_a_summary_that_cannot_be_printed_is_one_line_and_exit_1(tmp_path: Path, flags: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            arguments("--duration", "0.2", "--interval", "0.1", *flags),
            cwd=tmp_path,
            env=ENVIRONMENT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )
    said = "error: the summary could not be printed: No space left on device; the profile is written\n"
    assert (done.returncode, done.stderr) == (1, said)
    assert 1 <= ticks(points(tmp_path)) <= 2  # a busy machine may miss the last


@pytest.mark.parametrize("columns", [40, 0])
def test_the_live_line_fits_a_narrow_terminal(tmp_path: Path, launch: Launch, columns: int) -> None:
    """Of a terminal in a container no size may be known: 0, taken for the usual 80."""
    leader, follower = pty.openpty()
    termios.tcsetwinsize(follower, (24, columns))
    running = launch(
        "--duration",
        "0.3",
        "--interval",
        "0.1",
        stdout=subprocess.DEVNULL,
        stderr=follower,
    )
    assert running.wait(60) == 0
    os.close(follower)
    shown = os.read(leader, 65536).decode()
    os.close(leader)
    lines = [line for line in shown.split("\r\x1b[K") if line]
    assert len(lines) == len(points(tmp_path)) > 0
    assert all(len(line) < (columns or 80) and " s  system" in line for line in lines)


def test_ascii_and_no_colour_where_the_terminal_wants_it(tmp_path: Path) -> None:
    environment = {**ENVIRONMENT, "PYTHONIOENCODING": "ascii", "NO_COLOR": "1", "COLUMNS": "40"}
    ended = subprocess.run(
        arguments("--duration", "0.2", "--interval", "0.1"),
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        timeout=60,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.isascii()
    assert b"\x1b" not in ended.stdout
    assert max(map(len, ended.stdout.splitlines())) <= 40


def test_a_terminal_that_is_closed_is_no_fault(tmp_path: Path, launch: Launch) -> None:
    leader, follower = pty.openpty()
    running = launch(
        "--duration",
        "0",
        "--interval",
        "0.05",
        stdout=follower,
        stderr=follower,
    )
    lines = tmp_path / "profile.jsonl"
    until(lambda: lines.exists() and lines.read_bytes().count(b"\n") >= 2)
    os.close(follower)
    os.close(leader)
    count = lines.read_bytes().count(b"\n")
    until(lambda: lines.read_bytes().count(b"\n") >= count + 2)
    running.send_signal(signal.SIGTERM)
    assert running.wait(60) == 0
    assert len(points(tmp_path)) >= 4


def test_a_closed_standard_error_is_no_fault(tmp_path: Path) -> None:
    words = "--pid $$ --match no-such-[n]eedle --output profile.json --duration 0.2 --interval 0.1"
    line = f"{sys.executable} -m profiler {words} 2>&-"
    ended = subprocess.run(line, shell=True, cwd=tmp_path, env=ENVIRONMENT, capture_output=True, timeout=60)
    assert ended.returncode == 0
    assert b"warning" not in ended.stdout
    assert 1 <= ticks(points(tmp_path)) <= 2  # a busy machine may miss the last


@pytest.mark.parametrize("flags", ["", "--json"])
def test_a_closed_standard_output_is_no_fault(tmp_path: Path, flags: str) -> None:
    words = "--pid $$ --output profile.json --duration 0.2 --interval 0.1"
    line = f"{sys.executable} -m profiler {words} {flags} >&-"
    ended = subprocess.run(
        line, shell=True, cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, timeout=60
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert 1 <= ticks(points(tmp_path)) <= 2  # a busy machine may miss the last
