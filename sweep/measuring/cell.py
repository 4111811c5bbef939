"""One cell: Locust drives the target and judges it, the profiler watches it; their files come together."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from records.cells import layout
from records.cells.folders import has_ended, is_pending
from records.cells.layout import beside
from records.cells.point import VIA
from records.cells.reader import CellData, read_cell
from records.errors import RecordError
from records.exit_codes import USAGE
from records.files import write_json
from sweep.beside.ended import Ended
from sweep.beside.links import linked
from sweep.beside.probing import probing
from sweep.beside.profiling import profiling
from sweep.beside.seen import taking_stacks
from sweep.choosing import again
from sweep.deployments.protocol import Endpoint
from sweep.measuring.evidence import Before, with_evidence
from sweep.measuring.far import carried, files_there, run_far
from sweep.measuring.locust_spec import cell_spec, files_here, locust_argv
from sweep.measuring.parts import begun, seal, set_aside, spec_of
from sweep.measuring.unended import Load, begin_cell, end_cell, in_no_time, kept_from_cpu, killed, why
from sweep.measuring.watching import begin_watch
from sweep.measuring.workplace import Workplace
from sweep.planning.bounds import load_seconds
from sweep.planning.cell_key import CellKey
from sweep.planning.plan import Plan
from sweep.running.cpus import LOCUST_PRIORITY
from sweep.running.processes import Child

_MORE_SECONDS = 40.0
"""Than the load takes: start, and the drain of what is in flight."""
_FAR_SECONDS = 600.0
"""In which a load elsewhere may begin, while what it will be watched by waits."""


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
        NotUp: a target that is being started again takes too long for that.
        UsageError: Locust would not start (a bad argument after ``--``, an unreachable target).
        RuntimeError: Locust ended without a whole record, or not in time, and not for the machine's sake;
            its last words are in the message.
    """
    endpoint.wait_up()
    folder, endpoint = place.folder(key), endpoint.as_it_is().by(key.point.get(VIA))
    place = replace(place, plan=again.with_time_for(folder, place.plan))
    if begun(folder):  # it was cut short
        set_aside(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    before = Before.of(endpoint, place.spans)
    write_json(spec_of(folder), cell_spec(place, key, endpoint).to_json())
    begin_watch(endpoint)
    gone = Ended()
    code, locust = _load(place, key, endpoint, gone)
    ended = code != USAGE and (folder / layout.CELL).exists() and has_ended(place.run, folder)
    if not ended and killed(code):
        gone.helper("locust", locust)
        begin_cell(folder, key)
    elif not ended and code == USAGE and (how := endpoint.interrupted()):  # it met nobody: the next may
        begin_cell(folder, key, target=how)
    elif not ended and kept_from_cpu(folder, code):
        gone.helpers.append(f"locust {in_no_time(_limit_seconds(place.plan))}")
        end_cell(folder)
    elif not ended:
        seal(folder)  # there is nothing that could lack something
        raise why(place.run, key, endpoint, code, locust, limit_seconds=_limit_seconds(place.plan))
    _ask_after(place, gone)
    data = with_evidence(folder, endpoint, before, gone, llm=place.llm, spans=place.spans)
    seal(folder)
    return data


def _ask_after(place: Workplace, gone: Ended) -> None:
    """Those that serve all cells, which are there again then. Raises UsageError: one does not come up."""
    if place.llm:
        place.llm.ended(gone)
    if place.spans and (how := place.spans.ended()):
        gone.watchers.append(f"the receiver of spans {how}")


def _load(place: Workplace, key: CellKey, endpoint: Endpoint, gone: Ended) -> tuple[int | None, Load]:
    """Locust to its end, probes and profiler with it: its exit code (None: it did not end), and itself."""
    folder, cpus = place.folder(key), place.cpus_for(endpoint)
    if (far := endpoint.load) is not None:  # nothing of this machine is on the way that would be probed
        plan = place.plan
        args, files = carried(plan, spec_of(folder), far.files)
        argv = locust_argv(place, key, endpoint, files_there(far, plan.scenario, args))
        log = beside(folder, layout.LOCUST_LOG)
        seconds = _limit_seconds(plan)
        with _profiled(place, folder, endpoint, gone, longer=_FAR_SECONDS):
            return run_far(
                far, argv, files, processes=plan.processes, seconds=seconds, folder=folder, log=log
            )
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
        return _load_watched(place, key, endpoint, more, gone)


def _load_watched(
    place: Workplace, key: CellKey, endpoint: Endpoint, more: Mapping[str, str], gone: Ended
) -> tuple[int | None, Load]:
    folder, cpus = place.folder(key), place.cpus_for(endpoint)
    with _profiled(place, folder, endpoint, gone):
        locust = Child(
            ["-m", "locust", *locust_argv(place, key, endpoint, files_here(place, key))],
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


def _profiled(
    place: Workplace, folder: Path, endpoint: Endpoint, gone: Ended, *, longer: float = 0.0
) -> AbstractContextManager[None]:
    return profiling(
        place.plan,
        endpoint,
        output=beside(folder, layout.PROFILE),
        log=beside(folder, layout.PROFILER_LOG),
        seconds=_limit_seconds(place.plan) + longer,
        ledger=place.ledger,
        cpus=place.cpus_for(endpoint),
        ended=gone,
    )


def _limit_seconds(plan: Plan) -> float:
    return load_seconds(plan.cell_seconds[1]) + _MORE_SECONDS
