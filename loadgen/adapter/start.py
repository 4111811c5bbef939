"""A start of the load: from what was asked for to a `Run` under way. Imports gevent."""

from __future__ import annotations

import gc
import logging
import uuid
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from typing import Any, Protocol

import gevent
import psutil

from loadgen.adapter import rows
from loadgen.client import connect
from loadgen.client.http import Origin
from loadgen.engine.driver import Driver
from loadgen.engine.in_flight import WorkerIdentity
from loadgen.engine.open_loop import OpenLoop
from loadgen.engine.session import Plan, Session
from loadgen.engine.settings import Settings
from loadgen.engine.task import AnyTask
from loadgen.process import target
from loadgen.process.cellfile import CellFile
from loadgen.process.expected import Expected
from loadgen.process.requested import asked, fresh_folder
from loadgen.process.role import Role
from loadgen.process.run import Run
from loadgen.process.run_spec import Keep, RunSpec
from records.cells.request import RequestRecord
from records.evidence import noise
from records.secrets.secret_names import harmless
from workloads.catalogue import workload

log = logging.getLogger(__name__)


class Starting(Protocol):
    """The load that starts."""

    environment: Any
    """Locust's."""
    role: Role
    runs: int
    """How many starts there were before."""
    watchers: list[Callable[[RequestRecord], None]]
    shape_options: Callable[[], dict[str, Any]]


def load_pids() -> list[int]:
    """This process and the workers that it forked (``--processes``)."""
    own = psutil.Process()
    return [own.pid, *(child.pid for child in own.children(recursive=True))]


def begun(load: Starting, wanted: Settings, task: AnyTask, origin: Origin) -> Run:
    """Raises UsageError where it cannot be run, OSError where its records cannot be kept."""
    options, cell = load.environment.parsed_options, None
    if load.role.is_worker:
        spec = RunSpec.of(getattr(options, "chokepoint", None))
    else:
        users = load.environment.runner.target_user_count or options.num_users or 1
        cell = _cell(load, wanted, task, origin, users)
        spec = _spec(load, wanted, users, cell)
        options.chokepoint = asdict(spec)  # locust sends its options to the workers
    plan = Plan(
        users=spec.users,
        warmup_requests=wanted.warmup_requests,
        requests=wanted.requests,
        min_seconds=wanted.min_seconds,
        max_seconds=wanted.max_seconds,
    )
    run = Run(
        spec=spec,
        settings=wanted,
        task=task,
        session=Session(plan=plan, decides=not load.role.is_worker),
        expect_workers=options.expect_workers,
        cell=cell,
        machine=noise.read(load_pids()),
    )
    load.role.begin(run, partial(_driver, load, run, origin))
    if load.role.driver is not None:
        _start_driver(load.role.driver)
    return run


def _cell(load: Starting, wanted: Settings, task: AnyTask, origin: Origin, users: int) -> CellFile | None:
    """Where the records go; None where nobody asked for them."""
    options = load.environment.parsed_options
    elsewhere = options.master and not options.processes
    served = target.served(origin, wanted.headers, wanted.redaction, requested_elsewhere=elsewhere)
    log.info("The service's configuration is %s", harmless(served.config or "not told (as-is)"))
    if not wanted.results:
        return None
    expected = Expected.read(options.cell_spec, wanted.redaction) if options.cell_spec else None
    served = expected.spec.observed(served) if expected else served
    folder = fresh_folder(wanted.results, again=load.runs > 0)
    shape = type(load.environment.shape_class).__name__ if load.environment.shape_class else None
    cell = CellFile(
        folder,
        asked(
            wanted,
            task,
            users,
            served,
            origin,
            run_time_s=load.environment.parsed_options.run_time,
            shape=shape,
            shape_options=load.shape_options(),
        ),
        wanted,
        served,
        task=task,
        shape=shape,
        insecure=wanted.reach.tls.insecure if origin.tls else None,
        expected=expected,
    )
    log.info("Records go to %s", cell.folder)
    return cell


def _spec(load: Starting, wanted: Settings, users: int, cell: CellFile | None) -> RunSpec:
    folder = cell.folder.resolve().name if cell else ""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    return RunSpec(
        id=uuid.uuid4().hex,
        run=wanted.run_name or folder or stamp,
        cell=wanted.cell_name or (cell.cell.name if cell else "cell"),
        users=users,
        workers=load.role.connected(),
    )


def _driver(load: Starting, run: Run, origin: Origin, keep: Keep | None) -> Driver:
    spec = run.spec
    run.task.check()
    row = rows.StatsRow.of(run.task.method, origin.path(run.task.path), workload(run.task.workload))
    return Driver(
        origin=origin,
        settings=run.settings,
        task=run.task,
        place=WorkerIdentity(
            run=spec.run,
            cell=spec.cell,
            worker=load.role.name,
            worker_index=spec.place(load.environment.runner.client_id),
            workers=len(spec.workers),
        ),
        session=run.session,
        connection=connect.connection,
        users=-(-spec.users // len(spec.workers)),
        on_end=partial(rows.ended, load.environment, row, keep, load.watchers),
    )


def _start_driver(driver: Driver) -> None:
    gc.collect()
    gc.freeze()  # what is here stays: looking through it again and again would be a lag of 10 ms each
    gevent.spawn(driver.lag.run)
    driver.turns.start(gevent.get_hub().loop)
    if driver.settings.open_loop:
        gevent.spawn(OpenLoop(driver=driver, spawn=gevent.spawn).run)
