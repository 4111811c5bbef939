"""The arrows between rooms go one way, and only the thin files import locust."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MAY_IMPORT = {
    "records": set(),
    "mocks": set(),
    "reach": {"records"},
    "workloads": {"records"},
    "loadgen": {"reach", "records", "workloads"},
    "profiler": {"records", "workloads"},
    "reports": {"records", "workloads"},
    "locustfiles": {"loadgen", "records", "workloads"},
    "target_app": {"mocks"},
    "sweep": {"reach", "records", "reports", "workloads"},
}


def _imports(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names


@pytest.mark.parametrize("room", sorted(MAY_IMPORT))
def test_a_room_imports_only_what_its_arrows_allow(room: str) -> None:
    files = list((ROOT / room).rglob("*.py"))
    assert files
    for path in files:
        foreign = _imports(path) & (MAY_IMPORT.keys() - {room})
        assert foreign <= MAY_IMPORT[room], f"{path.name} imports {foreign - MAY_IMPORT[room]}"


@pytest.mark.parametrize("room", sorted(MAY_IMPORT.keys() - {"loadgen", "locustfiles"}))
def test_only_the_load_rooms_import_locust(room: str) -> None:
    for path in (ROOT / room).rglob("*.py"):
        assert not _imports(path) & {"locust", "gevent"}, path


def test_in_the_room_of_load_only_the_thin_files_import_locust_and_gevent() -> None:
    room = ROOT / "loadgen"
    seen = {path.relative_to(room).as_posix(): _imports(path) for path in room.rglob("*.py")}
    thin = {"user.py", "plumbing.py", "mends.py"}
    assert {name for name, names in seen.items() if "locust" in names} == thin
    assert {name for name, names in seen.items() if "gevent" in names} == {*thin, "client/watched.py"}


def _ours(path: Path) -> set[str]:
    """The modules of loadgen that are imported as a module is, not for its types alone."""
    return {
        node.module
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("loadgen")
    }


def test_the_shapes_know_of_the_load_only_what_they_hang_on() -> None:
    known = {f"loadgen.{name}" for name in ("clock", "distributed", "driver", "lag", "usage")}
    for path in (ROOT / "loadgen" / "shapes").glob("*.py"):
        others = {name for name in _ours(path) if not name.startswith("loadgen.shapes")}
        assert others <= known, f"{path.name} imports {others - known}"
        assert not _imports(path) & {"locust", "gevent"}, path


def test_the_load_knows_only_the_levels_of_a_shape() -> None:
    levels = {f"loadgen.shapes.{name}" for name in ("level_log", "level_table", "measured")}
    for path in [*(ROOT / "loadgen").glob("*.py"), *(ROOT / "loadgen" / "client").glob("*.py")]:
        shapes = {name for name in _ours(path) if name.startswith("loadgen.shapes")}
        assert shapes <= levels, f"{path.name} imports {shapes - levels}"


def test_the_client_knows_nothing_of_the_load_around_it() -> None:
    for path in (ROOT / "loadgen" / "client").glob("*.py"):
        modules = {n.module for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.ImportFrom)}
        ours = {name for name in modules if name and name.startswith("loadgen")}
        assert all(name.startswith("loadgen.client") for name in ours), f"{path.name} imports {ours}"
