"""Commands of the pages are run as they are written, page by page, against processes of this machine.

Blocks marked ``sh`` are run, in order, in one shell and one folder. Those marked ``shell`` are not:
NOT_RUN says why.
"""

import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from support import OF_THE_MACHINE
from sweep import cli

ROOT = Path(__file__).resolve().parents[2]
ELSEWHERE = {
    *("docs/adding-a-deployment.md", "docs/adding-a-finding.md", "docs/adding-a-metric.md"),
    *("docs/adding-a-scenario.md", "docs/pandas.md"),
}
"""Pages whose contents other tests run."""
NOT_RUN = {
    "python3 -m venv": "installs packages", "pip install": "installs packages",
    "source .venv/bin/activate": "the tests' own environment is on PATH", "make install": "installs packages",
    "make sweep": "takes 6 minutes", "make test": "would run this test", "make check": "would run this test",
    "make cluster-test": "builds an API server", "make bench": "takes 3 to 25 minutes",
    "make case-study": "installs packages, and takes ten minutes", "make fuzz": "takes ten minutes",
    "make scan-k8s": "installs packages", "kind ": "makes a cluster",
    "make podman-test": "builds images", "make images": "builds images", "sudo apt-get": "installs packages",
    "sweep --deployment pod --deployment podman": "wants podman; make podman-test runs it",
    "docker build": "wants a registry and minutes; tests/k8s reads the Dockerfiles",
    "kubectl ": "wants a cluster; tests/k8s renders and validates what it applies",
    "report cluster/": "reports a load of the reader's cluster",
    "report us/ eu/ ap/": "reports a load of three regions",
    "CHOKEPOINT_PEERS=": "takes minutes, beside peers that are not installed here",
    "report results/*-before": "reports two sweeps of the reference app, of which the plans alone are tried",
    "report results/eu results/us": "reports a load of two regions",
    "sweep --deployment 'run:uvicorn mine:app": "starts the reader's app; the page goes on with another",
    "sweep --deployment 'rag=run:python benchmarks/case_study": "make case-study runs it",
    "sweep --deployment local --deployment pod": "takes minutes; tests/sweep/running starts such apps",
    "sweep --deployment local --deployment local-equal-cpu": "takes minutes; so do its cells",
    "guidellm run": "is not installed here", "aiperf profile": "is not installed here",
    "export MODELS_URL=": "wants what make case-study installs",
    "python benchmarks/case_study/models.py": "runs until it is stopped, for the app below it",
    "OPEN_WEBUI=": "wants what make case-study installs",
    "CASE_STUDY_APP=": "wants what make case-study installs", "prometheus ": "is not installed here",
    "profile --port 8001 --inside": "looks into a service of the reader; tests/profiler/attach does it",
    "sweep --deployment url:http://127.0.0.1:8001 --attach": "so does this",
    "sweep --deployment url:http://my-app": "asks a service of the reader",
    "sweep --deployment k8s:": "asks a cluster of the reader",
    "sweep --deployment local --deployment k8s:": "asks a cluster of the reader",
    "sweep --deployment run:'uvicorn my_app": "starts the reader's app",
    "sweep --try-fixes results/": "names a folder of the reader",
    "sweep --regions": "is run, shorter, by tests/sweep/test_regions_sweep.py",
    "curl -X POST 127.0.0.1:8201": "cuts the reader's link", "sweep --resume": "names a folder of the reader",
}  # fmt: skip
"""Commands in blocks marked ``shell`` by how they begin, and why no test runs them."""
RUNNING = r"sweep (?=.*(?:url|run):)"
SHORTER = (
    (r"-t (10|30|60)s", "-t 2s"),
    (r"-u (10|20)\b", "-u 4"),
    # A percentile wants 59 answers; more of them take CPU alone.
    (r"python -m mocks\.(?:faults healthy|openai_server)", r"\g<0> --ttft-ms 70 --itl-ms 2 --tokens 5"),
    (r"--duration 60", "--duration 1"),
    (r"(profile --(?:port|match) \S+)(?!.*--duration)", r"\1 --duration 1"),  # for: until Ctrl-C
    (r"--step-seconds 10 --steps 6", "--step-seconds 2 --steps 2"),
    (r"--ramp-to 30 --ramp-seconds 60", "--ramp-to 3 --ramp-seconds 3"),
    (r"--search-to 16", "--search-to 2 --level-seconds 1"),
    (rf"({RUNNING}.*--concurrency) [\d,]+(?: --repeats 1)?", r"\1 1 --repeats 1 --requests 10 --budget 10s"),
    (r"uvicorn target_app", r"USE_MOCK_EMBEDDINGS=yes \g<0>"),  # tests/target_app loads the model
    (rf"^(?!{RUNNING})sweep (?!.*--plan-only)", "sweep --plan-only "),  # those of the reference app
)
"""What is put in place of what, so that a page takes seconds."""
PORT = re.compile(r"\b(?:8[01]0\d|9001|5557)\b")
INVALID = {"results/truncated": "shows a measurement that is spoiled"}
PLANNED = re.compile(r"sweep (?=.*--plan-only)")
"""What starts nothing: it is called in this process, for most of its time goes into imports."""
COMMAND_WORDS = ("sweep ", "locust ", "report ", "profile ", "python", "pip ", "make ", "uvicorn ", "curl ")
BLOCK = re.compile(r"^```(.*)\n((?:.*\n)*?)```$", re.MULTILINE)
LIMIT_S = 150


