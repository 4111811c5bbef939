"""A cell whose locust ends on a full disk, where its log has no room either."""

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from records.cells.point import Point
from sweep.deployments.protocol import Endpoint
from sweep.measuring import cell
from sweep.planning.plan import CellKey
from sweep.running.cpus import SHARED, divide
from sweep.running.ledger import Ledger
from sweep_world import plan_of

PLAN = plan_of("local")


class Ended:
    """A locust that ended with 1 and has said nothing."""

    log = Path("locust.log")

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def wait(self, _: float) -> int:
        return 1

    def stop(self) -> None:
        pass

    def complaint(self) -> str:
        return "no word yet"


@pytest.mark.parametrize(("free", "said"), [(4096, " on a full disk "), (1 << 40, "ended with 1: no word")])
def test_a_full_disk_is_named_where_locust_could_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, said: str
) -> None:
    monkeypatch.setattr(cell, "Child", Ended)
    usage: Any = SimpleNamespace(free=free)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    ledger = Ledger(tmp_path / "processes.jsonl")
    place = cell.Workplace(run=tmp_path, plan=PLAN, ledger=ledger, llm=None, cpus=divide(SHARED, (0,)))
    key = CellKey(deployment="local", config="as-is", point=Point.of_users(1), repeat=1)
    with pytest.raises(RuntimeError, match=said):
        cell.measure(place, key, Endpoint(base_url="http://127.0.0.1:1"))
