"""The arrows between rooms go one way, and only the thin files import locust."""

import ast
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MAY_IMPORT = {
    "cli": {"records"},  # the others by name, when they are used; and none imports it
    "records": set(),
    "mocks": set(),
    "reach": {"records"},
    "workloads": {"records"},
    "loadgen": {"reach", "records", "workloads"},
    "profiler": {"reach", "records"},
    "reports": {"records", "workloads"},
    "locustfiles": {"loadgen"},
    "target_app": {"mocks"},
    "sweep": {"reach", "records", "reports", "workloads"},
    "benchmarks": {"loadgen", "records", "reports", "sweep", "target_app"},  # and none imports it
}


BESIDE = ""
"""What lies in a room itself, beside its folders."""

OF_LOADGEN = {
    BESIDE: set(),
    "client": set(),
    "engine": {"client"},
    "tasks": {"client", "engine"},  # of a scenario in one file, of which there is none now
    "tasks.ask": {"client", "engine"},
    "shapes": {"engine"},
    "process": {"client", "engine", "shapes"},
    "adapter": {"client", "engine", "process", "shapes"},
}
"""Its folders. The adapter is told its scenario by a locustfile."""

OF_RECORDS = {
    BESIDE: set(),  # files, errors, exit codes
    "options": set(),
    "secrets": set(),
    "services": {"secrets"},
    "cells": {BESIDE, "options", "secrets", "services"},
    "evidence": {BESIDE, "cells", "secrets"},
}

SEEN = {"analysis", "evidence", "figures"}
OF_FINDINGS = {
    "findings.common": SEEN,
    "findings.loop": SEEN | {"findings.common"},
    "findings.waits": {"analysis", "evidence", "findings.common", "findings.machine"},
    "findings.machine": SEEN | {"findings.common", "findings.loop"},
    "findings.between": SEEN | {"columns", "findings.common", "findings.machine"},
    "findings.whole": SEEN | {"findings.common", "findings.loop", "findings.machine"},
    "findings.acquitted": {
        "analysis",
        "evidence",
        "findings.between",
        "findings.common",
        "findings.loop",
        "findings.machine",
        "findings.waits",
    },
    "findings": {
        "analysis",
        "findings.between",
        "findings.common",
        "findings.loop",
        "findings.machine",
        "findings.waits",
        "findings.whole",
    },
}

OF_REPORTS = {
    "columns": set(),
    "figures.pooling": {"columns"},
    "figures": {"columns", "figures.pooling"},
    "evidence": {"columns", "figures"},
    "analysis": {"columns", "evidence", "figures", "figures.pooling"},
    **OF_FINDINGS,
    "document": set(),
    "notes": {"analysis", "document", "figures"},
    "words": {
        "analysis",
        "document",
        "evidence",
        "figures",
        "notes",
        "findings.acquitted",
        "findings.common",
        "findings.whole",
    },
    "tables": {"analysis", "document", "evidence", "figures", "notes", "words"},
    "as_json": {"analysis", "evidence", "figures", "findings", "findings.acquitted", "words"},
    "frame": {"figures", "figures.pooling"},
    BESIDE: {
        "analysis",
        "as_json",
        "columns",
        "document",
        "figures",
        "figures.pooling",
        "findings",
        "findings.acquitted",
        "findings.common",
        "frame",
        "notes",
        "tables",
        "words",
    },
}
"""Its folders: what is above `document` puts nothing into words, and knows nothing of who does."""

OF_SWEEP = {
    "running.cgroups": set(),
    "running": {"running.cgroups"},
    "fixes": set(),
    "deployments.pods": {"running", "running.cgroups"},
    "deployments.clusters": {"running", "running.cgroups"},
    "deployments": {"deployments.clusters", "deployments.pods", "fixes", "running", "running.cgroups"},
    "planning": {"deployments", "running"},
    "beside": {"deployments", "planning", "running"},
    "choosing": {"planning"},
    "measuring": {"beside", "choosing", "deployments", "planning", "running", "running.cgroups"},
    "mending": {"beside", "choosing", "fixes", "measuring", "planning", "running"},
    BESIDE: {"beside", "choosing", "deployments", "measuring", "mending", "planning", "running"},
}
"""Its folders: what is asked for, what that needs, which cells come next, and what measures them."""

FOLDERS = {"loadgen": OF_LOADGEN, "records": OF_RECORDS, "reports": OF_REPORTS, "sweep": OF_SWEEP}


@cache
def _modules(path: Path) -> tuple[str, ...]:
    """All that it imports, for its types alone and in its functions, too."""
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return tuple(names)


def _imports(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in _modules(path)}


