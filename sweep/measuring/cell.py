"""One cell: Locust drives the target and judges it, the profiler watches it; their files come together."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from records.cells import layout
from records.cells.cell import Cell
from records.cells.cell_spec import CellSpec
from records.cells.layout import beside
from records.cells.reader import CellData, has_ended, is_pending, read_cell
from records.errors import RecordError
from records.exit_codes import INTERRUPTED, USAGE
from records.files import write_json
from records.services.variants import MOCKS, SWITCHES
from sweep.beside.ended import Ended
from sweep.beside.links import linked
from sweep.beside.llm import LlmServer
from sweep.beside.probing import probing
from sweep.beside.scraping import scrape_words
from sweep.beside.seen import taking_stacks
from sweep.choosing import again
from sweep.deployments.protocol import Endpoint
from sweep.measuring.evidence import Before, with_evidence
from sweep.measuring.expected import given_besides, is_expected
from sweep.measuring.parts import begun, seal, set_aside, spec_of
from sweep.measuring.watched import begin_watch
from sweep.planning.cell_key import CellKey
from sweep.planning.load_words import found_in, own_words, words
from sweep.planning.plan import Plan
from sweep.planning.regions import parse_regions
from sweep.planning.scenario import locustfile
from sweep.running.cpus import LOCUST_PRIORITY, Cpus
from sweep.running.errors import UsageError
from sweep.running.ledger import Ledger
from sweep.running.processes import Child
from sweep.running.redaction import redaction
from sweep.running.spans import SpanReceiver

PROFILER_INTERVAL_SECONDS = 0.5
_MORE_SECONDS = 40.0
"""Than the cell is measured: start, and the drain of what is in flight."""
_FULL_BYTES = 1 << 16
"""A disk with less room than this may be why a process ended."""


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
        RecordError: its cell.json is broken, or its records, or what was seen beside them, are not all there.
        OSError: they cannot be read.
    """
    folder = place.folder(key)
    if not (folder / layout.CELL).exists() or not has_ended(place.run, folder):
        return None
    if is_pending(folder):
        raise RecordError("the sweep ended before all that was seen beside its requests was kept")
    data = read_cell(folder)
    if data.lost:
        raise RecordError(data.lost)
    return data


def measure(place: Workplace, key: CellKey, endpoint: Endpoint) -> CellData:
    """Run one cell to its end and read it back.

    Raises:
        UsageError: Locust would not start (a bad argument after ``--``, an unreachable target), or a target
            that is being started again takes too long for that.
        RuntimeError: Locust ended without a whole record; its last words are in the message.
    """
    endpoint.wait_up()
    folder, endpoint = place.folder(key), endpoint.as_it_is()
    if begun(folder):  # it was cut short
        set_aside(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    before = Before.of(endpoint, place.spans)
    write_json(spec_of(folder), _spec(place, key, endpoint).to_json())
    begin_watch(endpoint)
    gone = Ended()
    code, locust = _load(place, key, endpoint, gone)
    ended = code != USAGE and (folder / layout.CELL).exists() and has_ended(place.run, folder)
    if not ended and _killed(code):
        gone.helper("locust", locust)
        _begun(folder, key)
    elif not ended:
        seal(folder)  # there is nothing that could lack something
        raise _why(place, key, endpoint, code, locust)
    _ask_after(place, gone)
    data = with_evidence(folder, endpoint, before, llm=place.llm, spans=place.spans)
    data = gone.judged(folder, data)
    seal(folder)
    return data


def _why(place: Workplace, key: CellKey, endpoint: Endpoint, code: int | None, locust: Child) -> Exception:
    """Of a load that did not come to its end."""
    if code == USAGE:
        return UsageError(f"{_before(endpoint)}locust: {locust.complaint()} ({locust.log})")
    how = f"did not end in {_limit_seconds(place.plan):g} s" if code is None else f"ended with {code}"
    if shutil.disk_usage(place.run).free < _FULL_BYTES:  # then its log says nothing
        how += f" on a full disk ({place.run})"
    how = f"{_before(endpoint)}locust {how}"
    return RuntimeError(f"{key.path}: {how}: {locust.complaint()} ({locust.log})")


def _killed(code: int | None) -> bool:
    """Was Locust ended by a signal? It is not the sweep that sends it one."""
    return code is not None and (code < 0 or code == INTERRUPTED)


def _begun(folder: Path, key: CellKey) -> None:
    """Have a cell there, though without an end, of a Locust that was killed, perhaps before it wrote one."""
    if not (folder / layout.CELL).exists():
        folder.mkdir(exist_ok=True)
        cell = Cell(
            deployment=key.deployment,
            config=key.config,
            concurrency=key.concurrency,
            repeat=key.repeat,
            factors=key.point,
        )
        write_json(folder / layout.CELL, cell.to_json())


def _ask_after(place: Workplace, gone: Ended) -> None:
    """Those that serve all cells, which are there again then. Raises UsageError: one does not come up."""
    if place.llm:
        place.llm.ended(gone)
    if place.spans and (how := place.spans.ended()):
        gone.watchers.append(f"the receiver of spans {how}")


def _before(endpoint: Endpoint) -> str:
    """What explains whatever the load met, where it is so."""
    ended = endpoint.ended()
    return f"{ended} ({endpoint.log}); " if ended else ""


def _load(place: Workplace, key: CellKey, endpoint: Endpoint, gone: Ended) -> tuple[int | None, Child]:
    """Locust to its end, probes and profiler with it: its exit code (None: it did not end), and itself."""
    folder, cpus = place.folder(key), place.cpus_for(endpoint)
    links = linked(
        place.plan,
        endpoint.base_url,
        os.environ,
        log_of=lambda region: beside(folder, layout.link_log(region)),
        seed=f"{place.plan.seed}/{key.path}",
        ledger=place.ledger,
        cpus=cpus,
        ended=gone,
    )
    stacks, stacks_log = (beside(folder, name) for name in (layout.STACKS, layout.STACKS_LOG))
    stacked = taking_stacks(place.plan, endpoint, stacks, stacks_log, place.ledger, cpus, gone)
    probes = probing(
        place.plan,
        key.deployment,
        endpoint.base_url,
        output=beside(folder, layout.PROBES),
        log=beside(folder, layout.PROBES_LOG),
        ledger=place.ledger,
        cpus=cpus,
        ended=gone,
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
            log=beside(folder, layout.LOCUST_LOG),
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
                beside(folder, name).unlink(missing_ok=True)


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
        samples=str(beside(folder, layout.SAMPLES)) if endpoint.pids else "",
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
        "--cell-spec": str(spec_of(place.folder(key))),
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
    argv += ["--output", str(beside(folder, layout.PROFILE))]
    argv += [word for pid in endpoint.pids for word in ("--pid", str(pid))]
    argv += scrapes
    found = found_in(place.plan.locust_args, place.plan.scenario) if scrapes else {}
    argv += [f"--sent={one}" for one in found.get("header", ())]
    cpus = place.cpus_for(endpoint).load  # so that it takes nothing from what it watches
    log, env = (
        beside(folder, layout.PROFILER_LOG),
        os.environ,
    )  # the key is in it: what repeats it is blanked
    return Child(argv, log=log, ledger=place.ledger, env=env, cpus=cpus)
