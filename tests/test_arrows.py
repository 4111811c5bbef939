"""The arrows between rooms go one way, and only the thin files import locust."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MAY_IMPORT = {
    "records": set(),
    "mocks": set(),
    "reach": {"records"},
    "loadgen": {"reach", "records"},
    "profiler": {"records"},
    "reports": {"records"},
    "locustfiles": {"loadgen"},
    "target_app": {"mocks"},
    "sweep": {"reach", "records", "profiler", "reports"},
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


def test_in_the_room_of_load_only_the_adapter_imports_locust() -> None:
    room = ROOT / "loadgen"
    seen = {path.relative_to(room).as_posix(): _imports(path) for path in room.rglob("*.py")}
    thin = {"adapter/user.py", "adapter/plumbing.py", "adapter/mends.py"}
    assert {name for name, names in seen.items() if "locust" in names} == thin
    assert {name for name, names in seen.items() if "gevent" in names} == {*thin, "client/watched.py"}
