"""What a load is told of its cell is read as it was written, or refused."""

from pathlib import Path
from typing import Any

import pytest

from records.cells.cell import Cell
from records.cells.cell_spec import CellSpec
from records.errors import RecordError
from records.evidence.samples import times_ns
from records.files import write_json
from records.services.served import Served

SPEC = CellSpec(
    deployment="mine", config="four", point={"size": 100, "users": 4}, repeat=2,
    expected_settings={"WORKERS": "4"}, variant={"WORKERS": "4"}, settings={"WORKERS": "4", "N": "1"},
    served=Served(config="custom", settings={"WORKERS": 4}), cpus={"mode": "shared"}, pids=(1, 2),
    samples="profile.jsonl", interval_s=0.5,
)  # fmt: skip


def test_it_is_read_as_it_was_written_and_names_the_cell(tmp_path: Path) -> None:
    write_json(tmp_path / "spec", SPEC.to_json())
    spec = CellSpec.read(tmp_path / "spec")
    assert spec == SPEC
    cell = spec.named(Cell(deployment="d", config="c", concurrency=4, repeat=1, requested={"users": 4}))
    assert cell.name == "mine/four/size=100,c04-r2"
    own = {"variant": {"WORKERS": "4"}, "set": {"WORKERS": "4", "N": "1"}}
    assert cell.requested == {"users": 4, "cpus": {"mode": "shared"}, **own}


@pytest.mark.parametrize(
    "change", [{"repeat": 0}, {"point": {"Users": 1}}, {"pids": "x"}, {"more": 1}, {"deployment": None}]
)
def test_what_is_none_is_refused_in_one_line(tmp_path: Path, change: dict[str, Any]) -> None:
    write_json(tmp_path / "spec", SPEC.to_json() | change)
    with pytest.raises(RecordError, match="says of no cell") as caught:
        CellSpec.read(tmp_path / "spec")
    assert "\n" not in str(caught.value)


def test_what_a_service_said_at_its_start_is_believed_where_it_has_no_time_to_say_it_again() -> None:
    now = Served(config="other")
    assert SPEC.observed(now) == now
    assert SPEC.observed(Served()) == SPEC.served


def test_the_times_of_samples_leave_out_one_that_is_being_written(tmp_path: Path) -> None:
    path = tmp_path / "profile.jsonl"
    assert times_ns(path) == []
    path.write_text("".join(f'{{"at_ns": {at}, "profiler": {{}}}}\n' for at in (0, 5, 15)) + '{"at_')
    assert times_ns(path) == [0, 5, 15]
    path.write_text("nonsense\n")
    with pytest.raises(RecordError, match="not JSON"):
        times_ns(path)
