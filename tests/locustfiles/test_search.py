"""The search as a user runs it, against the mock LLM server, whose capacity is known.

On a machine that leaves the load generator no CPU a search says so, and that it knows nothing of a level that
missed meanwhile. So may each of these; what it does find is to be right.
"""

import json
import re
import signal
from pathlib import Path
from typing import Any

import pytest

from records.cells.reader import read_cell
from support import wait_until


def spoilt(one: Any) -> bool:
    """Did the search say of a level that its load generator was late itself?"""
    return re.search(r"at \S+ \S+ the load generator was \d+ ms late \(p99\)", one.text) is not None


def test_a_search_finds_how_many_users_the_service_serves_at_once(
    load: Any, held: Any, two_at_a_time: str, tmp_path: Path
) -> None:
    search = ["-u", "2", "--search-to", "3", "--slo", "ttft:270 percentile:70", "--level-seconds", "2"]
    one = load("search", two_at_a_time, *search, "--results", "r")
    code = one.wait()
    written = json.loads((tmp_path / "r" / "search.json").read_text())
    for row in written["levels"]:  # the third waits for one of two to end
        assert row["status"] in ("unknown", "met" if row["level"] == 2 else "missed"), one.text
    if written["outcome"] != "found":
        assert spoilt(one), one.text
        assert (code, written["outcome"]) == (3, "inconclusive"), one.text
        return
    assert written["level"] == 2
    assert 0 < written["goodput"] < 8
    sentence = "highest concurrency that meets ttft<=270 ms at p70: 2 users, goodput "
    assert sentence in one.text.splitlines()[-2]
    row = r"^ +3 +\d+ +0 +\d +\d{3,4} +\d\S* +(?:missed|generator late)$"
    assert re.search(row, one.text, re.M), one.text
    cell = read_cell(tmp_path / "r").cell
    assert cell.requested["shape"] == "HighestLoad"
    assert cell.requested["shape_options"] == {
        "slo": "ttft<=270 ms at p70", "search_from": 2, "search_to": 3, "level_seconds": 2,
        "search_seconds": 300,
    }  # fmt: skip
    assert code == (0 if cell.verdict.valid else 3)
    found = held(tmp_path / "r")
    assert [(x.level_to, x.status) for x, _ in found] == [
        (x["level"], x["status"]) for x in written["levels"]
    ]
    for level, in_flight in found:
        assert level.seconds >= 1.9
        assert in_flight == pytest.approx(level.level_to, rel=0.3)
    assert not re.search(r"^ *users  seconds  requests ", one.text, re.M)  # it has a table of its own
    assert "Traceback" not in one.text


def test_a_search_for_a_rate_by_two_workers(load: Any, free_port: Any, service: str, ended_well: Any) -> None:
    """Of the 50 a second that the service has: each worker's share is half, and both know the objective."""
    search = ["--arrival", "constant", "--rate", "20", "--search-to", "22"]
    search += ["--slo", "ttft:1500 percentile:50", "--level-seconds", "1"]
    for _ in range(3):
        port = str(free_port())
        here = ["--master-bind-host", "127.0.0.1", "--master-bind-port", port]
        one = load("search", service, *search, "--master", "--expect-workers", "2", *here)
        for _ in range(2):
            load("search", service, "--worker", "--master-host", "127.0.0.1", "--master-port", port)
        code = one.wait()
        if code == 3 and spoilt(one):
            return
        if code != 4:  # else the machine stood still for longer than the objective
            break
    assert ended_well(one), one.text
    said = r"highest rate that meets ttft<=1500 ms at p50: at least 22 requests/s, goodput ([\d.]+)/s"
    found = re.search(said, one.text)
    assert found, one.text
    assert 0 < float(found[1]) < 30  # 44 where each had the whole rate


def test_requests_that_hang_keep_no_objective(load: Any, start: Any, two_processes: Any) -> None:
    """Each fifth hears nothing for longer than the search lasts: not one of the slow ones ever ends."""
    server = start("mocks.faults", "each-fifth", "--dialect", "openai", "--ttft-ms", "40", "--stall-s", "60")
    slo = ["--slo", "ttft:500", "--level-seconds", "2", "--drain-seconds", "0"]
    slo += ["--arrival", "constant", "--rate", "20"]
    one = load("search", server.url, *slo, *two_processes())
    assert one.wait() == (3 if spoilt(one) else 4), one.text
    row = re.search(r"^ +20 +\d+ +0 +(\d+) +\d{4} +\S+ +(?:missed|generator late)$", one.text, re.M)
    assert row, one.text
    assert int(row[1]) >= 3
    assert "Traceback" not in one.text


def test_a_search_that_finds_nothing_in_an_invalid_run_exits_3(load: Any, start: Any, tmp_path: Path) -> None:
    """The service compresses its streams, so that no figure of them is believed."""
    server = start("mocks.faults", "gzip", "--dialect", "openai", "--ttft-ms", "40")
    one = load("search", server.url, "--slo", "ttft:20", "--level-seconds", "1", "--results", "r")
    code = one.wait()
    found = json.loads((tmp_path / "r" / "search.json").read_text())["outcome"]
    assert found == ("inconclusive" if spoilt(one) else "none"), one.text
    assert "compressed" in {check.name for check in read_cell(tmp_path / "r").cell.verdict.failures}, one.text
    assert code == 3, one.text


def test_an_interrupted_search_says_what_it_saw(load: Any, service: str, tmp_path: Path) -> None:
    search = ["-u", "16", "--slo", "ttft:5000", "--level-seconds", "1", "--results", "r"]
    one = load("search", service, *search)
    wait_until(lambda: "16 users: answers" in one.text)
    one.send(signal.SIGTERM)
    assert one.wait() == 130, one.text
    assert "it was stopped; the highest concurrency that met was" in one.text
    assert not read_cell(tmp_path / "r").cell.complete
    assert json.loads((tmp_path / "r" / "search.json").read_text())["outcome"] == "inconclusive"
