"""How the CPUs were divided is read as it is written, and of what is not so written nothing is known."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.cells.cpus import CpuDivision

_NUMBERS = st.sets(st.integers(0, 300), min_size=1).map(lambda numbers: tuple(sorted(numbers)))


@given(st.builds(
    CpuDivision, mode=st.text(), load=_NUMBERS, target=st.none() | _NUMBERS, realtime=st.booleans(),
    links_realtime=st.booleans(), realtime_refused=st.booleans(),
))  # fmt: skip
def test_what_is_written_is_read(division: CpuDivision) -> None:
    assert CpuDivision.from_json(division.to_json()) == division


@pytest.mark.parametrize("raw", [None, [], "0:1", {}, {"load": "0", "target": [[1]]}, {"load": [True, "1"]}])
def test_of_what_is_none_nothing_is_known(raw: Any) -> None:
    assert CpuDivision.from_json(raw) == CpuDivision()


def test_a_service_that_is_kept_nowhere_is_not_one_of_which_nothing_is_told() -> None:
    assert CpuDivision.from_json({"load": [1, 0, 1], "target": None}) == CpuDivision(load=(0, 1), target=None)
