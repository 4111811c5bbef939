"""The fields that a service refused or missed, in an error and read from it."""

import pytest

from records.cells.refused_fields import RefusedFields


@pytest.mark.parametrize(("refused", "missed", "others", "said"), [
    (["query", "a.b"], ["question"], [], "refuses query, a.b; misses question"),
    (["query", "query"], [], [], "refuses query"), ([], ["x2"], [], "misses x2"),
    ([], ["x"], ["user: int_parsing", "header.key: missing"],
     "misses x; user: int_parsing, header.key: missing"),
    (["y"], [], ["n: int_type"], "refuses y; n: int_type"),
    (["y"], ["größe"], ["n: int_type", "$n: int_type"], "refuses y; n: int_type, and more"),
])  # fmt: skip
def test_what_is_said_is_read_again(
    refused: list[str], missed: list[str], others: list[str], said: str
) -> None:
    named = RefusedFields.named(refused, missed, others)
    assert str(named) == said
    assert RefusedFields.read(f"HTTP 422 {said}") == named


def test_names_that_would_do_more_than_name_are_left_out() -> None:
    odd = ["<b>", "x y", "\x1b[2J", "$(rm)", "a'b", "", "x" * 41, "-f", "é"]
    assert RefusedFields.named(odd, odd) is None
    assert str(RefusedFields.named([*odd, "fine"], odd)) == "refuses fine, and more"
    others = [*odd, "n: x y", "n: <b>", "<b>: n", "n: a: b", "n: a, b: c"]
    assert str(RefusedFields.named(["fine"], [], others)) == "refuses fine, and more"
    assert RefusedFields.named([], [], ["n: int_type"]) is None


def test_of_very_many_as_many_are_named_as_there_is_room_for() -> None:
    named = RefusedFields.named([f"field_{n}" for n in range(500)], ["question"])
    assert named is not None
    assert (named.missed, named.more) == (("question",), True)
    assert len(str(named)) < 160
    assert str(named).endswith(", and more")
    assert RefusedFields.read(f"HTTP 400 {named}") == named


@pytest.mark.parametrize(
    "error", ["HTTP 422", "HTTP 422 ", "HTTP 500 misses x", "timeout", "HTTP 422 no such x", "HTTP 422 n: x"]
)
def test_other_errors_name_none(error: str) -> None:
    assert RefusedFields.read(error) is None
