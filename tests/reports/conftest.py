"""Synthetic results directories with a known truth, written as records."""

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from records.cells import layout
from records.cells.cell import SCHEMA_VERSION, Cell, Check, Verdict
from records.cells.other_programs import OtherProgram
from records.cells.request import RequestRecord
from records.files import write_json
from reported import analysed, appended
from reports.analysis.analysis import Analysis
from reports.findings.catalogue import diagnosis
from reports.findings.common.finding import Finding
from seen_loads import Seen

Diagnose = Callable[..., list[Finding]]
START_NS = 1_800_000_000_000_000_000
PASS = (
    Check(name="configuration", status="pass", text="as asked"),
    Check(name="generator-lag", status="pass", figure=2.5, bound=20.0, text="2.5 ms late"),
)
FAIL = (Check(name="retrieval", status="fail", figure=9, bound=0, text="9 answers came without documents"),)
AS_IS = (Check(name="configuration", status="n/a", text="no /config"),)


@dataclass(frozen=True, kw_only=True)
class Spec:
    """One cell: ``rps * seconds`` answers, evenly spaced, each with a TTFT around ``ttft_ms``.

    ``stages``: milliseconds, a quarter of them queued; or queued and running ones. ``late_s``: how much later
    than the repeat's own hour it starts. ``seed``: another one is another run. ``late``: so many of its first
    requests seem to take ten times as long. Requests of another ``workload`` have no tokens, documents or
    stages, and as many bytes as there are users.
    """

    deployment: str = "local"
    config: str = "baseline"
    concurrency: int = 10
    repeat: int = 1
    rps: float = 20.0
    seconds: float = 5.0
    ttft_ms: float = 100.0
    jitter_ms: float = 10.0
    streaming_ms: float = 0.01
    failures: int = 0
    checks: tuple[Check, ...] = PASS
    complete: bool = True
    window: bool = True
    stages: dict[str, float | tuple[float, float]] = field(default_factory=dict)
    ttfts: tuple[float, ...] = ()
    flags: tuple[str, ...] = ()
    late_s: float = 0.0
    seed: int = 0
    late: int = 0
    requested: dict[str, Any] = field(default_factory=dict)
    achieved: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)
    workload: str = "stream"
    others: tuple[OtherProgram, ...] | None = ()

    @property
    def name(self) -> str:
        return f"{self.deployment}/{self.config}/c{self.concurrency:02d}-r{self.repeat}"


def start_of(spec: Spec) -> int:
    """The window's start: repeats an hour apart."""
    return START_NS + (spec.repeat - 1) * 3_600_000_000_000 + round(spec.late_s * 1e9)


def records_of(spec: Spec) -> list[RequestRecord]:
    """Answers are sent on a comb of 1/rps seconds, the last of them so that they end inside the window;
    failures are sent in its middle."""
    rng = np.random.default_rng([spec.seed, spec.concurrency, spec.repeat])
    count = len(spec.ttfts) or round(spec.rps * spec.seconds)
    ttfts = spec.ttfts or [max(1.0, float(x)) for x in rng.normal(spec.ttft_ms, spec.jitter_ms, count)]
    records, start = [], start_of(spec)
    for i in range(count + spec.failures):
        failed = i >= count
        share = 0.5 if failed else (i + 0.5) / count
        sent = start + round(share * spec.seconds * 1e9)
        late = 1 <= i <= spec.late
        streaming_ns = round(spec.streaming_ms * 1e6)
        gap_us = (streaming_ns - 1_000) // 9_000
        took_ns = 3_000_000 if failed else round(ttfts[i] * (10 if late else 1) * 1e6) + streaming_ns
        sent = min(sent, start + round(spec.seconds * 1e9) - took_ns)
        ended = sent + took_ns
        first = ended - streaming_ns
        stages = {name: _timings(ms) for name, ms in spec.stages.items()}
        records.append(
            RequestRecord(
                run=f"{spec.name}-{spec.seed}", cell=spec.name, worker="w", region="here",
                user=i % spec.concurrency, seq=i,
                sent_at_ns=sent, headers_at_ns=min(first, sent + 2_000_000),
                first_event_at_ns=min(first, sent + 3_000_000),
                first_token_at_ns=None if failed else first,
                last_token_at_ns=None if failed else first + 9_000 * gap_us,
                ended_at_ns=ended,
                tokens=0 if failed else 10, gaps_us=[] if failed else [gap_us] * 9, documents=5,
                outcome="http_error" if failed else "ok", error="HTTP 503" if failed else None,
                stages=None if failed else stages or None, config=spec.config,
                flags=[*spec.flags, *(["cold"] if i == 0 else []), *(["late"] if late else [])],
            )
        )  # fmt: skip
    if spec.workload == "stream":
        return records
    names = ("first_event_at_ns", "first_token_at_ns", "last_token_at_ns", "documents", "stages")
    bare: dict[str, Any] = {**dict.fromkeys(names), "tokens": 0, "gaps_us": [], "bytes": spec.concurrency}
    return [replace(record, **bare) for record in records]


def _timings(ms: float | tuple[float, float]) -> dict[str, float]:
    queued, running = ms if isinstance(ms, tuple) else (ms / 4, ms * 3 / 4)
    return {"queued_ms": queued, "running_ms": running}