def pages() -> list[str]:
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
    return sorted({str(page.relative_to(ROOT)) for page in found} - ELSEWHERE)


def blocks(page: str) -> list[tuple[str, str]]:
    """Each block's mark and text."""
    return BLOCK.findall((ROOT / page).read_text())


def commands(page: str, mark: str) -> list[str]:
    """A command each; one that goes on over lines is one."""
    text = "".join(body for found, body in blocks(page) if found == mark).replace("\\\n", " ")
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def shortened(command: str) -> str:
    for pattern, shorter in SHORTER:
        command = re.sub(pattern, shorter, command)
    return command


def script(page: str, free_port: Callable[[], int]) -> str:
    """One for bash. After each command it says the exit code; a server has the time until it listens."""
    ports: dict[str, str] = {}

    def moved(match: re.Match[str]) -> str:
        return ports.setdefault(match[0], str(free_port()))

    lines = []
    for number, command in enumerate(commands(page, "sh")):
        command = PORT.sub(moved, shortened(command))
        if PLANNED.match(command):
            continue
        lines += [f"printf '\\n### %s\\n' {number}", command, f"printf '\\n### {number} exit %s\\n' $?"]
        if listens := re.search(r"--(?:port|listen) (\d+).*&$", command):
            lines.append(f"until (exec 3<>/dev/tcp/127.0.0.1/{listens[1]}) 2>/dev/null; do sleep 0.1; done")
    return "\n".join(lines)


@pytest.fixture
def environment(tmp_path: Path, knowledge: Path, indexes: Path) -> dict[str, str]:
    """A new user's, with the suite on its paths and few documents for the reference app."""
    ours = ("LOCUST_", "TARGET_", "OPENAI_", "USE_MOCK_", "REGION")
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(ours)},
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "KNOWLEDGE_BASE_DIR": str(knowledge),
        "XDG_CACHE_HOME": str(indexes),
        "DOCS_FOLDER": str(tmp_path),
    }


def still_there(folder: Path) -> Iterator[psutil.Process]:
    """Processes of a page, by their environment."""
    for process in psutil.process_iter():
        try:
            if process.environ().get("DOCS_FOLDER") == str(folder) and process.status() != "zombie":
                yield process
        except psutil.Error:
            continue


