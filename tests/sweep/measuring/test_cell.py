"""What Locust is told of a cell, and what stays beside it when a sweep is killed."""

from pathlib import Path
from typing import Any

import pytest

from records.cells.cell import Cell
from records.cells.point import Point
from records.files import write_json
from records.services.served import Served
from sweep.deployments.protocol import Endpoint
from sweep.measuring import cell
from sweep.measuring.cell import Workplace, finished, measure
from sweep.planning.plan import CellKey
from sweep.running.cpus import Cpus
from sweep.running.ledger import Ledger
from sweep_world import plan_of

KEY = CellKey(deployment="mine", config="as-is", point=Point.of_users(2), repeat=1)


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    plan = plan_of("mine=run:app", levels=(2,), settings={"N": "4", "WORKERS": "2"})
    divided = Cpus(mode="auto", load=(0,), target=(1,))
    return Workplace(run=tmp_path, plan=plan, ledger=Ledger(tmp_path / "l"), llm=None, cpus=divided)


def measured(folder: Path, **changes: Any) -> None:
    """As Locust leaves a cell."""
    folder.mkdir(parents=True)
    named: dict[str, Any] = {"deployment": "mine", "config": "as-is", "concurrency": 2, "repeat": 1}
    write_json(folder / "cell.json", Cell(**{**named, "complete": True, **changes}).to_json())
    (folder / "requests.jsonl").write_text("")


def test_locust_is_told_what_to_expect_and_what_nobody_can_prove(place: Workplace) -> None:
    said = Served(config="custom", settings={"N": 4})
    spec = cell._spec(place, KEY, Endpoint(base_url="http://h", pids=(7,), served=said))
    assert (spec.expected_config, spec.expected_settings, spec.unproved_settings) == (
        None,
        {"N": "4"},
        ("WORKERS",),
    )
    assert (spec.point, spec.pids, spec.served, spec.cpus["target"]) == ({"users": 2}, (7,), said, [1])
    silent = cell._spec(place, KEY, Endpoint(base_url="http://h"))
    assert (silent.expected_settings, silent.unproved_settings) == ({"N": "4", "WORKERS": "2"}, ())
    assert silent.samples == ""


@pytest.mark.parametrize("change", [{"complete": False}, {"deployment": "127.0.0.1-8001"}, {"repeat": 2}])
def test_a_cell_that_is_not_whole_or_was_never_held_against_its_plan_is_not_finished(
    place: Workplace, change: dict[str, Any]
) -> None:
    measured(place.folder(KEY), **change)
    assert finished(place, KEY) is None


def test_a_load_that_leaves_no_complete_cell_is_a_fault_and_leaves_no_file_of_ours(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = place.folder(KEY)
    spec = folder.with_name(f".{folder.name}.spec.json")

    class Locust:
        log = Path("locust.log")

        def complaint(self) -> str:
            assert not spec.exists()
            return "gone"

    def load(*_: Any) -> tuple[int, Locust]:
        assert spec.exists()
        measured(folder, complete=False)
        return 3, Locust()

    monkeypatch.setattr(cell, "_load", load)
    with pytest.raises(RuntimeError, match=r"mine/as-is/c02-r1: locust ended with 3: gone"):
        measure(place, KEY, Endpoint(base_url="http://h"))