def write_cell(directory: Path, spec: Spec) -> Path:
    """cell.json and requests.jsonl of one cell."""
    directory.mkdir(parents=True)
    start = start_of(spec)
    window = {"start_ns": start, "end_ns": start + round(spec.seconds * 1e9)} if spec.window else None
    cell = Cell(
        deployment=spec.deployment, config=spec.config, concurrency=spec.concurrency, repeat=spec.repeat,
        complete=spec.complete, requested=spec.requested, achieved={"window": window, **spec.achieved},
        settings=spec.settings, paths=spec.paths, verdict=Verdict(checks=spec.checks), workload=spec.workload,
        other_programs=spec.others,
    )  # fmt: skip
    write_json(directory / "cell.json", cell.to_json())
    (directory / "requests.jsonl").touch()
    return appended(directory, *records_of(spec))


def write_run(directory: Path, specs: Iterable[Spec], **meta: Any) -> Path:
    """A run of many cells."""
    directory.mkdir(parents=True)
    write_json(directory / "run.json", {"schema_version": SCHEMA_VERSION, "status": "complete", **meta})
    for spec in specs:
        write_cell(directory / "cells" / spec.name, spec)
    return directory


def begun_s(config: str, concurrency: int) -> float:
    """When in its repeat's hour a sweep measures a cell, in seconds: one after the other."""
    configs = ("baseline", "mock-embeddings", "mock-llm", "mock-both")
    return 30.0 * (concurrency + 21 * configs.index(config))


def sweep_specs() -> list[Spec]:
    """A small sweep with a knee at 10 users, an invalid cell, failures, stages and an as-is service."""
    rps = {"baseline": {1: 5.0, 10: 30.0, 20: 31.0}, "mock-embeddings": {1: 5.0, 10: 40.0, 20: 75.0},
           "mock-llm": {1: 8.0, 10: 30.0, 20: 31.0}}  # fmt: skip
    ttft = {"baseline": 200.0, "mock-embeddings": 120.0, "mock-llm": 90.0}
    stages = {"preprocess": 1.0, "embed": 40.0, "search": 0.5, "prompt": 0.1, "llm": 80.0}
    mocked = {"baseline": {}, "mock-embeddings": {"embed": 0.04}, "mock-llm": {"llm": 0.02}}
    specs = [
        Spec(
            config=config, concurrency=n, repeat=repeat, rps=rate, ttft_ms=ttft[config],
            stages=stages | mocked[config], flags=("mock-answer",) if config == "mock-llm" else (),
            late_s=begun_s(config, n),
        )
        for config, by_level in rps.items()
        for n, rate in by_level.items()
        for repeat in (1, 2)
    ]  # fmt: skip
    both = Spec(config="mock-both", rps=500.0, checks=FAIL, late_s=begun_s("mock-both", 10))
    return [*specs, both, replace(both, repeat=2, rps=50.0, failures=3, checks=PASS)]


@dataclass(frozen=True)
class Made:
    """What the tests build with."""

    spec: type[Spec] = Spec
    cell: Callable[[Path, Spec], Path] = write_cell
    run: Callable[..., Path] = write_run
    records: Callable[[Spec], list[RequestRecord]] = records_of
    fail: tuple[Check, ...] = FAIL
    as_is: tuple[Check, ...] = AS_IS
    start_ns: int = START_NS


@pytest.fixture(scope="session")
def made() -> Made:
    return Made()


@pytest.fixture
def of(made: Made, tmp_path: Path) -> Callable[..., Analysis]:
    """The analysis of a run of such cells; a further one has a folder of its own."""
    count = itertools.count()

    def found(*specs: Spec, **meta: Any) -> Analysis:
        return analysed(made.run(tmp_path / f"run{next(count) or ''}", specs, **meta))

    return found


@pytest.fixture
def of_each(made: Made, tmp_path: Path) -> Callable[..., Analysis]:
    """The analysis of directories of a cell each, by their names or in turn."""
    count = itertools.count()

    def found(*specs: Spec, **named: Spec) -> Analysis:
        folder = tmp_path / f"each{next(count)}"
        each = named or {f"run{n}": spec for n, spec in enumerate(specs)}
        return analysed(*(made.run(folder / name, [spec]) for name, spec in each.items()))

    return found


@pytest.fixture
def sweep_dir(tmp_path: Path, made: Made) -> Path:
    run = made.run(tmp_path / "run", sweep_specs(), plan={"targets": [{"label": "local"}]})
    for spec in (one for one in sweep_specs() if one.config == "baseline"):
        answers = [{"received_at_ns": start_of(spec) + i, "ttft_ms": 70.0} for i in range(20)]
        answers.append({"received_at_ns": START_NS - 1, "ttft_ms": 9999.0})
        lines = [*map(orjson.dumps, answers), b"nonsense", b""]
        (run / "cells" / spec.name / "llm.jsonl").write_bytes(b"\n".join(lines))
    return run


@pytest.fixture
def seen() -> type[Seen]:
    return Seen


@pytest.fixture
def loaded(made: Any, tmp_path: Path) -> Callable[..., Analysis]:
    def run(*loads: Seen) -> Analysis:
        specs = [made.spec(concurrency=one.users, rps=one.rps, **one.spec) for one in loads]
        made.run(tmp_path / "run", specs, plan={"configs": ["baseline"]})
        for one, spec in zip(loads, specs, strict=True):
            folder = tmp_path / "run" / layout.CELLS / spec.name
            if one.waits is not None:
                (folder / layout.INSIDE).write_bytes(one.inside())
            if one.profiled:
                (folder / layout.SAMPLES).write_bytes(one.profile())
            if one.llm_recorded:
                (folder / layout.LLM).write_bytes(one.llm())
        return analysed(tmp_path / "run")

    return run


@pytest.fixture
def diagnose(loaded: Callable[..., Analysis]) -> Diagnose:
    """The causes; beside each an autoscaler by CPU sees nothing, for these services hardly take any."""
    return lambda *loads: [one for one in diagnosis(loaded(*loads)) if one.code != "autoscaler-blind"]
