"""How long a sweep may go on, and what it keeps for measuring again."""

from sweep.choosing.budget import Budget


def test_without_a_budget_there_is_always_time() -> None:
    budget = Budget(seconds=None, began=0.0)
    budget.took(1e6, again=False)
    assert budget.time_for_cell(1e9, sparing=True)


def test_a_cell_begins_where_one_as_long_as_the_others_would_end_in_time() -> None:
    budget = Budget(seconds=100.0, began=10.0)
    budget.took(4.0, again=False)
    budget.took(6.0, again=False)
    assert budget.time_for_cell(104.0, sparing=False)
    assert not budget.time_for_cell(106.0, sparing=False)


def test_a_tenth_is_kept_for_measuring_again_until_that_has_had_it() -> None:
    budget = Budget(seconds=100.0, began=0.0)
    budget.took(4.0, again=False)
    assert not budget.time_for_cell(87.0, sparing=True)
    assert budget.time_for_cell(87.0, sparing=False)
    budget.took(4.0, again=True)
    assert budget.time_for_cell(89.0, sparing=True)
    assert not budget.time_for_cell(91.0, sparing=True)
