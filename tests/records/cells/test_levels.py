"""The levels of a shape as a cell keeps them."""

import itertools
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.cells.cell import Cell
from records.cells.levels import LoadStage, LoadStages, aborted_in, has_rate, many_aborted, wanted_in
from records.cells.reader import search_sentence
from records.cells.request import RequestRecord
from records.errors import RecordError

BEFORE = {"level_from": 5, "level_to": 5, "start_ns": 10, "end_ns": 20, "status": None}
LEVEL = BEFORE | {"held_start_ns": 8, "held_end_ns": 21}


def stages(*spans: tuple[int, int]) -> list[LoadStage]:
    return [
        LoadStage(level_from=n, level_to=n, start_ns=start, end_ns=end)
        for n, (start, end) in enumerate(spans)
    ]


def cell(**achieved: Any) -> dict[str, Any]:
    return Cell(deployment="d", config="c", concurrency=1, repeat=1, achieved=achieved).to_json()


@given(
    st.sampled_from(["users", "requests_per_second"]),
    st.lists(
        st.builds(
            lambda low, high, start, length, status, held: LoadStage(
                level_from=low, level_to=high, start_ns=start, end_ns=start + length, status=status,
                held_start_ns=held and start - held, held_end_ns=held and start + length + held,
            ),
            *(st.floats(0, 1e6), st.floats(0, 1e6), st.integers(0, 2**62), st.integers(0, 2**40)),
            *(st.sampled_from([None, "met", "missed", "unknown"]), st.none() | st.integers(0, 2**40)),
        ),
        max_size=4,
    ),
)  # fmt: skip
def test_what_is_written_is_read(unit: Any, levels: list[LoadStage]) -> None:
    held = LoadStages(unit=unit, levels=tuple(levels))
    assert Cell.from_json(orjson.loads(orjson.dumps(cell(**held.to_json())))).levels == held


@pytest.mark.parametrize(("levels", "unit"), [
    ([], None), ([], "cars"), ({}, "users"), (["5"], "users"), ([{"level_from": 5}], "users"),
    *(([LEVEL | {name: wrong}], "users") for name, wrong in (
        ("more", 1), ("level_to", "5"), ("level_from", True), ("start_ns", 1.5), ("end_ns", 9),
        ("status", 3), ("held_start_ns", None), ("held_end_ns", 1.5),
    )),
])  # fmt: skip
def test_levels_that_are_none_are_refused(levels: Any, unit: str | None) -> None:
    with pytest.raises(RecordError, match=r"cell\.json is not a cell"):
        Cell.from_json(cell(levels=levels, **({"level_unit": unit} if unit else {})))


def test_a_cell_without_a_shape_has_none_and_an_older_one_no_time_held() -> None:
    assert Cell.from_json(cell()).levels is None
    assert LoadStage.from_json(BEFORE).held_start_ns is None


@pytest.mark.parametrize(("ends", "unit", "label"), [
    ((5, 5), "users", "5"), ((0.4, 1.3), "users", "1"), ((1.0, 3.9), "users", "1-4"),
    ((8, 5.2), "users", "8-5"), ((10, 10.0), "requests_per_second", "10/s"),
    ((0, 4), "requests_per_second", "0-4/s"), ((12.345, 12.345), "requests_per_second", "12.35/s"),
])  # fmt: skip
def test_what_a_level_is_called(ends: tuple[float, float], unit: str, label: str) -> None:
    level = LoadStage(level_from=ends[0], level_to=ends[1], start_ns=0, end_ns=1)
    assert level.label(unit) == label


