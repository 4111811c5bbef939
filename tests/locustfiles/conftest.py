"""The mock LLM server, and locust with a shape, as processes."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from records.cells.levels import LoadStage
from records.cells.reader import read_cell
from support import ROOT, Process

Start = Callable[..., Process]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    running: list[Process] = []

    def one(*arguments: str, stdout: IO[str] | None = None) -> Process:
        running.append(Process(tmp_path / f"{len(running)}.log", *arguments, stdout=stdout))
        return running[-1]

    yield one
    for process in running:
        process.kill()


def serving(start: Start, at_once: int, ttft_ms: int, itl_ms: int) -> str:
    """Answers of five tokens, so many at a time; the address."""
    server = start(
        *("mocks.openai_server", "--port", "0", "--max-concurrent", str(at_once)),
        *("--ttft-ms", str(ttft_ms), "--itl-ms", str(itl_ms), "--tokens", "5", "--jitter", "0"),
    )
    return str(server.url)


@pytest.fixture
def service(start: Start) -> str:
    """Sixteen answers at a time, each of 320 ms (160 until its first token): 50 a second at most."""
    return serving(start, 16, 160, 40)


@pytest.fixture
def two_at_a_time(start: Start) -> str:
    """Two answers at a time, each of 300 ms (150 until its first token): 6.7 a second at most."""
    return serving(start, 2, 150, 37)


@pytest.fixture
def load(start: Start) -> Start:
    """A load with the shape of that name."""

    def begun(name: str, url: str, *more: str, stdout: IO[str] | None = None) -> Process:
        files = ",".join(str(ROOT / "locustfiles" / f"{one}.py") for one in ("stream", name))
        words = ["locust", "-f", files, "--headless", "--only-summary", "-H", url, "--dialect", "openai"]
        return start(*words, *more, stdout=stdout)

    return begun


@pytest.fixture
def two_processes(free_port: Callable[[], int]) -> Callable[[], list[str]]:
    def arguments() -> list[str]:
        port = str(free_port())
        here = ["--master-bind-host", "127.0.0.1", "--master-bind-port", port, "--master-port", port]
        return ["--processes", "2", *here]

    return arguments


@pytest.fixture
def held() -> Callable[[Path], list[tuple[LoadStage, float]]]:
    """The levels of a load, and how many requests were in flight at a time in each, on average."""

    def levels(folder: Path) -> list[tuple[LoadStage, float]]:
        data = read_cell(folder)
        assert data.cell.levels is not None
        return [(level, in_flight(level, data.requests)) for level in data.cell.levels.levels]

    def in_flight(level: LoadStage, requests: Any) -> float:
        spans = [min(r.ended_at_ns, level.end_ns) - max(r.sent_at_ns, level.start_ns) for r in requests]
        return sum(max(0, span) for span in spans) / max(1, level.end_ns - level.start_ns)

    return levels
