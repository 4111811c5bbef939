"""`python -m mocks.faults` as a user starts it."""

import http.client
import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mocks.faults.__main__ import main
from mocks.faults.catalogue import FAULTS
from support import ROOT, Process


def test_list_tells_every_fault_in_a_sentence(here: Any) -> None:
    ended = here(main, "--list")
    assert (ended.returncode, ended.stderr) == (0, "")
    told = dict(line.split(maxsplit=1) for line in ended.stdout.splitlines())
    assert told == {name: fault.SENTENCE for name, fault in FAULTS.items()}
    assert all(re.fullmatch(r".+\.", sentence) for sentence in told.values())
    modules = Path(ROOT, "mocks", "faults").glob("*.py")
    assert {name.replace("-", "_") for name in FAULTS} == {
        path.stem for path in modules if "\nSENTENCE = " in path.read_text()
    }


@pytest.mark.parametrize("words", [
    "", "nonsense", "healthy cut", "healthy --dialect latin", "restart --dialect openai",
    "healthy --port 70000", "healthy --tokens 1", "healthy --ttft-ms -1", "healthy --itl-ms fast",
    "stall --stall-s nan", "healthy --record /nonexistent/folder/record.jsonl", "healthy --unknown",
])  # fmt: skip
@pytest.mark.timeout(30)  # or it serves for ever
def test_nonsense_is_one_line_and_exit_code_2(here: Any, words: str) -> None:
    ended = here(main, *words.split())
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    assert any(word in ended.stderr for word in words.split() or ["NAME"])
    if not words:
        assert "--list tells" in ended.stderr


@pytest.mark.parametrize(("number", "expected"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_it_serves_until_told_to_stop_and_records_what_was_under_way(
    tmp_path: Path, number: signal.Signals, expected: int
) -> None:
    record = tmp_path / "record.jsonl"
    flags = ["stall", "--stall-s", "inf", "--tokens", "2", "--record", str(record), "--dialect", "openai"]
    process = Process(tmp_path / "log", "mocks.faults", *flags)
    try:
        connection = http.client.HTTPConnection(process.url.rpartition("/")[2], timeout=60)
        assert process.text.startswith("fault stall listening on http://127.0.0.1:")
        body = {"messages": [{"role": "user", "content": "x"}], "stream": True}
        connection.request("POST", "/v1/chat/completions", json.dumps(body))
        response = connection.getresponse()
        while b'"content"' not in response.readline():
            pass
        assert process.stop(number) == expected
        connection.close()
    finally:
        process.kill()
    (truth,) = map(json.loads, record.read_text().splitlines())
    assert (truth["outcome"], truth["tokens"]) == ("cancelled", 1)


def test_a_full_disk_is_one_line_and_exit_code_1() -> None:
    words = [sys.executable, "-m", "mocks.faults", "--list"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(words, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (1, "error: cannot write: No space left on device\n")
