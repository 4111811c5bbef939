"""One case: its sweep with the dial, and the service beside itself with a stage that really is slower."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median

from dialled.cases import LONG, SHORT, SLOWER, Case
from plants.sweeping import Failed, server
from plants.texts import KNOWLEDGE

from records.cells.measure import rate, timed
from records.cells.reader import CellData, read_meta, read_run
from reports.analysis.analyse import analyse
from reports.figures.dial import Elasticity, dial_of_level
from sweep.running.processes import free_port

ROOT = Path(__file__).resolve().parents[2]
WITHIN = 0.2
"""Of the real change: so near is a prediction right."""
REPEATS = 4
DIAL_BUDGET, REAL_BUDGET = "115s", "110s"
"""What the machine spoils is not measured again: on a busy one that would take half an hour."""
LIMIT_S = 420.0
QUESTIONS = 2000
WORDS = {SHORT: 8, LONG: 15}


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """Of one figure where a stage took ``slower`` times as long; changes are shares of what it was."""

    stage: str
    slower: float
    figure: str
    predicted: float
    real: float
    valid: bool
    """Were there valid cells to see what is real?"""

    @property
    def right(self) -> bool:
        return abs(self.predicted - self.real) <= WITHIN * abs(self.real)


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Signs of RPS and TTFT, as they are to be and as they were found."""

    stage: str
    rps: float
    ttft: float
    wanted: tuple[str, str]
    found: tuple[str, str]

    @property
    def right(self) -> bool:
        """An elasticity that is said to be large has its sign; one that is small is not said to be large."""
        return self.found == self.wanted


def write_questions(folder: Path) -> None:
    """Of the same number of words in each file."""
    rng = random.Random(0)
    words = (folder / KNOWLEDGE / "note-000.txt").read_text().split()
    for name, count in WORDS.items():
        lines = [f"Note {n}: {' '.join(rng.choices(words, k=count))}?\n" for n in range(QUESTIONS)]
        (folder / name).write_text("".join(lines))


def swept(name: str, output: Path, *words: str) -> Path:
    """The directory of a sweep, which is not run again where it is kept and complete. Raises Failed where it
    ends with anything but a measurement."""
    for run in sorted(output.glob(f"*-{name}")):
        if read_meta(run).get("status") == "complete":
            return run
    log = output / f"{name}.log"
    argv = [sys.executable, "-m", "sweep", "--name", name, "--output", str(output), *words]
    environment = {k: v for k, v in os.environ.items() if k != "OPENAI_BASE_URL"}
    path = os.pathsep.join([str(ROOT), str(ROOT / "benchmarks")])
    with log.open("ab") as file:
        child = subprocess.Popen(
            argv, cwd=output, env={**environment, "PYTHONPATH": path}, stdout=file, stderr=subprocess.STDOUT
        )
        try:
            code = child.wait(LIMIT_S)
        except BaseException as error:
            child.terminate()
            child.wait(60)
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
            raise Failed(f"the sweep did not end within {LIMIT_S:.0f} s ({log})") from None
    found = sorted(output.glob(f"*-{name}"))
    if code not in (0, 3) or not found:
        raise Failed(f"the sweep ended with {code} ({log})")
    return found[-1]


@contextmanager
def llm_settings(case: Case, times: float, output: Path) -> Iterator[dict[str, str]]:
    """The settings of a service whose LLM server takes so many times as long for its first token."""
    if case.llm is None:
        yield {}
        return
    port = free_port()
    options = {**case.llm, "--ttft-ms": case.llm["--ttft-ms"] * times}
    words = [word for name, value in options.items() for word in (name, f"{value:g}")]
    argv = ["-m", "mocks.openai_server", "--port", str(port), *words]
    with server(argv, port, output, f"llm-{port}"):
        yield {"OPENAI_BASE_URL": f"http://127.0.0.1:{port}/v1"}


def config(name: str, *settings: Mapping[str, str]) -> str:
    every = {"RETRIEVAL": "async", **{key: value for one in settings for key, value in one.items()}}
    return f"{name}:" + ",".join(f"{key}={value}" for key, value in every.items())


