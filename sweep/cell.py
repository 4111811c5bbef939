"""One cell: Locust drives the target, the profiler watches it, and the verdict is completed."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from profiler.output import read_samples
from records import checks, layout, noise
from records.exit_codes import USAGE
from records.files import read_json, write_json
from records.measure import measured
from records.reader import CellData, is_complete, read_cell
from records.request import RecordError
from records.variants import MOCKS
from sweep import again
from sweep.cpus import LOCUST_PRIORITY, Cpus
from sweep.deployments import Endpoint
from sweep.llm import LlmServer
from sweep.plan import MAX_SECONDS, MIN_SECONDS, CellKey, Plan
from sweep.processes import Child, Ledger
from sweep.scenario import locustfile, words
from sweep.secrets import blank, redaction
from sweep.usage import UsageError

PROFILER_INTERVAL_SECONDS = 0.5
_LOCUST_LIMIT_SECONDS = MAX_SECONDS + 40  # start, the cell, the drain of what is in flight
_LOG_TAIL_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class _Before:
    """How a target stood before a cell: of what comes later, the difference is the cell's."""

    log_bytes: int
    counters: noise.Counters

    @classmethod
    def of(cls, endpoint: Endpoint) -> _Before:
        return cls(
            log_bytes=endpoint.log.stat().st_size if endpoint.log else 0,
            counters=noise.read(_processes(endpoint)),
        )


@dataclass(frozen=True, kw_only=True)
class Workplace:
    """What every cell of a run shares."""

    run: Path
    plan: Plan
    ledger: Ledger
    llm: LlmServer | None
    cpus: Cpus

    def cpus_for(self, endpoint: Endpoint) -> Cpus:
        """How they are divided while a target is loaded, which may be somebody's running service."""
        return self.cpus if endpoint.pids else self.cpus.of_a_running_service()

    def folder(self, key: CellKey) -> Path:
        return self.run / layout.CELLS / key.path


def finished(place: Workplace, key: CellKey) -> CellData | None:
    """The cell, if it was measured to its end before; else None.

    Raises:
        RecordError: its cell.json is broken, or its records are not all there any more.
        OSError: they cannot be read.
    """
    folder = place.folder(key)
    if not (folder / layout.CELL).exists() or not is_complete(place.run, folder):
        return None
    data = read_cell(folder)
    if data.lost:
        raise RecordError(data.lost)
    return data


def set_aside(folder: Path, mark: str = layout.PARTIAL) -> Path:
    """Keep what a cell recorded under a name that no reader takes for a cell's: its new folder."""
    asides = (folder.with_name(f"{folder.name}{mark}{number}") for number in itertools.count(1))
    aside = next(path for path in asides if not path.exists())
    folder.rename(aside)
    _collect(folder, aside)
    return aside