def _folder(name: str) -> str:
    """The folder, as a package, that a module of ours is in, or a name in a module."""
    parts = name.split(".")
    while not (ROOT / Path(*parts)).is_dir():
        parts.pop()
    return ".".join(parts)


def _arrows(room: str) -> dict[str, set[str]]:
    """From each folder of a room to those that it imports, of any room."""
    arrows: dict[str, set[str]] = {}
    for path in (ROOT / room).rglob("*.py"):
        own = ".".join(path.parent.relative_to(ROOT).parts)
        ours = {_folder(name) for name in _modules(path) if name.partition(".")[0] in MAY_IMPORT}
        arrows.setdefault(own, set()).update(ours - {own})
    return arrows


def test_no_circle_between_folders() -> None:
    arrows: dict[str, set[str]] = {}
    for room in MAY_IMPORT:
        arrows |= _arrows(room)
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        raise AssertionError(f"a circle: {' <- '.join(error.args[1])}") from None


def _module(name: str) -> str:
    """The module of ours that a name is, or is in; empty: a folder is meant."""
    parts = name.split(".")
    while parts and not (ROOT / Path(*parts)).with_suffix(".py").is_file():
        parts.pop()
    return ".".join(parts)


def test_no_circle_between_modules() -> None:
    """One that is imported when a function runs is one, too."""
    arrows: dict[str, set[str]] = {}
    for room in MAY_IMPORT:
        for path in (ROOT / room).rglob("*.py"):
            own = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            arrows[own] = {_module(name) for name in _modules(path) if name.partition(".")[0] in MAY_IMPORT}
            arrows[own] -= {own, ""}
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        raise AssertionError(f"a circle: {' <- '.join(error.args[1])}") from None


@pytest.mark.parametrize(("room", "allowed"), FOLDERS.items())
def test_the_folders_of_a_room_import_only_what_their_arrows_allow(
    room: str, allowed: dict[str, set[str]]
) -> None:
    arrows = {of.partition(".")[2]: to for of, to in _arrows(room).items()}
    assert arrows.keys() == allowed.keys()
    for of, to in arrows.items():
        others = {name.partition(".")[2] for name in to if name.partition(".")[0] == room}
        assert others <= allowed[of], f"{of} imports {others - allowed[of]}"
        empty = not any(path.stem != "__init__" for path in (ROOT / room / of.replace(".", "/")).glob("*.py"))
        assert empty or others >= allowed[of], (
            f"{of} may import {allowed[of] - others}, and does not: take it out"
        )


@pytest.mark.parametrize("room", sorted(MAY_IMPORT))
def test_a_room_imports_only_what_its_arrows_allow(room: str) -> None:
    files = list((ROOT / room).rglob("*.py"))
    assert files
    used: set[str] = set()
    for path in files:
        foreign = _imports(path) & (MAY_IMPORT.keys() - {room})
        assert foreign <= MAY_IMPORT[room], f"{path.name} imports {foreign - MAY_IMPORT[room]}"
        used |= foreign
    assert used >= MAY_IMPORT[room], f"{room} may import {MAY_IMPORT[room] - used}, and does not: take it out"


@pytest.mark.parametrize("room", sorted(MAY_IMPORT.keys() - {"benchmarks", "loadgen", "locustfiles"}))
def test_only_the_load_rooms_import_locust(room: str) -> None:
    for path in (ROOT / room).rglob("*.py"):
        assert not _imports(path) & {"locust", "gevent"}, path


def test_in_the_room_of_load_only_the_adapter_imports_locust() -> None:
    room = ROOT / "loadgen"
    seen = {path.relative_to(room).as_posix(): _imports(path) for path in room.rglob("*.py")}
    for name, names in seen.items():
        assert "locust" not in names or name.startswith("adapter/"), name
        assert "gevent" not in names or name.startswith("adapter/") or name == "client/watched.py", name


def test_the_load_knows_only_the_levels_of_a_shape() -> None:
    levels = {f"loadgen.shapes.{name}" for name in ("level_log", "level_table", "measured")}
    for folder in ("process", "adapter"):
        for path in (ROOT / "loadgen" / folder).glob("*.py"):
            shapes = {n.rpartition(".")[0] for n in _modules(path) if n.startswith("loadgen.shapes")}
            assert shapes <= levels, f"{path.name} imports {shapes - levels}"


def test_a_scenario_knows_no_other() -> None:
    tasks = ROOT / "loadgen" / "tasks"
    for path in tasks.rglob("*.py"):
        own = path.relative_to(tasks).with_suffix("").parts[0]
        others = {n.split(".")[2] for n in _modules(path) if n.startswith("loadgen.tasks.")}
        assert others <= {own}, f"{path.name} imports {others - {own}}"
