"""`python -m mocks.faults` as a user starts it."""

import http.client
import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from mocks.faults.catalogue import FAULTS

ROOT = Path(__file__).resolve().parents[3]
COMMAND = [sys.executable, "-m", "mocks.faults"]


def run(*arguments: str) -> tuple[int, str, str]:
    done = subprocess.run([*COMMAND, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def test_list_tells_every_fault_in_a_sentence() -> None:
    code, out, errors = run("--list")
    assert (code, errors) == (0, "")
    told = dict(line.split(maxsplit=1) for line in out.splitlines())
    assert told == {name: fault.SENTENCE for name, fault in FAULTS.items()}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "NAME"),
        (("nonsense",), "nonsense"),
        (("healthy", "cut"), "cut"),
        (("healthy", "--dialect", "latin"), "latin"),
        (("restart", "--dialect", "openai"), "restart"),
        (("healthy", "--port", "70000"), "70000"),
        (("healthy", "--tokens", "1"), "--tokens"),
        (("healthy", "--ttft-ms", "-1"), "--ttft-ms"),
        (("healthy", "--itl-ms", "fast"), "fast"),
        (("stall", "--stall-s", "nan"), "nan"),
        (("healthy", "--record", "/nonexistent/folder/record.jsonl"), "/nonexistent/folder/record.jsonl"),
        (("healthy", "--unknown"), "--unknown"),
    ],
)
def test_nonsense_is_one_line_and_exit_code_2(arguments: tuple[str, ...], said: str) -> None:
    code, out, errors = run(*arguments)
    assert (code, out) == (2, "")
    assert errors.count("\n") == 1
    assert said in errors


def test_a_port_in_use_is_one_line_and_exit_code_2() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, _, errors = run("healthy", "--port", port)
    assert code == 2
    assert errors.count("\n") == 1
    assert port in errors


@pytest.mark.parametrize(("number", "expected"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_it_serves_until_told_to_stop_and_records_what_was_under_way(
    tmp_path: Path, number: signal.Signals, expected: int
) -> None:
    record = tmp_path / "record.jsonl"
    flags = ["stall", "--stall-s", "inf", "--tokens", "2", "--record", str(record), "--dialect", "openai"]
    process = subprocess.Popen([*COMMAND, *flags], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        line = process.stdout.readline().strip()
        assert line.startswith("fault stall listening on http://127.0.0.1:")
        connection = http.client.HTTPConnection(line.rpartition("/")[2], timeout=60)
        body = {"messages": [{"role": "user", "content": "x"}], "stream": True}
        connection.request("POST", "/v1/chat/completions", json.dumps(body))
        response = connection.getresponse()
        while b'"content"' not in response.readline():
            pass
        process.send_signal(number)
        assert process.wait(60) == expected
        connection.close()
    finally:
        process.kill()
        process.wait(60)
        process.stdout.close()
    (truth,) = map(json.loads, record.read_text().splitlines())
    assert (truth["outcome"], truth["tokens"]) == ("cancelled", 1)


def test_a_full_disk_is_one_line_and_exit_code_1() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*COMMAND, "--list"], cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60
        )
    assert (done.returncode, done.stderr) == (1, "error: cannot write: No space left on device\n")