def measure(place: Workplace, key: CellKey, endpoint: Endpoint) -> CellData:
    """Run one cell to its end and read it back.

    Raises:
        UsageError: Locust would not start (a bad argument after ``--``, an unreachable target).
        RuntimeError: Locust ended without a whole record; its last words are in the message.
    """
    folder = place.folder(key)
    if folder.exists():  # it was cut short
        set_aside(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Locust wants its results directory empty, so what else belongs there is kept beside it until the end.
    profiler = _start_profiler(place, folder, endpoint)
    before = _Before.of(endpoint)
    cpus = place.cpus_for(endpoint)
    locust = Child(
        _locust_argv(place, key, endpoint.base_url),
        log=_beside(folder, layout.LOCUST_LOG),
        ledger=place.ledger,
        env=os.environ,
        cpus=cpus.load,
        realtime=LOCUST_PRIORITY if cpus.realtime else 0,
    )
    try:
        code = locust.wait(_LOCUST_LIMIT_SECONDS)
        after = noise.read(_processes(endpoint))
    finally:
        locust.stop()
        if profiler is not None:
            profiler.interrupt()
            profiler.wait(5.0)
            profiler.stop()
    if code == USAGE:
        raise UsageError(f"locust: {locust.complaint()} ({locust.log})")
    cell_json = folder / layout.CELL
    if not cell_json.exists() or not read_json(cell_json).get("complete"):
        how = f"did not end in {_LOCUST_LIMIT_SECONDS:g} s" if code is None else f"ended with {code}"
        raise RuntimeError(f"{key.path}: locust {how}: {locust.complaint()} ({locust.log})")
    return _complete(place, key, endpoint, folder, before, after)


def _locust_argv(place: Workplace, key: CellKey, base_url: str) -> list[str]:
    plan, users = place.plan, str(key.concurrency)
    scenario = str(locustfile(plan.scenario))
    run_name = place.run.resolve().name  # also where the directory was given as "."
    return [
        *("-m", "locust", "-f", scenario, "--headless", "-H", base_url),
        *("-u", users, "-r", users, "-t", f"{MAX_SECONDS:.0f}s", "--only-summary", "--loglevel", "WARNING"),
        *("--requests", str(plan.requests_at(key.point)), "--min-seconds", f"{MIN_SECONDS:g}"),
        *("--warmup-requests", str(plan.warmup_requests)),
        *("--results", str(place.folder(key)), "--run-name", run_name, "--cell-name", key.path),
        *plan.locust_args,
        *words(plan, key.point),
    ]


def _start_profiler(place: Workplace, folder: Path, endpoint: Endpoint) -> Child | None:
    if not endpoint.pids:
        return None
    argv = ["-m", "profiler", "--quiet", "--interval", f"{PROFILER_INTERVAL_SECONDS:g}"]
    argv += ["--duration", f"{_LOCUST_LIMIT_SECONDS:g}", "--force"]
    argv += ["--output", str(_beside(folder, layout.PROFILE))]
    argv += [word for pid in endpoint.pids for word in ("--pid", str(pid))]
    cpus = place.cpus_for(endpoint).load  # so that it takes nothing from what it watches
    return Child(argv, log=_beside(folder, layout.PROFILER_LOG), ledger=place.ledger, cpus=cpus)


def _processes(endpoint: Endpoint) -> Iterator[int]:
    """The target's, those that it started itself too."""
    for pid in endpoint.pids:
        yield pid
        with suppress(psutil.NoSuchProcess):
            yield from (child.pid for child in psutil.Process(pid).children(recursive=True))


def _beside(folder: Path, name: str) -> Path:
    return folder.with_name(f".{folder.name}.{name}")


def _collect(folder: Path, into: Path) -> None:
    """Move what was kept beside ``folder`` into the cell's own folder."""
    for name in (layout.SAMPLES, layout.PROFILE, layout.PROFILER_LOG, layout.LOCUST_LOG):
        path = _beside(folder, name)
        if path.exists():
            shutil.move(path, into / name)


def _complete(
    place: Workplace,
    key: CellKey,
    endpoint: Endpoint,
    folder: Path,
    before: _Before,
    after: noise.Counters,
) -> CellData:
    """Add what only the sweep knows: names, CPUs, how long the target waited for one, the checks against
    what was asked, logs, the LLM's record."""
    data = read_cell(folder)
    if endpoint.log:
        _copy_tail(endpoint.log, before.log_bytes, folder / layout.TARGET_LOG)
    if place.llm and data.requests:
        spans = [(r.sent_at_ns, r.ended_at_ns) for r in data.requests]
        lines = place.llm.between(min(s for s, _ in spans), max(e for _, e in spans))
        if lines:
            (folder / layout.LLM).write_bytes(lines)
    counted = measured(data.requests, data.cell.window)
    settings = redaction().value(place.plan.settings_of(key.config))
    added = checks.of_plan(
        counted,
        config=key.config if key.config in MOCKS else None,
        served=endpoint.served,
        settings=settings,
        profiler_s=PROFILER_INTERVAL_SECONDS,
        gaps_s=_profiler_gaps(folder) if endpoint.pids else [],
    )
    seen = replace(
        noise.Noise.from_json(data.cell.achieved.get("noise")),
        target_delay_percent=noise.delay_percent(before.counters, after),
    )
    cell = replace(
        data.cell,
        deployment=key.deployment,
        config=key.config,
        concurrency=key.concurrency,
        repeat=key.repeat,
        factors=key.point,
        requested={
            **data.cell.requested,
            "cpus": place.cpus_for(endpoint).to_json(),
            "variant": redaction().value(place.plan.variant(key.config).settings),
        },
        achieved={**data.cell.achieved, "noise": seen.to_json(), "earlier_tries": again.times(folder)},
        settings=endpoint.served.settings or data.cell.settings,
        verdict=data.cell.verdict.merged((*added, noise.machine_noise(seen))),
    )
    _collect(folder, folder)
    write_json(folder / layout.CELL, cell.to_json())  # last: with its own name a cell is finished
    return replace(data, cell=cell)


def _profiler_gaps(folder: Path) -> list[float]:
    """Seconds between the profiler's samples."""
    path = _beside(folder, layout.SAMPLES)
    elapsed = [sample["elapsed_seconds"] for sample in read_samples(path)] if path.exists() else []
    return [b - a for a, b in itertools.pairwise(elapsed)]


def _copy_tail(log: Path, start: int, to: Path) -> None:
    with log.open("rb") as source:
        source.seek(start)
        to.write_bytes(blank(source.read(_LOG_TAIL_BYTES)))
