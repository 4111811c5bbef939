"""Points: their order, their folders, and what is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.cells.point import Point, text_of, value_of

VALUES = st.one_of(
    st.integers(0, 10**6),
    st.floats(0, 1e6, allow_nan=False).map(lambda x: value_of(f"{x:.6g}")),
    st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True).filter(lambda t: t[:3] not in ("nan", "inf")),
)


@pytest.mark.parametrize(("factors", "folder", "label"), [
    ({"users": 1}, "c01", "1"), ({"users": 120}, "c120", "120"), ({"rate": 20}, "rate=20", "20/s"),
    ({"rate": 0.5}, "rate=0.5", "0.5/s"), ({"users": 10, "size": 100}, "size=100,c10", "users=10 size=100"),
    ({"batch": 64, "users": 4}, "batch=64,c04", "batch=64 users=4"),
    ({"model": "small", "users": 2}, "model=small,c02", "model=small users=2"),
])  # fmt: skip
def test_a_point_has_a_folder_and_a_label(
    factors: dict[str, int | float | str], folder: str, label: str
) -> None:
    point = Point.of(factors)
    assert (point.folder, point.label) == (folder, label)
    assert Point.from_json(point.to_json(), users=7) == point


def test_points_are_in_order_of_their_numbers_and_an_older_cell_s_is_its_users() -> None:
    assert Point.from_json(None, users=7) == Point.of_users(7)
    assert sorted(Point.of_users(n) for n in (10, 9, 100)) == [Point.of_users(n) for n in (9, 10, 100)]


@pytest.mark.parametrize("factors", [
    {"Size": 1}, {"a/b": 1}, {"size": "../x"}, {"size": ""}, {"size": float("nan")}, {"size": True},
])  # fmt: skip
def test_what_no_folder_can_be_called_is_refused(factors: dict[str, int | float | str]) -> None:
    with pytest.raises(ValueError, match=r"."):
        Point.of(factors)


@given(VALUES)
def test_a_value_is_read_as_it_was_written(value: int | float | str) -> None:
    assert value_of(text_of(value)) == value


@given(st.text(max_size=20))
def test_any_text_is_a_value_or_refused(text: str) -> None:
    try:
        value = value_of(text)
    except ValueError:
        return
    assert "/" not in text_of(value)
    assert not text_of(value).startswith(".")
