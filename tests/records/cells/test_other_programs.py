"""Programs beside a load, in the words in which a sweep and a report name them."""

import pytest

from records.cells.other_programs import TO_DO, in_words


@pytest.mark.parametrize(("cores", "at_most", "said"), [
    ({"make (pid 7)": 0.951, "cc": 0.2}, False, "other programs took of a core: make (pid 7) 95 %, cc 20 %"),
    ({"make": 1.5}, True, "other programs took at most of a core: make 150 %"), ({}, True, ""),
])  # fmt: skip
def test_it_is_said_what_each_took_of_a_core(cores: dict[str, float], at_most: bool, said: str) -> None:
    assert in_words(cores, at_most=at_most) == said


def test_nobody_is_told_to_end_what_is_not_theirs() -> None:
    assert "yours" in TO_DO
    assert "done, or elsewhere" in TO_DO
