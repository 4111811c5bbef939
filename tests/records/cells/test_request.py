"""A record survives its line, and a line that is no record says so."""

import dataclasses
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.cells.request import OUTCOMES, RequestRecord, decode
from records.errors import RecordError

_ns = st.integers(min_value=0, max_value=2**62)
_maybe_ns = st.none() | _ns
_records = st.builds(
    RequestRecord, run=st.text(max_size=5), cell=st.text(max_size=5), worker=st.text(max_size=5),
    region=st.text(max_size=5), user=st.integers(0, 10**6), seq=st.integers(0, 10**6), sent_at_ns=_ns,
    ended_at_ns=_ns, outcome=st.sampled_from(sorted(OUTCOMES)), due_at_ns=_maybe_ns,
    headers_at_ns=_maybe_ns, first_event_at_ns=_maybe_ns, first_token_at_ns=_maybe_ns,
    last_token_at_ns=_maybe_ns, gaps_us=st.lists(st.integers(0, 10**9), max_size=5),
    tokens=st.integers(0, 10**4), error=st.none() | st.text(max_size=20),
    documents=st.none() | st.integers(0, 9),
    flags=st.lists(st.sampled_from(["warmup", "cold"]), max_size=2),
    values=st.dictionaries(st.text(max_size=5), st.integers(0, 9) | st.floats(0, 9), max_size=2),
    labels=st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=2),
)  # fmt: skip


@given(_records)
def test_a_record_is_its_line(record: RequestRecord) -> None:
    line = record.encode()
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert decode(line) == record


@given(st.binary(max_size=60))
def test_no_bytes_make_decode_fail_other_than_by_record_error(line: bytes) -> None:
    with pytest.raises(RecordError):
        decode(line)


def _record(**changes: Any) -> RequestRecord:
    known = {"run": "r", "cell": "c", "worker": "w", "region": "", "user": 1, "seq": 1, "outcome": "ok"}
    return RequestRecord(**{**known, "sent_at_ns": 100, "ended_at_ns": 900, **changes})


def _line(**changes: object) -> bytes:
    return orjson.dumps({**dataclasses.asdict(_record()), **changes})


@pytest.mark.parametrize(("changes", "says"), [
    ({"outcome": "fine"}, "unknown outcome"), ({"sent_at_ns": None}, "missing"),
    ({"seq": "1"}, "not an integer"),
    ({"first_token_at_ns": "soon"}, "first_token_at_ns is not an integer or null"),
    ({"gaps_us": [1, "2"]}, "gaps_us is not a list of integers"), ({"outcome": ["ok"]}, "unknown outcome"),
    ({"question": ["q"]}, "question is not a text"), ({"flags": None}, "flags is not a list of texts"),
    ({"stages": {"embed": 5.0}}, "stages is not null or"),
    ({"stages": {"embed": {"running_ms": "long"}}}, "stages is not null or"),
])  # fmt: skip
def test_a_wrong_field_is_named(changes: dict[str, object], says: str) -> None:
    with pytest.raises(RecordError, match=says):
        decode(_line(**changes))


def test_times_count_from_due_in_an_open_loop_and_from_sent_in_a_closed_one() -> None:
    tokens = {"first_token_at_ns": 8_000_000, "last_token_at_ns": 12_000_000, "tokens": 5}
    closed = _record(sent_at_ns=5_000_000, ended_at_ns=13_000_000, **tokens)
    assert (closed.ttft_ms, closed.e2e_ms, closed.tpot_ms) == (3.0, 8.0, 1.0)
    late = dataclasses.replace(closed, due_at_ns=1_000_000)
    assert (late.ttft_ms, late.e2e_ms) == (7.0, 12.0)


def test_stages_add_up_queued_and_running() -> None:
    stages = {"embed": {"queued_ms": 1.0, "running_ms": 2.0}, "llm": {"running_ms": 4.0}}
    record = _record(stages=stages, due_at_ns=0, sent_at_ns=1_000_000, first_token_at_ns=9_000_000)
    assert (record.stage_ms("embed"), record.stage_ms("search"), record.stages_ms) == (3.0, 0.0, 7.0)
    assert (record.ttft_ms, record.service_ttft_ms) == (9.0, 8.0)


@pytest.mark.parametrize("tokens", [0, 1])
def test_an_answer_of_fewer_than_two_tokens_has_no_tpot(tokens: int) -> None:
    assert _record(first_token_at_ns=1, last_token_at_ns=1, tokens=tokens).tpot_ms is None


@pytest.mark.parametrize(("flags", "outcome"), [([], "aborted"), (["warmup", "dropped"], "dropped")])
def test_what_older_records_call_cut_is_aborted_or_dropped(flags: list[str], outcome: str) -> None:
    record = decode(_line(outcome="cut", flags=flags))
    assert record.outcome == outcome
    assert "dropped" not in record.flags
    assert not record.counts
