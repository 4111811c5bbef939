"""What `pip install .` brings is enough for a load worker, `[report]` for reports: by what they import."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
ROOMS = {path.parent.name for path in ROOT.glob("*/__init__.py")}
WORKER = ROOMS - {"reports", "target_app"}
OF_THE_TARGET = {"mocks/embeddings.py"}
"""Imported by the reference app alone, which runs it in its own process."""


def named(requirements: Iterable[str]) -> set[str]:
    """The packages to import; that of a name with hyphens has underscores."""
    return {re.split(r"[^\w-]", one)[0].replace("-", "_").lower() for one in requirements}


BASE = named(PROJECT["dependencies"])
EXTRAS = {name: named(wanted) for name, wanted in PROJECT["optional-dependencies"].items()}


@cache
def third_party(path: Path) -> frozenset[str]:
    """What it imports, in functions, too; not what it does without, where that is missing."""
    tree = ast.parse(path.read_text())
    optional = {
        id(node)
        for attempt in ast.walk(tree)
        if isinstance(attempt, ast.Try)
        and any(isinstance(h.type, ast.Name) and h.type.id == "ImportError" for h in attempt.handlers)
        for statement in attempt.body
        for node in ast.walk(statement)
    }
    names: list[str] = []
    for node in ast.walk(tree):
        if id(node) in optional:
            continue
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.append(node.module)
    return frozenset({name.partition(".")[0] for name in names} - ROOMS - set(sys.stdlib_module_names))


def imported(rooms: Iterable[str]) -> set[str]:
    files = (path for room in rooms for path in (ROOT / room).rglob("*.py"))
    own = [path for path in files if path.relative_to(ROOT).as_posix() not in OF_THE_TARGET]
    return {name for path in own for name in third_party(path)}


def test_a_load_worker_has_all_that_it_imports_and_no_more_and_reports_have() -> None:
    assert imported(WORKER) == BASE
    assert imported(["reports"]) <= BASE | EXTRAS["report"]


def test_what_is_of_the_target_is_imported_by_it_alone() -> None:
    modules = [path.removesuffix(".py").replace("/", ".") for path in OF_THE_TARGET]
    for file in (path for room in ROOMS - {"target_app"} for path in (ROOT / room).rglob("*.py")):
        text = file.read_text()
        assert not [module for module in modules if module in text], file


def test_every_package_is_pinned_and_every_room_is_packed() -> None:
    pinned = named((ROOT / "constraints.txt").read_text().splitlines())
    assert EXTRAS["report"] | EXTRAS["target"] | EXTRAS["parquet"] | BASE <= pinned | {"chokepoint"}
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    inits = [path for room in ROOMS for path in (ROOT / room).rglob("__init__.py")]
    assert set(packages) == {".".join(path.parent.relative_to(ROOT).parts) for path in inits}
