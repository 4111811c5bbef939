"""locustfiles/stream.py as a user runs it: a process, a target, its results and exit codes."""

import csv
import itertools
import json
import os
import re
import shutil
import signal
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from records.cells.reader import read_cell
from support import lines, wait_until
from trap_servers import answering


def row_counts(requests: Any) -> dict[str, int]:
    """How many each row of locust's table has; one whose gaps a stall of the generator hid has no ITL."""
    counts = dict.fromkeys(("POST", "TTFT", "E2E"), len(requests))
    with_gaps = sum(bool(r.gaps_us) for r in requests)
    return counts | ({"ITL": with_gaps} if with_gaps else {})


def test_a_run_with_results(trap: Any, locust: Any, tmp_path: Path, ended_well: Any) -> None:
    server = trap(answering(0.05))
    one = locust(
        *("-H", server.url, "--headless", "-u", "4", "--requests", "20", "--min-seconds", "0.5"),
        *("--results", "out/r", "--header", "X-Team=a", "--field", "max_documents=3"),
        *("--llm-model", "openai:x"),
        TARGET_API_KEY="sekret-123",
    )
    assert ended_well(one), one.text
    data = read_cell(tmp_path / "out" / "r")
    cell, requests = data.cell, data.requests
    assert cell.complete
    assert (cell.config, cell.concurrency) == ("as-is", 4)
    assert len(requests) == len(server.talks)  # none lost, none twice (TRAPS 16)
    assert len({(r.worker, r.user, r.seq) for r in requests}) == len(requests)
    achieved = cell.achieved
    assert achieved["requests"] >= 20
    assert (achieved["aborted"], achieved["records"]) == (0, len(requests))
    assert sum("warmup" in r.flags for r in requests) == achieved["warmup"] >= 5
    cold = [r for r in requests if "cold" in r.flags]
    assert cold == [min(requests, key=lambda r: r.sent_at_ns)]  # TRAPS 17
    assert len({r.question for r in requests}) == len(requests)  # TRAPS 24
    assert server.connections == 7  # one a user; before: is it there, does it answer, /config (TRAPS 13, 14)
    assert cell.window is not None
    ended = sum(cell.window.start_ns < r.ended_at_ns <= cell.window.end_ns for r in requests)
    assert achieved["rps"] == pytest.approx(ended / cell.window.seconds, rel=0.01)
    assert achieved["rps"] <= (4 * cell.window.seconds / 0.05 + 4) / cell.window.seconds
    ttft_ms = sorted(r.ttft_ms or 0 for r in requests)
    assert ttft_ms[0] >= 50
    assert ttft_ms[0] < 2_000  # of so many not one is late, however busy the machine
    body = json.loads(server.talks[0].body)
    assert (body["max_documents"], body["llm_model"]) == (3, "openai:x")
    head = server.talks[0].head.lower()
    assert b"authorization: bearer sekret-123" in head
    assert b"x-team: a" in head
    written = one.text + "".join(p.read_text() for p in (tmp_path / "out" / "r").iterdir())
    assert "sekret" not in written
    for row, count in row_counts(requests).items():
        assert re.search(rf"^{row} +/ask/stream +{count} ", one.text, re.M), one.text
    assert re.search(rf"Aggregated +{len(requests)} ", one.text)
    # Not empty any more: one line, exit 2.
    again = locust("-H", server.url, "--headless", "--results", "out/r")
    assert again.wait() == 2
    assert "error: --results out/r is not empty" in again.text


def test_a_run_of_two_processes(
    trap: Any, locust: Any, free_port: Any, tmp_path: Path, ended_well: Any
) -> None:
    server = trap(answering(0.1))
    port = str(free_port())
    one = locust(
        # Workers say every 3 s what they had: of a starved one the master may hear nothing more at the end.
        *("-H", server.url, "--headless", "-u", "4", "-t", "4s", "--processes", "2", "--results", "r"),
        *("--master-bind-port", port, "--master-port", port),
    )
    assert ended_well(one), one.text
    data = read_cell(tmp_path / "r")
    assert {r.worker for r in data.requests} == {"w0", "w1"}
    assert len(data.requests) == len(server.talks)  # in-flight streams at the end were drained (TRAPS 16)
    assert len({(r.worker, r.user, r.seq) for r in data.requests}) == len(data.requests)
    workers = next(check for check in data.cell.verdict.checks if check.name == "workers")
    assert (workers.figure, workers.bound) == (2, 2)
    assert data.cell.achieved["loop_lag_p99_ms"] is not None
    assert len({r.question for r in data.requests}) == len(data.requests)
    # Locust's own table waits half a second for what its workers say last, and goes without it then.
    shown = int(re.findall(r"Aggregated +(\d+) +\d+\(", one.text)[-1])
    assert 0 < shown <= len(data.requests), one.text