def elasticities(case: Case, output: Path) -> tuple[list[Elasticity], bool]:
    """With whether the cell is valid: windows are held against their neighbours, so it is seen how they do on
    a machine that is busy with others. Raises Failed where there is no cell."""
    with llm_settings(case, 1.0, output) as llm:
        run = swept(
            f"{case.name}-dial", output, "--dial", "--config", config("now", case.settings, llm),
            "--budget", DIAL_BUDGET, *common(case, output), "--", "--questions", str(output / SHORT),
        )  # fmt: skip
    levels = analyse([read_run(run)]).levels
    found = [one for level in levels for one in dial_of_level(level, level.cells)]
    if not found:
        raise Failed(f"no cell with the dial in {run}")
    return found, all(level.valid for level in levels)


def common(case: Case, output: Path) -> list[str]:
    words = ["--set", f"KNOWLEDGE_BASE_DIR={output / KNOWLEDGE}", "--concurrency", str(case.users)]
    return [*words, "--no-probes", "--no-inside"]


def really(case: Case, output: Path) -> tuple[list[CellData], list[CellData], bool]:
    """Cells of the service as it is, and with a stage that is slower: the valid ones, if both have some."""
    words = [
        *common(case, output),
        "--repeats",
        str(REPEATS),
        "--requests",
        "100000",
        "--budget",
        REAL_BUDGET,
    ]
    if case.changed == "llm":
        with llm_settings(case, 1.0, output) as now, llm_settings(case, SLOWER, output) as slower:
            run = swept(
                f"{case.name}-real", output, "--config", config("now", case.settings, now),
                "--config", config("slower", case.settings, slower), *words, "--", "--questions",
                str(output / SHORT),
            )  # fmt: skip
        sides: Sequence[str] = ("now", "slower")
    else:
        with llm_settings(case, 1.0, output) as llm:
            run = swept(
                f"{case.name}-real", output, "--config", config("now", case.settings, llm),
                "--grid", f"questions={SHORT},{LONG}", *words,
            )  # fmt: skip
        sides = (SHORT, LONG)
    cells = read_run(run).cells
    both = [[d for d in cells if side in (d.cell.config, d.cell.point.get("questions"))] for side in sides]
    if not all(both):
        raise Failed(f"no two cells to compare in {run}")
    valid = [[d for d in own if d.cell.verdict.valid] for own in both]
    repeats = set.intersection(*({d.cell.repeat for d in own} for own in valid))
    chosen = valid if repeats else both
    return chosen[0], chosen[1], bool(repeats)


def figures(data: CellData, stage: str) -> tuple[float, float, float]:
    """The stage's mean time, RPS, median TTFT."""
    good = [r for r in timed(data.requests, data.cell.window) if r.outcome == "ok" and r.stages]
    took = fmean((r.stages or {})[stage]["running_ms"] for r in good)
    waits = [r.ttft_ms for r in good if r.ttft_ms is not None]
    return took, rate(data.requests, data.cell.window) or 0.0, median(waits)


def changes(before: Sequence[CellData], after: Sequence[CellData], stage: str) -> tuple[float, float, float]:
    """What the three are multiplied by: the median over the repeats, in each of which both were measured."""
    found = []
    for one in before:
        for other in after:
            if one.cell.repeat == other.cell.repeat:
                pair = zip(figures(one, stage), figures(other, stage), strict=True)
                found.append([now / then for then, now in pair])
    if not found:
        raise Failed("no repeat has two cells to compare")
    took, rps, ttft = (median(column) for column in zip(*found, strict=True))
    return took, rps, ttft


def predictions(case: Case, found: Sequence[Elasticity], output: Path) -> list[Prediction]:
    if not case.changed:
        return []
    [own] = [one for one in found if one.stage == case.changed]
    before, after, valid = really(case, output)
    slower, rps, ttft = changes(before, after, case.changed)
    pairs = ((rps, "rps", own.throughput), (ttft, "ttft", own.compared))
    return [
        Prediction(
            stage=case.changed,
            slower=slower,
            figure=figure,
            predicted=slower**elasticity.value - 1,
            real=times - 1,
            valid=valid,
        )
        for times, figure, elasticity in pairs
        if elasticity is not None
    ]