def run(text: str, folder: Path, environment: dict[str, str]) -> str:
    """The output. Nothing that was started is left."""
    output = folder / "output"
    with output.open("wb") as file:
        shell = subprocess.Popen(
            ["bash", "-c", text], cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=file,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            shell.wait(timeout=LIMIT_S)
        except subprocess.TimeoutExpired:
            pytest.fail(f"after {LIMIT_S} s:\n{output.read_text()[-3000:]}")
        finally:
            with contextlib.suppress(ProcessLookupError):  # a page without servers has ended
                os.killpg(shell.pid, signal.SIGKILL)
            shell.wait(timeout=10)
            _, left = psutil.wait_procs(list(still_there(folder)), timeout=5)
            for process in left:
                process.kill()
    assert not left, "outside the shell's group"
    return output.read_text()


def failed_checks(folder: Path) -> set[str]:
    """Those that say more than that this machine was busy."""
    found: set[str] = set()
    for cell in folder.glob("results/**/cell.json"):
        if str(cell.parent.relative_to(folder)) in INVALID:
            continue
        verdict = json.loads(cell.read_text())["verdict"]
        found |= {check["name"] for check in verdict["checks"] if check["status"] == "fail"}
    return found - OF_THE_MACHINE


@pytest.mark.parametrize("page", [page for page in pages() if commands(page, "sh")])
def test_the_commands_of_a_page_work(
    page: str, tmp_path: Path, environment: dict[str, str], free_port: Callable[[], int], here: Any
) -> None:
    text, written = script(page, free_port), [shortened(command) for command in commands(page, "sh")]
    for tool in ("jq", "curl"):
        if f"\n{tool} " in text and shutil.which(tool) is None:
            pytest.skip(f"no {tool}")
    (tmp_path / "locustfiles").symlink_to(ROOT / "locustfiles")
    output = run(text, tmp_path, environment)
    codes = {int(number): int(code) for number, code in re.findall(r"^### (\d+) exit (\d+)$", output, re.M)}
    planned = {number: command for number, command in enumerate(written) if PLANNED.match(command)}
    assert set(codes) == set(range(len(written))) - planned.keys(), output[-3000:]
    for command in planned.values():
        done = here(cli.main, *shlex.split(command, comments=True)[1:], **environment)
        assert done.returncode == 0, f"{command}\n{done.stderr}"
    for number, code in codes.items():
        command = written[number]
        judged = re.match(r"(\w+=\S+ )*(locust|sweep|report) ", command)  # of a busy machine they say 3
        told = re.search(rf"^### {number}\n(.*)^### {number} exit", output, re.M | re.S)
        assert code in ((0, 3) if judged else (0,)), f"{command}\n{told and told[1][-3000:]}"
    assert failed_checks(tmp_path) == set(), output[-3000:]


def test_what_is_not_run_is_listed_with_its_reason() -> None:
    written = [command for page in pages() for command in commands(page, "shell")]
    unlisted = [command for command in written if not command.startswith(tuple(NOT_RUN))]
    unused = [start for start in NOT_RUN if not any(command.startswith(start) for command in written)]
    assert (unlisted, unused) == ([], [])


@pytest.mark.parametrize("page", pages())
def test_no_command_escapes_by_its_mark(page: str) -> None:
    for mark, body in blocks(page):
        assert mark in {"sh", "shell", "text", "json", "python", "diff"}, f"```{mark} in {page}"
        if mark not in {"sh", "shell"}:
            assert not [line for line in body.splitlines() if line.startswith(COMMAND_WORDS)]


@pytest.mark.parametrize("shorter", SHORTER, ids=lambda shorter: shorter[0])
def test_what_is_shortened_is_written_somewhere(shorter: tuple[str, str]) -> None:
    written = [command for page in pages() for command in commands(page, "sh")]
    before = SHORTER[: SHORTER.index(shorter)]
    for pattern, text in before:
        written = [re.sub(pattern, text, command) for command in written]
    assert any(re.search(shorter[0], command) for command in written)


@pytest.mark.parametrize("page", sorted(page for page in ELSEWHERE if (ROOT / page).exists()))
def test_other_pages_have_tests_of_their_own(page: str) -> None:
    others = [test for test in (ROOT / "tests").rglob("test_*.py") if test.parent != Path(__file__).parent]
    assert any(Path(page).name in test.read_text() for test in others)
