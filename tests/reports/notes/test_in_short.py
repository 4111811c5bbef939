"""What is said last of a sweep whose cells are not all valid."""

from typing import Any

import pytest

from records.cells.cell import Check
from reports.notes.in_short import invalid_in_short
from workloads.checks.advice import advised


def _failed(*names: str) -> tuple[Check, ...]:
    return tuple(
        advised(Check(name=name, status="fail", text=f"{name} was bad"), f"mend {name}") for name in names
    )


@pytest.mark.parametrize(("checks", "said"), [
    ([(), ()], ""),
    ([_failed("steady"), ()], "1 of 2 cells is invalid, by steady: mend steady"),
    ([_failed("failures", "steady"), _failed("steady"), ()],
     "2 of 3 cells are invalid, all of them by steady: mend steady"),
    ([_failed("steady"), _failed("failures"), _failed("late", "failures"), ()],
     "3 of 4 cells are invalid, 2 of them by failures: mend failures"),
    ([(Check(name="steady", status="fail", text="steady was bad"),), ()],
     "1 of 2 cells is invalid, by steady: steady was bad"),
])  # fmt: skip
def test_how_many_cells_are_invalid_and_which_check_failed_most(
    made: Any, of: Any, checks: list[tuple[Check, ...]], said: str
) -> None:
    good = Check(name="configuration", status="pass")
    specs = [made.spec(concurrency=users, checks=(good, *some)) for users, some in enumerate(checks, start=1)]
    assert invalid_in_short(of(*specs)) == said


def test_a_cell_without_a_check_is_invalid_too(made: Any, of: Any) -> None:
    assert invalid_in_short(of(made.spec(checks=()))) == "1 of 1 cell is invalid: nothing was checked"
