"""What is read of a cell's limits.json and pods.json: a value, nothing, or a clear error."""

from pathlib import Path

import pytest

from records.errors import RecordError
from records.evidence.limits import CellLimits
from records.evidence.pods import CellPods
from records.files import write_json


@pytest.mark.parametrize(("kind", "name", "why"), [
    (CellLimits, "limits.json", "says no limits: "), (CellPods, "pods.json", "says of no pods: "),
])  # fmt: skip
def test_a_file_says_a_value_or_nothing_or_what_is_wrong(
    tmp_path: Path, kind: type[CellLimits | CellPods], name: str, why: str
) -> None:
    assert kind.read(tmp_path) is None
    write_json(tmp_path / name, {"replicas": "many"})
    with pytest.raises(RecordError, match=rf"{name} {why}"):
        kind.read(tmp_path)


def test_limits_are_read_as_they_were_written(tmp_path: Path) -> None:
    limits = CellLimits(by="kubernetes", cpu_limit_cores=0.5, sees={"cpu_count": 2})
    limits.write(tmp_path)
    assert CellLimits.read(tmp_path) == limits
