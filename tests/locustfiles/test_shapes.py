"""The shapes as a user runs them, against the mock LLM server, whose capacity is known."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

import pytest

from records.levels import HeldLevel
from records.reader import read_cell
from records.request import RequestRecord

ROOT = Path(__file__).resolve().parents[2]
Start = Callable[..., "Process"]


class Process:
    """A process with its output in a file."""

    def __init__(self, output: Path, *arguments: str, stdout: IO[str] | None = None) -> None:
        """``stdout``: for what is said there; ``output`` then holds standard error alone."""
        self.output = output
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("LOCUST_", "TARGET_"))}
        with output.open("wb") as file:
            self.popen = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                cwd=output.parent,
                stdin=subprocess.DEVNULL,
                stdout=stdout or file,
                stderr=file,
                env=clean | {"PYTHONUNBUFFERED": "1"},
                start_new_session=True,
            )

    @property
    def text(self) -> str:
        return self.output.read_text()

    def wait(self, seconds: float = 38) -> int:
        try:
            return self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still there after {seconds} s:\n{self.text}") from None

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.popen.pid, signal.SIGKILL)  # a session of its own: its workers, too
        self.popen.wait(10)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    running: list[Process] = []

    def one(*arguments: str, stdout: IO[str] | None = None) -> Process:
        running.append(Process(tmp_path / f"{len(running)}.log", *arguments, stdout=stdout))
        return running[-1]

    yield one
    for process in running:
        process.kill()


@pytest.fixture
def service(start: Start) -> str:
    """Four answers at a time, each of 80 ms (40 until its first token): 50 a second at most."""
    server = start(
        *("mocks.openai_server", "--port", "0", "--max-concurrent", "4"),
        *("--ttft-ms", "40", "--itl-ms", "10", "--tokens", "5", "--jitter", "0"),
    )
    return str(wait_for(lambda: re.search(r"http://\S+", server.text))[0])


def wait_for(what: Callable[[], Any], seconds: float = 20) -> Any:
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if found := what():
            return found
        time.sleep(0.05)
    raise AssertionError("waited in vain")


def shape(name: str, url: str, *arguments: str) -> list[str]:
    files = ",".join(str(ROOT / "locustfiles" / f"{one}.py") for one in ("stream", name))
    return [
        "locust",
        "-f",
        files,
        "--headless",
        "--only-summary",
        "-H",
        url,
        "--dialect",
        "openai",
        *arguments,
    ]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def two_processes() -> list[str]:
    port = str(free_port())
    return [
        *("--processes", "2", "--master-bind-host", "127.0.0.1", "--master-bind-port", port),
        *("--master-port", port),
    ]


def status_of(folder: Path) -> dict[str, str]:
    return {check.name: check.status for check in read_cell(folder).cell.verdict.checks}


def begun_by_second(folder: Path) -> list[int]:
    """Requests begun in each second from the first, the last one left out."""
    at = [r.due_at_ns or r.sent_at_ns for r in read_cell(folder).requests]
    seconds = Counter((t - min(at)) // 1_000_000_000 for t in at)
    return [seconds[s] for s in range(max(seconds))]


def most_at_once(folder: Path) -> int:
    requests = read_cell(folder).requests
    moments = [(r.sent_at_ns, 1) for r in requests] + [(r.ended_at_ns, -1) for r in requests]
    now = most = 0
    for _, change in sorted(moments):
        now += change
        most = max(most, now)
    return most


def levels_of(folder: Path) -> tuple[HeldLevel, ...]:
    held = read_cell(folder).cell.levels
    assert held is not None
    return held.levels


def in_flight(requests: Sequence[RequestRecord], level: HeldLevel) -> float:
    """Requests at a time in the level, on average."""
    spans = [min(r.ended_at_ns, level.end_ns) - max(r.sent_at_ns, level.start_ns) for r in requests]
    return sum(max(0, span) for span in spans) / (level.end_ns - level.start_ns)


def level_rows(text: str) -> list[list[str]]:
    """The table of levels at a load's end: its rows."""
    head = re.search(r"^ *(?:users|requests/s)  seconds  requests .*\n((?:.+\n)*)", text, re.M)
    return [line.split() for line in head[1].splitlines()] if head else []


