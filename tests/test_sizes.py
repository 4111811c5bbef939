"""Modules and functions stay small enough to be read in one go."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MOST_LINES = 300
MOST_OF_A_FUNCTION = 55
MOST_OF_A_LOCUSTFILE = 75


def _modules() -> Iterator[Path]:
    packages = {path.parent for path in ROOT.glob("*/*.py")}
    for package in packages:
        yield from package.rglob("*.py")


def _functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or 0) - node.lineno + 1


def test_no_module_and_no_function_is_too_long() -> None:
    modules = {path.relative_to(ROOT).as_posix(): path for path in _modules()}
    assert {"sweep/cli.py", "benchmarks/client.py", "tests/traps/test_load.py"} <= modules.keys()
    long = [name for name, path in modules.items() if len(path.read_text().splitlines()) > MOST_LINES]
    for name, path in modules.items():
        long += [f"{name} {one}" for one, lines in _functions(path) if lines > MOST_OF_A_FUNCTION]
    assert not long


def test_locustfiles_are_thin() -> None:
    files = {path.name: len(path.read_text().splitlines()) for path in (ROOT / "locustfiles").glob("*.py")}
    assert files
    assert max(files.values()) <= MOST_OF_A_LOCUSTFILE