def test_failures_act_through_the_verdict(trap: Any, locust: Any, tmp_path: Path) -> None:
    def script(talk: Any) -> None:
        talk.headers("Content-Length: 0\r\n", "500 Broken")

    server = trap(script)
    load = ("-H", server.url, "--headless", "-u", "2", "--requests", "20", "--min-seconds", "0", "-t", "60s")
    with_results, without = locust(*load, "--results", "r"), locust(*load)
    assert (with_results.wait(), without.wait()) == (3, 1)
    assert "invalid: failures: no good answer" in with_results.text
    assert "http_error: HTTP 500" in without.text
    data = read_cell(tmp_path / "r")
    assert data.cell.achieved["good"] == 0
    own = sorted((r for r in data.requests if r.user == 0), key=lambda r: r.seq)
    pauses_ns = [after.sent_at_ns - before.ended_at_ns for before, after in itertools.pairwise(own)]
    assert len(pauses_ns) > 3
    assert min(pauses_ns) >= 95_000_000  # a refusal is no reason to ask thousands of times a second


def test_interrupted_it_drains(trap: Any, locust: Any, tmp_path: Path) -> None:
    server = trap(answering(0.4))
    one = locust(
        *("-H", server.url, "--headless", "-u", "3", "--requests", "9999", "--results", "r", "--csv", "c")
    )
    wait_until(lambda: lines(tmp_path / "r" / "requests.jsonl") >= 6)
    one.send(signal.SIGTERM)
    assert one.wait() == 130, one.text
    assert "Traceback" not in one.text
    data = read_cell(tmp_path / "r")
    assert not data.cell.complete
    assert {r.outcome for r in data.requests} == {"ok"}
    assert len(data.requests) == len(server.talks)
    last = one.text.splitlines()[-1]
    assert "the run ended before its planned end" in last
    assert not last.startswith("valid")
    rows = csv.DictReader((tmp_path / "c_stats.csv").read_text().splitlines())
    count = {row["Type"]: int(row["Request Count"]) for row in rows}
    assert count["POST"] == len(data.requests)  # those that drained, too


def post(url: str, **form: str) -> Any:
    data = "&".join(f"{k}={v}" for k, v in form.items()).encode()
    with urllib.request.urlopen(url, data=data, timeout=60) as response:
        return json.load(response)


def counted(stats: str) -> dict[str, int]:
    return {row["method"]: row["num_requests"] for row in json.loads(stats)["stats"] if row["method"]}


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=60) as response:
        return str(response.read().decode())


def test_the_web_ui_starts_stops_and_starts_afresh(
    trap: Any, locust: Any, free_port: Any, tmp_path: Path, ended_well: Any
) -> None:
    server, port = trap(answering(0.05)), free_port()
    one = locust(
        *("-H", server.url, "--web-port", str(port), "--results", "r", "--header", "X=hidden-1"),
        TARGET_API_KEY="sekret-123",
    )
    page = wait_until(lambda: get(f"http://127.0.0.1:{port}/"))
    assert f"http://127.0.0.1:{port}" in one.text  # not every interface
    assert "think_time" in page
    assert "sekret" not in page
    assert "hidden-1" not in page
    for folder, think in (("r", "0"), ("r-2", "0.2")):
        began = post(f"http://127.0.0.1:{port}/swarm", user_count="2", spawn_rate="2", think_time=think)
        assert began["success"]
        wait_until(lambda f=folder: lines(tmp_path / f / "requests.jsonl") >= 12)
        post(f"http://127.0.0.1:{port}/stop")
        data = wait_until(lambda f=folder: (d := read_cell(tmp_path / f)).cell.complete and d)
        assert min(r.seq for r in data.requests) == 1
        assert data.cell.requested["think_time_s"] == float(think)
        # Fresh counters: no request of the run before is among them (locust caches this page for 2 s).
        rows = row_counts(data.requests)
        wait_until(lambda r=rows: counted(get(f"http://127.0.0.1:{port}/stats/requests")) == r)
    os.kill(one.process.pid, signal.SIGTERM)
    assert ended_well(one), one.text


def test_a_results_folder_that_vanishes_ends_the_load(trap: Any, locust: Any, tmp_path: Path) -> None:
    server = trap(answering(0.05))
    one = locust("-H", server.url, "--headless", "--results", "r")
    wait_until(lambda: lines(tmp_path / "r" / "requests.jsonl") >= 3)
    shutil.rmtree(tmp_path / "r")
    assert one.wait() == 1, one.text
    assert one.text.count("cannot write r/requests.jsonl: deleted while the load ran") == 1
    assert "Traceback" not in one.text
    assert one.text.splitlines()[-1].startswith("invalid: records: records were lost")


def test_signals_close_together_are_one_end(trap: Any, locust: Any, tmp_path: Path) -> None:
    server = trap(answering(0.4))
    one = locust("-H", server.url, "--headless", "-u", "3", "--results", "r")
    wait_until(lambda: lines(tmp_path / "r" / "requests.jsonl") >= 3)
    for sent in (signal.SIGINT, signal.SIGTERM):
        one.process.send_signal(sent)
        time.sleep(0.02)
    assert one.wait() == 130, one.text
    assert "Traceback" not in one.text
    assert len(re.findall("^(?:in)?valid: ", one.text, re.MULTILINE)) == 1