def test_steps_of_users(start: Start, service: str, tmp_path: Path, ended_well: Any) -> None:
    steps = ["--step-users", "2", "--step-seconds", "2", "--steps", "3", "--results", "r"]
    one = start(*shape("steps", service, *steps))
    assert ended_well(one), one.text
    said = re.findall(r"Shape test updating to (\d+) users", one.text)
    assert said == ["2", "4", "6"]
    data = read_cell(tmp_path / "r")
    assert data.cell.complete
    assert most_at_once(tmp_path / "r") == 6
    assert data.cell.requested["shape"] == "Steps"
    asked = data.cell.requested["shape_options"]
    assert asked == {"step_users": 2, "step_seconds": 2, "steps": 3}
    of_one_level = ("failures", "concurrency", "arrival-rate", "steady-state", "steady-ttft")
    assert {status_of(tmp_path / "r")[name] for name in of_one_level} == {"n/a"}
    assert "the shape Steps changed the load" in str(data.cell.verdict)
    questions = [r.question for r in data.requests]
    assert len(set(questions)) == len(questions)  # those who came later asked nothing twice (TRAPS 24)
    assert [row[0] for row in level_rows(one.text)] == ["2", "4", "6"]
    two, four, six = levels_of(tmp_path / "r")
    assert all(x.status is None and x.level_from == x.level_to for x in (two, four, six))
    assert [x.level_to for x in (two, four, six)] == [2, 4, 6]
    assert data.cell.window is not None
    assert two.start_ns >= data.cell.window.start_ns
    for level in (four, six):
        assert 0.7 < level.seconds < 1.6  # of two seconds (and the tick that was late), one to settle
        assert in_flight(data.requests, level) == pytest.approx(level.level_to, rel=0.2)
    assert ("The same with intervals, and more: report r" in one.text) is data.cell.verdict.valid


def test_steps_of_a_rate_in_two_processes(
    start: Start, service: str, tmp_path: Path, ended_well: Any
) -> None:
    steps = ["--arrival", "constant", "--rate", "10", "--step-seconds", "3", "--steps", "3"]
    one = start(*shape("steps", service, *steps, "--results", "r", *two_processes()))
    assert ended_well(one), one.text
    begun = begun_by_second(tmp_path / "r")
    assert begun[1] == pytest.approx(10, abs=3)
    assert begun[-2] == pytest.approx(30, abs=4)
    assert begun[5] == pytest.approx(20, abs=4)
    cell = read_cell(tmp_path / "r").cell
    assert {r.worker for r in read_cell(tmp_path / "r").requests} == {"w0", "w1"}
    assert cell.achieved["level_unit"] == "requests_per_second"
    assert cell.requested["shape_options"] == {"step_seconds": 3, "steps": 3}
    assert [x.level_to for x in levels_of(tmp_path / "r")] == [10, 20, 30]
    rows = level_rows(one.text)  # once, by the master
    assert [row[0] for row in rows] == ["10", "20", "30"]
    assert [float(row[5]) for row in rows] == [pytest.approx(n, abs=4) for n in (10, 20, 30)]


def test_levels_are_told_only_where_records_were_kept(start: Start, service: str) -> None:
    one = start(*shape("steps", service, "--step-users", "1", "--step-seconds", "1", "--steps", "2"))
    assert one.wait() == 0, one.text
    assert level_rows(one.text) == []
    assert "report" not in one.text


SIGNALS = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)


@SIGNALS
def test_an_interrupted_load_keeps_its_levels_as_far_as_it_went(
    start: Start, service: str, tmp_path: Path, number: signal.Signals
) -> None:
    steps = ["--step-users", "2", "--step-seconds", "2", "--steps", "9", "--results", "r"]
    one = start(*shape("steps", service, *steps))
    wait_for(lambda: "updating to 4 users" in one.text)
    time.sleep(0.5)
    one.popen.send_signal(number)
    assert one.wait(20) == 130, one.text
    assert "Traceback" not in one.text
    assert not read_cell(tmp_path / "r").cell.complete
    two, four = levels_of(tmp_path / "r")
    assert (two.level_to, four.level_to) == (2, 4)
    assert two.seconds > 0.9
    assert four.seconds < 1.5
    assert [row[0] for row in level_rows(one.text)] == ["2", "4"]
    valid = read_cell(tmp_path / "r").cell.verdict.valid  # this machine may have been busy with others
    assert ("these are its levels until then" in one.text) is valid


