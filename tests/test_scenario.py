"""What `docs/adding-a-scenario.md` shows, in a copy of the checkout, run: no other file is touched."""

import csv
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support import environment, free_port, rows

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "adding-a-scenario.md"
ROOMS = (
    *("cli", "loadgen", "locustfiles", "mocks", "profiler", "reach", "records", "reports", "sweep"),
    "workloads",
)
BLOCK = re.compile(r"`(?P<path>[a-z_]+/[a-z_/]+\.py)`[^`]*?```(?P<kind>python|diff)\n(?P<text>.*?)```", re.S)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("checkout")
    for room in ROOMS:
        shutil.copytree(ROOT / room, copy / room, ignore=shutil.ignore_patterns("__pycache__"))
    rooms = set()
    for block in BLOCK.finditer(DOCUMENT.read_text()):
        path = copy / block["path"]
        if not path.parent.is_dir():
            continue
        rooms.add(block["path"].partition("/")[0])
        if block["kind"] == "python":
            assert not path.exists(), f"{path} is no new file"
            path.write_text(block["text"])
        else:
            path.write_text(patched(path.read_text(), block["text"]))
    assert rooms >= {"locustfiles", "loadgen", "mocks"}
    return copy


def patched(text: str, diff: str) -> str:
    """With a unified diff's lines (no heads), each of whose old lines is there once."""
    for before, kind, old, after in re.findall(r"((?:\+.*\n)*)([ -])(.*\n)((?:\+.*\n)*)", diff):
        assert text.count(old) == 1, old
        added = [re.sub(r"^\+", "", lines, flags=re.MULTILINE) for lines in (before, after)]
        text = text.replace(old, added[0] + (old if kind == " " else "") + added[1])
    return text


@pytest.fixture
def clean(checkout: Path) -> dict[str, str]:
    return environment(PYTHONPATH=str(checkout))


@pytest.fixture
def service(checkout: Path, clean: dict[str, str]) -> Iterator[str]:
    words = [sys.executable, "-m", "mocks.echo", "--port", "0"]
    with subprocess.Popen(words, cwd=checkout, env=clean, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        yield server.stdout.readline().split()[-1]
        server.terminate()


Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(checkout: Path, clean: dict[str, str], tmp_path: Path) -> Run:
    """python with these words."""

    def done(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, *words]
        return subprocess.run(command, cwd=tmp_path, env=clean, capture_output=True, text=True, timeout=200)

    return done


@pytest.fixture
def load(checkout: Path, run: Run) -> Run:
    def done(*words: str, shape: str = "") -> subprocess.CompletedProcess[str]:
        files = ",".join(str(checkout / "locustfiles" / f"{name}.py") for name in ("echo", shape) if name)
        return run("-m", "locust", "-f", files, "--headless", "--think-time", "0.01", *words)

    return done


def test_the_one_command_line_starts_its_mock(run: Run) -> None:
    done = run("-m", "cli", "mock", "echo", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Usage: chokepoint mock echo ")


@pytest.mark.parametrize("more", [[], ["--processes", "2"]])
def test_locust_runs_it_alone_and_distributed(
    run: Run, load: Run, service: str, tmp_path: Path, more: list[str]
) -> None:
    port = str(free_port())
    more = [*more, "--master-bind-port", port, "--master-port", port] if more else more
    done = load("-H", service, "--size", "100", "-u", "2", "-t", "3s", "--results", "out", *more)
    assert "Traceback" not in done.stderr, done.stderr
    cell = json.loads((tmp_path / "out" / "cell.json").read_text())
    assert (cell["workload"], cell["requested"]["size"], cell["complete"]) == ("echo", 100, True)
    assert "dialect" not in cell["requested"]
    good = [record for record in rows(tmp_path / "out" / "requests.jsonl") if record["outcome"] == "ok"]
    assert len(good) > 20, done.stderr
    assert {record["values"]["size"] for record in good} == {100}
    assert len({record["question"] for record in good}) == len(good)
    assert re.search(r"POST +/echo +\d+", done.stdout + done.stderr)
    said = run("-c", "from reports.cli import main; raise SystemExit(main())", "out", "--json")
    assert "latency_p50" in said.stdout, said.stderr


def test_its_options_have_bounds_and_are_the_only_ones(load: Run, run: Run, tmp_path: Path) -> None:
    wants = "--size wants a whole number of at least 1, not '0'"
    small = load("-H", "http://127.0.0.1:9", "--size", "0")
    assert small.returncode == 2
    assert small.stderr.strip().endswith(f"error: {wants}")
    assert load("-H", "http://127.0.0.1:9", "--dialect", "openai").returncode == 2
    done = run("-m", "sweep", "--scenario", "echo", "--grid", "size=1,0")
    assert (done.returncode, done.stderr) == (2, f"error: the scenario echo: {wants}\n")
    assert list(tmp_path.iterdir()) == []


def test_a_sweep_goes_over_its_options_with_load_workers(run: Run, service: str, tmp_path: Path) -> None:
    words = ["--scenario", "echo", "--grid", "size=1,100", "--workers", "2", "--concurrency", "2"]
    words += ["--deployment", f"url:{service}", "--config", "as-is", "--repeats", "1", "--output", "out"]
    done = run("-m", "sweep", *words, "--", "--think-time", "0.1")
    assert done.returncode in (0, 3), done.stderr  # 3: a busy machine spoiled a cell
    [summary] = (tmp_path / "out").glob("*/summary.csv")
    found = list(csv.DictReader(summary.open()))
    assert sorted(row["size"] for row in found) == ["1", "100"]
    assert "latency_p50_ms" in found[0]


@pytest.mark.parametrize(("slo", "codes", "said"), [
    ("latency:5000 percentile:90", (0, 3), "latency<=5000 ms at p90"),  # 3: a busy machine was late
    ("ttft:500", (2,), "error: --slo 'ttft' is none of latency, size, percentile"),
])  # fmt: skip
def test_a_search_has_the_objectives_of_its_workload(
    load: Run, service: str, slo: str, codes: list[int], said: str
) -> None:
    words = ("-H", service, "-u", "2", "--search-to", "2", "--level-seconds", "2", "--slo", slo)
    done = load(*words, shape="search")
    assert done.returncode in codes, done.stdout + done.stderr
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
