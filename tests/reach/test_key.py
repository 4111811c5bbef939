"""Keys of the load: who has them in the environment that it is started with."""

import ast
from collections.abc import Iterator
from pathlib import Path

from reach.key import VARIABLES, without_key
from support import ROOT

STARTED_WITHOUT = {
    "sweep/deployments/clusters/forwarding.py",
    "sweep/running/keeper.py",
    "sweep/running/pod_keeper.py",
}
"""Programs by themselves, which are started without the keys, and hand on what they have."""


def starts(path: Path) -> Iterator[ast.Call]:
    """Calls that start a program."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("subprocess.run", "subprocess.Popen"):
            yield node


def test_keys_go_and_all_else_stays() -> None:
    assert without_key({**dict.fromkeys(VARIABLES, "key"), "HOME": "/h"}) == {"HOME": "/h"}


def test_whatever_is_started_is_said_its_environment() -> None:
    """So that none has the keys because nobody thought of it."""
    files = [path for room in ("profiler", "sweep") for path in (ROOT / room).rglob("*.py")]
    found = {path.relative_to(ROOT).as_posix(): list(starts(path)) for path in files}
    assert sum(map(len, found.values())) > 10
    silent = {
        name
        for name, calls in found.items()
        for call in calls
        if not {"env", None} & {keyword.arg for keyword in call.keywords}
    }
    assert silent == STARTED_WITHOUT
