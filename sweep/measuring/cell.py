"""One cell: Locust drives the target and judges it, the profiler watches it; their files come together."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from records.cells import layout
from records.cells.cell_spec import CellSpec
from records.cells.reader import CellData, is_complete, read_cell
from records.errors import RecordError
from records.evidence.dial import began_at_ns
from records.evidence.inside import sampled_at_ns
from records.exit_codes import USAGE
from records.files import write_json
from records.services.variants import MOCKS, SWITCHES
from sweep.beside.links import linked
from sweep.beside.llm import LlmServer
from sweep.beside.probing import probing
from sweep.beside.scraping import scrape_words
from sweep.beside.seen import taking_stacks
from sweep.choosing import again
from sweep.deployments.protocol import Endpoint
from sweep.measuring.expected import given_besides, is_expected
from sweep.measuring.limited import used_by, write_limits
from sweep.measuring.watched import begin_watch, watched
from sweep.planning.cell_key import CellKey
from sweep.planning.load_words import found_in, own_words, words
from sweep.planning.plan import Plan
from sweep.planning.regions import parse_regions
from sweep.planning.scenario import locustfile
from sweep.running import logs
from sweep.running.cpus import LOCUST_PRIORITY, Cpus
from sweep.running.dial import LONGEST_NS
from sweep.running.errors import UsageError
from sweep.running.inside import copy_between
from sweep.running.ledger import Ledger
from sweep.running.processes import Child
from sweep.running.redaction import blank, redaction
from sweep.running.spans import SpanReceiver

PROFILER_INTERVAL_SECONDS = 0.5
_MORE_SECONDS = 40.0
"""Than the cell is measured: start, and the drain of what is in flight."""
_LOG_TAIL_BYTES = 1 << 20
_FULL_BYTES = 1 << 16
"""A disk with less room than this may be why a process ended."""
_SPEC = "spec.json"


@dataclass(frozen=True, kw_only=True)
class Workplace:
    """What every cell of a run shares."""

    run: Path
    plan: Plan
    ledger: Ledger
    llm: LlmServer | None
    cpus: Cpus
    spans: SpanReceiver | None = None

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
    _collect(folder, folder)  # a kill can have come before that
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
    folder, endpoint = place.folder(key), endpoint.as_it_is()
    if folder.exists():  # it was cut short
        set_aside(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Locust wants its results directory empty, so what else belongs there is kept beside it until the end.
    log_bytes = logs.written(endpoint.log) if endpoint.log else 0
    mark = place.spans.mark() if place.spans else 0
    spec, used = _beside(folder, _SPEC), used_by(endpoint)
    write_json(spec, _spec(place, key, endpoint).to_json())
    begin_watch(endpoint)
    try:
        code, locust = _load(place, key, endpoint)
    finally:
        spec.unlink(missing_ok=True)
    if code == USAGE:
        raise UsageError(f"{_before(endpoint)}locust: {locust.complaint()} ({locust.log})")
    if not (folder / layout.CELL).exists() or not is_complete(place.run, folder):
        how = f"did not end in {_limit_seconds(place.plan):g} s" if code is None else f"ended with {code}"
        if shutil.disk_usage(place.run).free < _FULL_BYTES:  # then its log says nothing
            how += f" on a full disk ({place.run})"
        how = f"{_before(endpoint)}locust {how}"
        raise RuntimeError(f"{key.path}: {how}: {locust.complaint()} ({locust.log})")
    _collect(folder, folder)
    write_limits(folder, endpoint, used)
    data = watched(folder, endpoint)
    if endpoint.log:
        tail = logs.since(endpoint.log, log_bytes, _LOG_TAIL_BYTES)
        (folder / layout.TARGET_LOG).write_bytes(blank(tail))
    if data.requests:
        start_ns = min(request.sent_at_ns for request in data.requests)
        end_ns = max(request.ended_at_ns for request in data.requests)
        if place.llm and (lines := place.llm.between(start_ns, end_ns)):  # what it sent in that time
            (folder / layout.LLM).write_bytes(lines)
        if endpoint.inside:
            copy_between(endpoint.inside, start_ns, end_ns, folder / layout.INSIDE, sampled_at_ns)
        if endpoint.dial:
            copy_between(endpoint.dial, start_ns - LONGEST_NS, end_ns, folder / layout.DIAL, began_at_ns)
        if place.spans and endpoint.pids:
            place.spans.collect(mark, data.requests, folder / layout.SPANS)
    return data


def _before(endpoint: Endpoint) -> str:
    """What explains whatever the load met, where it is so."""
    ended = endpoint.ended()
    return f"{ended} ({endpoint.log}); " if ended else ""


def _load(place: Workplace, key: CellKey, endpoint: Endpoint) -> tuple[int | None, Child]:
    """Locust to its end, probes and profiler with it: its exit code (None: it did not end), and itself."""
    folder, cpus = place.folder(key), place.cpus_for(endpoint)
    links = linked(
        place.plan,
        endpoint.base_url,
        os.environ,
        log_of=lambda region: _beside(folder, layout.link_log(region)),
        seed=f"{place.plan.seed}/{key.path}",
        ledger=place.ledger,
        cpus=cpus,
    )
    stacks, stacks_log = (_beside(folder, name) for name in (layout.STACKS, layout.STACKS_LOG))
    stacked = taking_stacks(place.plan, endpoint, stacks, stacks_log, place.ledger, cpus)
    probes = probing(
        place.plan,
        key.deployment,
        endpoint.base_url,
        output=_beside(folder, layout.PROBES),
        log=_beside(folder, layout.PROBES_LOG),
        ledger=place.ledger,
        cpus=cpus,
    )
    with links as more, stacked, probes:
        return _load_watched(place, key, endpoint, more)


def _load_watched(
    place: Workplace, key: CellKey, endpoint: Endpoint, more: Mapping[str, str]
) -> tuple[int | None, Child]:
    folder, cpus = place.folder(key), place.cpus_for(endpoint)
    profiler = _start_profiler(place, folder, endpoint)
    try:
        locust = Child(
            _locust_argv(place, key, endpoint.base_url),
            log=_beside(folder, layout.LOCUST_LOG),
            ledger=place.ledger,
            env={**os.environ, **more},
            cpus=cpus.load,
            realtime=LOCUST_PRIORITY if cpus.realtime else 0,
        )
        try:
            return locust.wait(_limit_seconds(place.plan)), locust
        finally:
            locust.stop()
    finally:
        if profiler is not None:
            profiler.interrupt()
            profiler.wait(5.0)
            profiler.stop()
        if not endpoint.pids:  # it had nothing to follow: what it saw is the load's machine
            for name in (layout.SAMPLES, layout.PROFILE):
                _beside(folder, name).unlink(missing_ok=True)


def _spec(place: Workplace, key: CellKey, endpoint: Endpoint) -> CellSpec:
    """What Locust is told of the cell: it alone judges it, and writes it down."""
    folder, served, redact = place.folder(key), endpoint.served, redaction()
    settings = {name: redact.redact(text) for name, text in place.plan.settings_of(key.config).items()}
    [target] = [target for target in place.plan.targets if target.label == key.deployment]
    # A command may read more from its environment than it says; what we set and it says is held against that.
    unsaid = set(settings) - set(served.settings) if target.kind.configurable and served.config else set()
    if key.config in MOCKS:  # its name says it
        unsaid -= {switch.setting for switch in SWITCHES}
    return CellSpec(
        deployment=key.deployment,
        config=key.config,
        point=key.point.to_json(),
        repeat=key.repeat,
        expected_config=key.config if is_expected(key.config, served) else None,
        expected_settings={name: text for name, text in settings.items() if name not in unsaid},
        unproved_settings=tuple(sorted(unsaid)),
        variant=redact.value(place.plan.variant(key.config).settings),
        settings={**redact.value(given_besides(place.plan, target, served)), **settings},
        service=redact.value(target.kept()),
        served=served,
        cpus=place.cpus_for(endpoint).to_json(),
        earlier_tries=again.times(folder),
        pids=endpoint.pids,
        regions={region.name: region.link for region in parse_regions(place.plan.regions)},
        samples=str(_beside(folder, layout.SAMPLES)) if endpoint.pids else "",
        interval_s=PROFILER_INTERVAL_SECONDS,
    )


def _limit_seconds(plan: Plan) -> float:
    return plan.cell_seconds[1] + _MORE_SECONDS


def _locust_argv(place: Workplace, key: CellKey, base_url: str) -> list[str]:
    plan, users = place.plan, str(key.concurrency)
    least, most = plan.cell_seconds
    own = {
        "--locustfile": str(locustfile(plan.scenario)),
        "--host": base_url,
        "--users": users,
        "--spawn-rate": users,
        "--run-time": f"{most:.0f}s",
        "--requests": str(plan.requests_at(key.point)),
        "--warmup-requests": str(plan.warmup_requests),
        "--results": str(place.folder(key)),
        "--run-name": place.run.resolve().name,  # also where the directory was given as "."
        "--cell-spec": str(_beside(place.folder(key), _SPEC)),
    }
    return [
        *("-m", "locust", "--headless", *own_words(own)),
        # These may be said otherwise after --.
        *("--only-summary", "--loglevel", "WARNING", "--min-seconds", f"{least:g}"),
        *words(plan, key.point),
    ]


def _start_profiler(place: Workplace, folder: Path, endpoint: Endpoint) -> Child | None:
    scrapes = scrape_words(place.plan, endpoint)
    if not endpoint.pids and not scrapes:
        return None
    argv = ["-m", "profiler", "--quiet", "--interval", f"{PROFILER_INTERVAL_SECONDS:g}"]
    argv += ["--duration", f"{_limit_seconds(place.plan):g}", "--force"]
    argv += ["--output", str(_beside(folder, layout.PROFILE))]
    argv += [word for pid in endpoint.pids for word in ("--pid", str(pid))]
    argv += scrapes
    found = found_in(place.plan.locust_args, place.plan.scenario) if scrapes else {}
    argv += [f"--sent={one}" for one in found.get("header", ())]
    cpus = place.cpus_for(endpoint).load  # so that it takes nothing from what it watches
    log, env = (
        _beside(folder, layout.PROFILER_LOG),
        os.environ,
    )  # the key is in it: what repeats it is blanked
    return Child(argv, log=log, ledger=place.ledger, env=env, cpus=cpus)


def _beside(folder: Path, name: str) -> Path:
    return folder.with_name(f".{folder.name}.{name}")


def _collect(folder: Path, into: Path) -> None:
    """Move what was kept beside ``folder`` into the cell's own folder."""
    _beside(folder, _SPEC).unlink(missing_ok=True)
    profiles = (layout.SAMPLES, layout.PROFILE, layout.SCRAPED, layout.PROFILER_LOG)
    others = (layout.PROBES, layout.PROBES_LOG, layout.STACKS, layout.STACKS_LOG, layout.LOCUST_LOG)
    for name in (*profiles, *others):
        path = _beside(folder, name)
        if path.exists():
            shutil.move(path, into / name)
    for path in folder.parent.glob(_beside(folder, layout.link_log("*")).name):
        shutil.move(path, into / path.name.removeprefix(_beside(folder, "").name))