@SIGNALS
@pytest.mark.parametrize("processes", [1, 2])
def test_a_second_signal_waits_for_no_answer(
    start: Start, tmp_path: Path, processes: int, number: signal.Signals
) -> None:
    """All of them hang: without it the load would drain for ten seconds."""
    server = start("mocks.faults", "stall", "--dialect", "openai", "--stall-s", "inf")
    url = str(wait_for(lambda: re.search(r"http://\S+", server.text))[0])
    steps = ["--step-users", "2", "--step-seconds", "2", "--steps", "9", "--results", "r"]
    one = start(*shape("steps", url, *steps, *(two_processes() if processes == 2 else [])))
    wait_for(lambda: "updating to 4 users" in one.text)
    for _ in range(3):
        time.sleep(1.2)
        one.popen.send_signal(number)
    assert one.wait(8) == 130, one.text
    assert "Traceback" not in one.text
    data = read_cell(tmp_path / "r")
    assert not data.cell.complete
    assert {r.outcome for r in data.requests} == {"cut"}
    assert [level.level_to for level in levels_of(tmp_path / "r")][:2] == [2, 4]


def test_a_table_that_cannot_be_printed_is_no_end_of_the_load(start: Start, service: str) -> None:
    steps = ["--step-users", "2", "--step-seconds", "1", "--steps", "1", "--results", "r"]
    with open("/dev/full", "w") as full:
        one = start(*shape("steps", service, *steps), stdout=full)
        assert one.wait(20) in (0, 3), one.text
    assert "Traceback" not in one.text


@pytest.mark.parametrize("downwards", [False, True])
def test_a_ramp_of_users(
    start: Start, service: str, tmp_path: Path, downwards: bool, ended_well: Any
) -> None:
    low, high = ("5", "1") if downwards else ("1", "5")
    ramp = ["--ramp-from", low, "--ramp-to", high, "--ramp-seconds", "5", "--results", "r"]
    one = start(*shape("ramp", service, *ramp))
    assert ended_well(one), one.text
    users = [int(n) for n in re.findall(r"Shape test updating to (\d+) users", one.text)]
    assert len(users) >= 4
    assert users == sorted(users, reverse=downwards)
    assert most_at_once(tmp_path / "r") == max(users)
    levels = levels_of(tmp_path / "r")
    assert len(levels) == 10
    asked = read_cell(tmp_path / "r").cell.requested["shape_options"]
    assert asked == {"ramp_from": float(low), "ramp_to": int(high), "ramp_seconds": 5}
    assert (levels[0].level_from, levels[-1].level_to) == (float(low), float(high))
    assert all(before.level_to == after.level_from for before, after in pairwise(levels))
    assert [x.seconds for x in levels[5:9]] == [pytest.approx(0.5, abs=0.01)] * 4
    assert len(level_rows(one.text)) == 10


def test_a_ramp_of_a_rate(start: Start, service: str, tmp_path: Path, ended_well: Any) -> None:
    ramp = ["--arrival", "constant", "--rate", "40", "--ramp-from", "0", "--ramp-seconds", "8"]
    one = start(*shape("ramp", service, *ramp, "--results", "r"))
    assert ended_well(one), one.text
    begun = begun_by_second(tmp_path / "r")
    assert sum(begun) == pytest.approx(160, rel=0.25)  # half of 40 for 8 seconds
    assert begun[0] < 12
    assert begun[-1] > 25


