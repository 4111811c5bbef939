"""A run's directory: made before anything starts, held by one sweep at a time, its facts in run.json."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import orjson

from records.cells.cell import SCHEMA_VERSION
from records.cells.layout import CELLS, LOCK, RUN
from records.cells.reader import read_meta
from records.errors import RecordError
from records.files import of_the_disk, read_json, write_json
from sweep.measuring.irregular import refuse_irregular
from sweep.planning.load_words import parse_locust_args
from sweep.planning.options import check_labels
from sweep.planning.plan import Plan
from sweep.planning.scenario import locustfile
from sweep.planning.variants import check_variant
from sweep.running.errors import UsageError
from sweep.running.host import describe_host, describe_software


def create(output: Path, name: str, plan: Plan, given: Sequence[str] = ()) -> Path:
    """Make ``output/name``, or ``name-2`` and so on where that is taken, with its run.json; its path.
    ``given``: the variables that it was given something by which is not kept.

    Raises:
        UsageError: it cannot be made; OSError: for the disk's sake.
    """
    try:
        output.mkdir(parents=True, exist_ok=True)
        directory = _new(output, name)
    except OSError as error:
        if of_the_disk(error):
            raise
        raise UsageError(f"cannot make {error.filename}: {error.strerror}") from error
    try:
        facts = {"host": describe_host(), **describe_software(), "given_by_environment": list(given)}
        write_run(directory, plan, status="running", extra=facts)
    except BaseException:  # an interrupt, a full disk: nothing was begun, so nothing stays
        (directory / RUN).unlink(missing_ok=True)
        directory.rmdir()
        raise
    return directory


def _new(output: Path, name: str) -> Path:
    directory, number = output / name, 1
    while True:
        try:
            directory.mkdir()
            return directory
        except FileExistsError:
            number += 1
            directory = output / f"{name}-{number}"


def load(directory: Path, option: str = "--resume") -> Plan:
    """The plan of a run that is to be resumed, or that ``option`` goes on from.

    Raises:
        UsageError: there is none, or it holds what this version does not know.
    """
    named = f"{option.partition(' ')[0]} {directory}"
    try:
        plan = Plan.from_json(read_meta(directory).get("plan"))
        refuse_irregular(directory)
        check_labels(plan.targets)
        for variant in plan.variants:
            check_variant(variant)
        locustfile(plan.scenario)
        parse_locust_args(plan.locust_args, plan.scenario)
    except OSError as error:
        if of_the_disk(error):
            raise
        raise UsageError(f"{named}: {error.strerror or error}") from error
    except (RecordError, UsageError) as error:
        raise UsageError(f"{named}: {error}") from error
    return plan


def given_before(directory: Path) -> list[str]:
    """The variables that a run was given something by which is not kept; older versions say none."""
    names = read_meta(directory).get("given_by_environment")
    return [str(name) for name in names] if isinstance(names, list) else []


def write_run(directory: Path, plan: Plan, *, status: str, extra: Mapping[str, Any]) -> None:
    """Bring run.json up to date; what is in it and not named here stays. It lists the cells that are known
    beforehand: after a kill a report can tell which are missing."""
    path = directory / RUN
    before = read_json(path) if path.exists() else {}
    planned = [key.path for key in plan.cells()]
    facts = {"schema_version": SCHEMA_VERSION, "plan": plan.to_json(), "planned": planned, "status": status}
    write_json(path, {**before, **facts, **extra})


@contextmanager
def discarded_if_of_no_use(directory: Path) -> Iterator[None]:
    """Remove a new run's directory where a mistake in its plan, which stays the same, ended it before its
    first cell: to resume it would end so again. It stays where the message names a log in it."""
    try:
        yield
    except UsageError as error:
        if not (directory / CELLS).exists() and str(directory) not in str(error):
            shutil.rmtree(directory, ignore_errors=True)
        raise


@contextmanager
def settled(directory: Path) -> Iterator[None]:
    """However what is done within ends, run.json does not go on saying ``running``, but ``interrupted`` or
    ``failed`` where nobody has said ``complete``."""
    status = "failed"
    try:
        yield
    except KeyboardInterrupt:
        status = "interrupted"
        raise
    finally:
        with suppress(OSError, RecordError):  # then another error is on its way already
            _settle(directory / RUN, status)


def _settle(path: Path, status: str) -> None:
    facts = read_json(path)
    if facts.get("status") != "running":
        return
    facts["status"] = status
    try:
        write_json(path, facts)
    except OSError:  # a full disk has no room for a second file: without its indents this is no longer
        size = path.stat().st_size
        with path.open("r+b", buffering=0) as file:
            file.write(orjson.dumps(facts).ljust(size - 1) + b"\n")


@contextmanager
def alone(directory: Path) -> Iterator[None]:
    """Hold the run's lock: two sweeps in one directory would mix their records. Raises UsageError; OSError
    for the disk's sake."""
    try:
        lock = (directory / LOCK).open("w")
    except OSError as error:
        if of_the_disk(error):
            raise
        raise UsageError(f"cannot write in {directory}: {error.strerror}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UsageError(f"another sweep is at work in {directory}") from error
        except OSError as error:
            raise UsageError(f"cannot lock {directory}: {error.strerror}") from error
        yield
