"""What a profile prints and writes, whoever reads it, and where it is refused."""

import json
import os
import pty
import shutil
import subprocess
import sys
import termios
from pathlib import Path
from typing import Any

import pytest

from profiler.cli import main
from profiles import ENVIRONMENT, Launch, Start, points, profile, ticks

SHORT = ("--duration", "0.2", "--interval", "0.1")
WITH_THREADS = ("--duration", "3", "--interval", "0.1")
"""Threads are looked at once in 2 s at least."""
NAMED = (*SHORT, "--pid", str(os.getpid()), "--output", "profile.json")
FIELDS = {
    "": "timestamp elapsed_seconds system processes",
    "system": "cpu_percent cpu_count memory_total_gb memory_used_gb memory_percent memory_available_gb "
    "network_bytes_sent network_bytes_recv load_avg",
    "metadata": "start_time end_time total_duration_seconds sample_interval_seconds total_samples",
    "process": "pid name cpu_percent memory_mb pss_mb num_threads open_files status",
}
QUERIES = (
    ".data_points[] | {elapsed: .elapsed_seconds, cpu: .system.cpu_percent}",
    ".data_points[] | {elapsed: .elapsed_seconds, threads: .processes.total_threads}",
)


def test_the_document_has_every_field_of_the_original_and_its_jq_lines_run(here: Any, tmp_path: Path) -> None:
    assert here(main, *NAMED).returncode == 0
    document = json.loads((tmp_path / "profile.json").read_text())
    point = document["data_points"][0]
    process = point["processes"]["process_details"][0]
    parts = {"": point, "system": point["system"], "metadata": document["metadata"], "process": process}
    for part, names in FIELDS.items():
        assert parts[part].keys() >= set(names.split())
    if shutil.which("jq") is None:
        pytest.skip("jq is not installed")

    def found(query: str) -> list[Any]:
        words = ["jq", "-c", query, "profile.json"]
        told = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60)
        return [json.loads(line) for line in told.stdout.splitlines()]

    for query in QUERIES:
        values = found(query)
        assert len(values) == len(points(tmp_path)) > 0
        assert all(len(value) == 2 and None not in value.values() for value in values)
    assert found("[.data_points[].system.memory_used_gb] | max")[0] > 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has names of threads there")
def test_a_service_that_calls_itself_and_its_threads_by_a_secret_leaves_none_of_it(
    start: Start, tmp_path: Path
) -> None:
    secret = "zq7Lm_Wx93kTbe2Rv"
    program = start(f"""
import threading
def call(name):
    with open(f"/proc/self/task/{{threading.get_native_id()}}/comm", "w") as comm:
        comm.write(name)  # of which the kernel keeps 15 bytes
def work():
    call("svc-{secret}")
    print("ready", flush=True)
    while True:
        sum(range(10_000))
call("{secret}")
threading.Thread(target=work, daemon=True).start()
sys.stdin.read()
""")
    env = {**ENVIRONMENT, "SVC_API_TOKEN": secret}
    told = profile(tmp_path, *WITH_THREADS, "--pid", str(program.pid), env=env)
    assert told.returncode == 0, told.stderr
    found = [one for point in points(tmp_path) for one in point["processes"]["process_details"]]
    named = {other["name"] for one in found if one["threads"] for other in one["threads"]["others"]}
    assert ({one["name"] for one in found}, named) == ({"***"}, {"svc-***"})
    for kept in (*(path.read_text() for path in tmp_path.iterdir()), told.stdout, told.stderr):
        assert secret[:8] not in kept


@pytest.mark.parametrize("flags", [
    ["--pid", "4194304"], ["--pid", "0"], ["--match", "("], ["--interval", "0"], ["--interval", "nan"],
    ["--duration", "-1"], ["--command", " "], ["--output", "no/such/folder/profile.json"],
    ["--output", f"{'long' * 70}.json"],
    ["--output", "profile.jsonl"], ["--nonsense"],
])  # fmt: skip
def test_nonsense_is_one_line_and_exit_2(here: Any, tmp_path: Path, flags: list[str]) -> None:
    ended = here(main, "--duration", "0.1", *flags)
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("there", ["profile.json", "profile.jsonl", "profile.probes.jsonl"])
def test_nothing_is_overwritten_unless_forced(here: Any, tmp_path: Path, there: str) -> None:
    (tmp_path / there).write_text("precious")
    refused = here(main, *NAMED, "--quiet")
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert f"{there} is there already; --force" in refused.stderr
    assert [path.read_text() for path in tmp_path.iterdir()] == ["precious"]
    assert here(main, *NAMED, "--quiet", "--force").returncode == 0
    assert 1 <= ticks(points(tmp_path)) <= 2


def test_an_output_that_is_no_regular_file_is_left_alone(here: Any, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.json"
    os.mkfifo(pipe)
    assert here(main, *SHORT, "--force", "--output", str(pipe)).returncode == 2
    assert pipe.is_fifo()


@pytest.mark.parametrize("flags", [["--json"], ["--nonsense"]])
def test_a_reader_that_has_left_changes_no_exit_code(tmp_path: Path, flags: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = profile(tmp_path, *SHORT, *flags, capture_output=False, stdout=writer, stderr=writer)
    finally:
        os.close(writer)
    assert done.returncode == (2 if "--nonsense" in flags else 0)
    assert "--nonsense" in flags or 1 <= ticks(points(tmp_path)) <= 2  # a busy machine may miss the last


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_summary_that_cannot_be_printed_is_one_line_and_exit_1(tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = profile(*(tmp_path, *SHORT), capture_output=False, stdout=full, stderr=subprocess.PIPE)
    said = "error: the summary could not be printed: No space left on device; the profile is written\n"
    assert (done.returncode, done.stderr) == (1, said)
    assert 1 <= ticks(points(tmp_path)) <= 2


@pytest.mark.parametrize("columns", [40, 0])
def test_the_live_line_fits_a_narrow_terminal(tmp_path: Path, launch: Launch, columns: int) -> None:
    """Of a terminal in a container no size may be known: 0, taken for the usual 80."""
    leader, follower = pty.openpty()
    termios.tcsetwinsize(follower, (24, columns))
    running = launch("--duration", "0.3", "--interval", "0.1", stdout=subprocess.DEVNULL, stderr=follower)
    assert running.wait(60) == 0
    os.close(follower)
    shown = os.read(leader, 65536).decode()
    os.close(leader)
    lines = [line for line in shown.split("\r\x1b[K") if line]
    assert len(lines) == len(points(tmp_path)) > 0
    assert all(len(line) < (columns or 80) and " s  system" in line for line in lines)


def test_ascii_and_no_colour_where_the_terminal_wants_it(tmp_path: Path) -> None:
    environment = {**ENVIRONMENT, "PYTHONIOENCODING": "ascii", "NO_COLOR": "1", "COLUMNS": "40"}
    ended = profile(tmp_path, *SHORT, env=environment, text=False)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.isascii()
    assert b"\x1b" not in ended.stdout
    assert max(map(len, ended.stdout.splitlines())) <= 40


@pytest.mark.parametrize("closed", ["--port 9 2>&-", ">&-"])
def test_a_closed_stream_is_no_fault(tmp_path: Path, closed: str) -> None:
    line = f"{sys.executable} -m profiler --pid $$ --output profile.json {' '.join(SHORT)} {closed}"
    ended = subprocess.run(line, shell=True, cwd=tmp_path, env=ENVIRONMENT, capture_output=True, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert b"port 9" not in ended.stdout
    assert 1 <= ticks(points(tmp_path)) <= 2
