"""Requests in columns are those that the careful reader makes records of, line by line."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from records.cells.believed import Bounds, LeftOut, Sieve
from records.cells.cell import Cell, Window
from records.cells.measure import ended_inside, measured
from records.cells.reader import read_cell as read_records
from records.cells.request import OUTCOMES, RequestRecord
from records.errors import RecordError
from records.files import write_json
from reports.columns import believed, blocks, reader
from reports.columns.believed import first_records, possible
from reports.columns.blocks import requests_in
from reports.columns.reader import read_cell
from reports.columns.requests import Requests
from reports.figures.ranks import FEW, Ranked
from reports.figures.stages import impossible_stages
from workloads.checks import streams

MOMENT = st.integers(1, 10_000_000_000)
MS = st.floats(0, 1e4)
TIMES = st.dictionaries(
    st.sampled_from(["queued_ms", "running_ms", "own_ms", 'my "ms"']),
    MS | st.sampled_from([-1.0, 0.5, 5e300]),
)
RECORD = st.fixed_dictionaries(
    {"user": st.integers(0, 2), "seq": st.integers(0, 9), "sent_at_ns": MOMENT, "ended_at_ns": MOMENT},
    optional={
        **dict.fromkeys(("due_at_ns", "headers_at_ns", "first_token_at_ns"), st.none() | MOMENT),
        **dict.fromkeys(("first_generated_at_ns", "last_token_at_ns"), st.none() | MOMENT),
        "outcome": st.sampled_from(sorted(OUTCOMES)),
        "gaps_us": st.lists(st.integers(0, 99_999) | st.integers(-(2**40), 2**40), max_size=5),
        "tokens": st.integers(0, 3) | st.sampled_from([-3, 10**8, 10**8 + 1, 10**12]),
        "events": st.sampled_from([-1, 0, 9, 10**12]),
        "bytes": st.sampled_from([-1, 0, 2, 1 << 50, 1 << 51]),
        "token_source": st.sampled_from(["usage", "events"]),
        "documents": st.none() | st.integers(-1, 5),
        "flags": st.lists(st.sampled_from(["warmup", "late", "cold"]), unique=True),
        "stages": st.none()
        | st.dictionaries(st.sampled_from(["embed", "llm", "a.b", "", 'a "b"', "\\", "\x01"]), TIMES),
        "values": st.dictionaries(st.sampled_from("ab"), MS),
        "labels": st.dictionaries(st.sampled_from("ab"), st.text(max_size=2)),
        "question": st.text(max_size=2),
    },
)
TIMES_MS = (
    "ttft_ms",
    "service_ttft_ms",
    "headers_ms",
    "first_generated_ms",
    "e2e_ms",
    "tpot_ms",
    "documents",
)


def records_of(found: list[dict[str, Any]]) -> list[RequestRecord]:
    own = {"run": "r", "cell": "c", "worker": "w", "region": "", "outcome": "ok"}
    return [RequestRecord(**{**own, **one}) for one in found]


def cell_with(folder: Path, lines: bytes) -> Path:
    write_json(folder / "cell.json", Cell(deployment="d", config="c", concurrency=1, repeat=1).to_json())
    (folder / "requests.jsonl").write_bytes(lines)
    return folder


def lists(requests: Any) -> list[RequestRecord]:
    """With gaps in a list whoever made them."""
    made = [RequestRecord(**{f.name: getattr(r, f.name) for f in fields(r)}) for r in requests]
    for one in made:
        one.gaps_us, one.stages, one.trace_id = list(one.gaps_us), one.stages or None, None
    return made


@settings(deadline=None)
@given(st.lists(RECORD, min_size=1, max_size=8))
def test_what_columns_say_is_what_records_say(found: list[dict[str, Any]]) -> None:
    records = records_of(found)
    columns = Requests.joined([requests_in(records[:3]), requests_in(records[3:])])
    assert lists(columns) == lists(records)
    for name in TIMES_MS:
        wanted = [getattr(r, name) for r in records]
        np.testing.assert_array_equal(getattr(columns, name), np.array(wanted, dtype=np.float64), name)
    assert columns.stages_ms.tolist() == pytest.approx([r.stages_ms for r in records])
    for stage in columns.stages.names:
        assert columns.stages.ms(stage).tolist() == [r.stage_ms(stage) for r in records]
        assert columns.stages.has(stage).tolist() == [stage in (r.stages or {}) for r in records]
    assert columns.thought_first.tolist() == [r.thought_first for r in records]
    assert impossible_stages(columns).tolist() == list(map(streams.impossible_stages, records))
    bounds = Bounds(last_ns=8_000_000_000, longest_ns=4_000_000_000)
    sieve = Sieve(bounds)
    kept = list(sieve(records))
    once = columns.where(first_records(columns))
    can_be = once.where(possible(once, bounds))
    assert lists(can_be) == lists(kept)
    repeated, impossible = len(records) - len(once), len(once) - len(can_be)
    assert sieve.left_out == LeftOut(repeated=repeated, impossible=impossible)
    for window in (None, Window(start_ns=10, end_ns=5_000_000_000)):
        assert lists(columns.measured(window)) == lists(measured(records, window))
        assert lists(columns.good_ended_in(window)) == lists(ended_inside(records, window))


def test_names_that_are_one_number_by_chance_are_of_two_requests() -> None:
    times = {"sent_at_ns": 1, "ended_at_ns": 2}
    alike = [{"user": 1, "seq": 0}, {"user": 0, "seq": believed._MIXED[0]}, {"user": 1, "seq": 0}]
    assert first_records(requests_in(records_of([one | times for one in alike]))).tolist() == [
        True,
        True,
        False,
    ]


GOOD = orjson.loads(records_of([{"user": 0, "seq": 0, "sent_at_ns": 1, "ended_at_ns": 10**13}])[0].encode())


def line(**changes: Any) -> bytes:
    return orjson.dumps({**GOOD, **changes}) + b"\n"


ODD = (
    line(gaps_us=[1, 22, 333], stages={"llm": {"running_ms": 1}}),
    line(gaps_us=[], later_field=[1], seq=1),
    line(outcome="cut", flags=["dropped"], seq=2),
    b"\n \n",
    line(seq=3, gaps_us=[3_000_000_000, 7]).replace(b",", b" , "),
    line(seq=4, stages={"embed": {"queued_ms": 2.5}, "llm": {}}, labels={"a": "b"}),
    b"\n",
)


@pytest.mark.parametrize("at_a_time", [1, 200, 1 << 20])
def test_lines_of_any_age_are_read_and_the_one_that_a_kill_cut_off_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_a_time: int
) -> None:
    monkeypatch.setattr(reader, "AT_A_TIME", at_a_time)
    folder = cell_with(tmp_path, b"".join(ODD) + line()[:-1])
    found = read_cell(folder)
    assert [r.seq for r in found.requests] == [0, 1, 2, 3, 4]
    assert lists(found.requests) == lists(read_records(folder).requests)


@pytest.mark.parametrize(
    "changes",
    [
        *({"gaps_us": bad} for bad in ([1.0], [[1], 2], 5, None, [True], "1")),
        *({"stages": bad} for bad in ({"llm": 1}, {"llm": {"running_ms": None}}, [])),
        *({name: "x"} for name in ("user", "tokens", "bytes", "events", "labels", "values", "outcome")),
        *({"question": 1}, {"config": 1}, {"sent_at_ns": None}, {"flags": [1]}, {"labels": {"a": 1}}),
    ],
)  # fmt: skip
def test_what_is_no_record_is_refused_in_the_same_words(tmp_path: Path, changes: dict[str, Any]) -> None:
    folder = cell_with(tmp_path, line() + line(**changes) + line())
    with pytest.raises(RecordError) as careful:
        read_records(folder)
    with pytest.raises(RecordError) as found:
        read_cell(folder)
    assert str(found.value) == str(careful.value)
    assert "requests.jsonl:2: " in str(found.value)


def test_a_number_of_more_than_64_bits_is_refused_with_its_line(tmp_path: Path) -> None:
    folder = cell_with(tmp_path, line() + line().replace(b'"tokens":0', b'"tokens":99999999999999999999'))
    with pytest.raises(RecordError, match=r"requests\.jsonl:2: "):
        read_cell(folder)


def test_a_service_that_numbers_its_stages_is_read_all_the_same(tmp_path: Path) -> None:
    stages = [{f"step-{n}": {"running_ms": float(n)}} for n in range(100)]
    found = read_cell(cell_with(tmp_path, b"".join(line(seq=n, stages=one) for n, one in enumerate(stages))))
    assert [r.stages for r in found.requests] == stages
    assert isinstance(blocks.requests_in(found.requests), Requests)


@pytest.mark.parametrize("kind", [np.int32, np.float64])
@pytest.mark.parametrize("most", [3, 1 << 30])
@pytest.mark.parametrize("parts", [1, 3])
def test_ranks_of_many_are_those_of_all_sorted(kind: Any, most: int, parts: int) -> None:
    values = np.random.default_rng(1).integers(0, most, 5 * FEW).astype(kind)
    ordered, last = np.sort(values), len(values) - 1
    spans = [(0, 1), (last // 2, last // 2 + 40), (last - 1, last)]
    found = Ranked(np.array_split(values, parts), spans)
    assert [found[place] for span in spans for place in span] == [ordered[p] for span in spans for p in span]