def test_a_search_finds_how_many_users_the_service_serves_at_once(
    start: Start, service: str, tmp_path: Path
) -> None:
    search = ["-u", "2", "--slo", "ttft:54 percentile:90", "--level-seconds", "1", "--results", "r"]
    one = start(*shape("search", service, *search))
    code = one.wait()
    written = json.loads((tmp_path / "r" / "search.json").read_text())
    assert written["outcome"] == "found", one.text
    assert written["level"] == 4  # the fifth waits for one of four to end
    assert written["goodput"] == pytest.approx(50, rel=0.15)
    sentence = "highest concurrency that meets ttft<=54 ms at p90: 4 users, goodput "
    assert sentence in one.text.splitlines()[-2]
    assert re.search(r"^ +8 +\d+ +0 +\d +1\d\d +0\.0 +missed$", one.text, re.M), one.text
    cell = read_cell(tmp_path / "r").cell
    assert cell.requested["shape"] == "HighestLoad"
    assert cell.requested["shape_options"] == {
        "slo": "ttft<=54 ms at p90",
        "search_from": 2,
        "search_to": 1000,
        "level_seconds": 1,
        "search_seconds": 300,
    }
    assert code == (0 if cell.verdict.valid else 3)
    rows = [(x["level"], x["status"]) for x in written["levels"]]
    assert [(x.level_to, x.status) for x in levels_of(tmp_path / "r")] == rows
    for level in levels_of(tmp_path / "r"):
        assert level.seconds >= 0.9
        assert in_flight(read_cell(tmp_path / "r").requests, level) == pytest.approx(level.level_to, rel=0.2)
    assert level_rows(one.text) == []  # it has a table of its own
    assert "Traceback" not in one.text


def test_a_search_for_a_rate_by_two_workers(start: Start, service: str, ended_well: Any) -> None:
    """Constant arrivals keep the service's queue empty until its 50 a second are passed."""
    search = ["--arrival", "constant", "--rate", "44", "--slo", "ttft:150", "--level-seconds", "1.5"]
    search += ["--search-to", "60"]  # a queue of a rate far above takes long to go
    port = str(free_port())
    here = ["--master-bind-host", "127.0.0.1", "--master-bind-port", port]
    one = start(*shape("search", service, *search, "--master", "--expect-workers", "2", *here))
    for _ in range(2):
        start(*shape("search", service, "--worker", "--master-host", "127.0.0.1", "--master-port", port))
    assert ended_well(one), one.text
    found = re.search(
        r"highest rate that meets ttft<=150 ms at p95: ([\d.]+) requests/s, goodput ([\d.]+)/s", one.text
    )
    assert found, one.text
    assert 44 <= float(found[1]) <= 56
    assert float(found[2]) == pytest.approx(float(found[1]), rel=0.15)


def test_a_search_that_finds_nothing_exits_4(start: Start, service: str) -> None:
    one = start(*shape("search", service, "--slo", "ttft:20", "--level-seconds", "2"))
    assert one.wait() == 4, one.text
    assert "not even 1 user meets ttft<=20 ms at p95" in one.text


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("load", [["-u", "12"], ["--arrival", "constant", "--rate", "20"]])
def test_requests_that_hang_keep_no_objective(start: Start, processes: int, load: list[str]) -> None:
    """Each fifth hears nothing for longer than the search lasts: not one of the slow ones ever ends."""
    server = start("mocks.faults", "each-fifth", "--dialect", "openai", "--ttft-ms", "40", "--stall-s", "60")
    url = str(wait_for(lambda: re.search(r"http://\S+", server.text))[0])
    slo = ["--slo", "ttft:500", "--level-seconds", "2", "--drain-seconds", "0"]
    one = start(*shape("search", url, *slo, *load, *(two_processes() if processes == 2 else [])))
    assert one.wait() == 4, one.text
    row = re.search(r"^ +(?:12|20) +\d+ +0 +(\d+) +\d{4} +\S+ +missed$", one.text, re.M)
    assert row, one.text
    assert int(row[1]) >= 3
    assert "Traceback" not in one.text


def test_failed_requests_keep_no_objective(start: Start, tmp_path: Path) -> None:
    slo = ["--slo", "e2e:5000", "--level-seconds", "2"]
    one = start(*shape("search", f"http://127.0.0.1:{free_port()}", *slo))
    assert one.wait() == 4, one.text


def test_a_search_that_finds_nothing_in_an_invalid_run_exits_3(start: Start, tmp_path: Path) -> None:
    """The service compresses its streams, so that no figure of them is believed."""
    server = start("mocks.faults", "gzip", "--dialect", "openai", "--ttft-ms", "40")
    url = str(wait_for(lambda: re.search(r"http://\S+", server.text))[0])
    one = start(*shape("search", url, "--slo", "ttft:20", "--level-seconds", "2", "--results", "r"))
    code = one.wait()
    assert json.loads((tmp_path / "r" / "search.json").read_text())["outcome"] == "none", one.text
    assert status_of(tmp_path / "r")["compressed"] == "fail", one.text
    assert code == 3, one.text