@given(st.lists(st.integers(0, 50), min_size=2, max_size=6, unique=True).map(sorted), st.data())
def test_a_request_belongs_to_one_level_at_most(moments: list[int], data: st.DataObject) -> None:
    levels = stages(*itertools.pairwise(moments))
    sent = st.tuples(st.integers(0, 60), st.none() | st.integers(0, 60))
    known: dict[str, Any] = {"run": "r", "cell": "c", "worker": "w", "region": "", "user": 0}
    requests = [
        RequestRecord(**known, seq=n, outcome="ok", due_at_ns=due, sent_at_ns=at, ended_at_ns=99)
        for n, (at, due) in enumerate(data.draw(st.lists(sent, max_size=30)))
    ]
    found = [r.seq for level in levels for r in wanted_in(requests, level)]
    assert sorted(found) == [r.seq for r in requests if moments[0] <= r.start_ns < moments[-1]]


def test_an_open_loops_request_belongs_where_it_was_due(record: Callable[..., RequestRecord]) -> None:
    level = LoadStage.from_json(LEVEL)
    late, early = record(due_at_ns=19, sent_at_ns=25), record(due_at_ns=9, sent_at_ns=12)
    assert wanted_in([late, early], level) == [late]
    assert asdict(level) == LEVEL


def test_what_was_never_answered_belongs_to_the_first_level_in_which_it_waited(
    record: Callable[..., RequestRecord],
) -> None:
    levels = stages((10, 20), (25, 25), (30, 40))
    cut = [
        record(sent_at_ns=sent, ended_at_ns=ended, outcome="aborted")
        # over before any was measured; while the third was settling, and after it
        for sent, ended in ((5, 8), (5, 99), (19, 99), (22, 99), (41, 99))
    ]
    cut.append(record(sent_at_ns=15, ended_at_ns=99, outcome="aborted", flags=["warmup"]))
    cut.append(record(sent_at_ns=35, ended_at_ns=35, outcome="dropped"))
    assert aborted_in([*cut, record(sent_at_ns=15, ended_at_ns=16)], levels) == [2, 0, 2]


@pytest.mark.parametrize(
    ("cut", "answered", "many"), [(0, 0, False), (1, 0, True), (5, 95, False), (6, 94, True)]
)
def test_more_than_a_twentieth_is_many(cut: int, answered: int, many: bool) -> None:
    assert many_aborted(cut, answered) is many


@pytest.mark.parametrize(("spans", "more", "has"), [
    ([(0, 10)], {}, True), ([(0, 10), (10, 20)], {}, True), ([(0, 11)], {}, False),  # less than three of them
    ([(0, 10), (0, 11), (0, 12)], {}, False), ([(25, 30)], {}, True),
    ([(25, 31)], {}, False),  # ended after it
    ([], {}, False), ([(0, 10)], {"outcome": "http_error"}, False),
    ([(1, 30)], {"due_at_ns": 1}, True), ([(1, 31)], {"due_at_ns": 1}, False),  # an open loop's: one ended
])  # fmt: skip
def test_a_level_has_a_rate_where_it_lasted_three_answers(
    record: Callable[..., RequestRecord], spans: list[tuple[int, int]], more: dict[str, Any], has: bool
) -> None:
    own = [record(sent_at_ns=sent, ended_at_ns=ended, **more) for sent, ended in spans]
    assert has_rate(*stages((0, 30)), own) is has


def test_the_sentence_of_a_search_does_nothing_to_a_terminal(tmp_path: Path) -> None:
    (tmp_path / "search.json").write_text(r'{"sentence": "5 \u001b[2J\n\u009b\u202e\u00e9"}')
    assert search_sentence(tmp_path) == r"5 \x1b[2J\n\x9b\u202e\u00e9".replace(r"\u00e9", "\u00e9")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"sentence": 5}', '{"sentence": ""}', "\udcff"])
def test_a_search_that_cannot_be_read_is_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "search.json"
    with pytest.raises(RecordError, match=r"search\.json is missing"):
        search_sentence(tmp_path)
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(RecordError, match=r"search\.json (is not JSON|holds no sentence)"):
        search_sentence(tmp_path)
    path.unlink()
    path.mkdir()
    with pytest.raises(RecordError, match=r"search\.json is a directory"):
        search_sentence(tmp_path)