@pytest.mark.parametrize("processes", [1, 2])
def test_a_search_out_of_time_is_inconclusive(start: Start, service: str, processes: int) -> None:
    search = ["--slo", "ttft:500", "--level-seconds", "2", "--search-seconds", "6"]
    one = start(*shape("search", service, *search, *(two_processes() if processes == 2 else [])))
    assert one.wait() == 3, one.text
    assert "the 6 seconds it was given were over; the highest concurrency that met was" in one.text


@SIGNALS
def test_an_interrupted_search_says_what_it_saw(
    start: Start, service: str, tmp_path: Path, number: signal.Signals
) -> None:
    one = start(*shape("search", service, "--slo", "ttft:500", "--level-seconds", "2", "--results", "r"))
    wait_for(lambda: "2 users: answers" in one.text)
    one.popen.send_signal(number)
    assert one.wait(20) == 130, one.text
    assert "it was stopped; the highest concurrency that met was" in one.text
    assert not read_cell(tmp_path / "r").cell.complete
    assert json.loads((tmp_path / "r" / "search.json").read_text())["outcome"] == "inconclusive"


def test_an_interrupted_search_exits_130_without_records_too(start: Start, service: str) -> None:
    one = start(*shape("search", service, "--slo", "ttft:500", "--level-seconds", "2"))
    wait_for(lambda: "1 user: answers" in one.text)
    one.popen.send_signal(signal.SIGINT)
    assert one.wait(20) == 130, one.text


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("search", [], "which objective?"),
        ("search", ["--slo", "fast please"], "--slo 'fast' is none of ttft, e2e, itl, tpot"),
        ("search", ["--slo", "ttft:-5"], "--slo 'ttft:-5' wants a number above 0"),
        ("search", ["--slo", "ttft:5", "-u", "8", "--search-to", "7"], "below where the search begins: -u 8"),
        (
            "search",
            ["--slo", "ttft:5", "--arrival", "constant", "--rate", "8.5", "--search-to", "8"],
            "--search-to 8 is below where the search begins: --rate 8.5",
        ),
        ("search", ["--slo", "ttft:5", "--level-seconds", "0"], "--level-seconds wants a number"),
        ("search", ["--slo", "ttft:5", "--arrival", "poisson"], "wants a --rate"),
        ("steps", ["--steps", "0"], "--steps wants a whole number of at least 1"),
        ("ramp", ["--ramp-to", "many"], "--ramp-to wants a whole number of at least 1"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(start: Start, name: str, arguments: list[str], said: str) -> None:
    one = start(*shape(name, "http://127.0.0.1:1", *arguments))
    assert one.wait(20) == 2, one.text
    errors = [line for line in one.text.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, one.text
    assert said in errors[0]
    assert "Traceback" not in one.text


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ("stream.py,steps.py,ramp.py", "a load has one shape, not 2: Ramp, Steps"),
        ("ramp.py,steps.py", "a load has one shape, not 2: Ramp, Steps"),
        ("search.py,stream.py,steps.py", "a load has one shape, not 2: HighestLoad, Steps"),
    ],
)
def test_two_shapes_are_refused_in_one_line(start: Start, files: str, said: str) -> None:
    """Locust alone would run the first and say nothing of the other."""
    paths = ",".join(str(ROOT / "locustfiles" / name) for name in files.split(","))
    one = start("locust", "-f", paths, "--headless", "-H", "http://127.0.0.1:1")
    assert one.wait(20) == 2, one.text
    assert one.text.splitlines() == [f"error: {said}; leave one in -f"]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("steps", ["--step-users", "--step-seconds", "--steps"]),
        ("ramp", ["--ramp-from", "--ramp-to", "--ramp-seconds"]),
        ("search", ["--slo", "--level-seconds", "--search-to", "--search-seconds"]),
    ],
)
def test_the_options_are_explained(name: str, options: list[str]) -> None:
    """By locust's parser once the file is loaded: `locust --help` itself ends before it loads one."""
    code = f"import locust, locustfiles.{name} as m; from locust.argument_parser import get_parser; "
    code += "get_parser().print_help(); print(m.__doc__)"
    shown = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True
    ).stdout
    parser, _, doc = shown.partition(f"locustfiles/{name}.py")
    for option in options:
        assert re.search(rf"^  {option} \S+\s+{name.capitalize()}: \w+", parser, re.M), parser
        assert option in doc
