"""The spans of a request, and the stage times that they give."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from records.cells.request import RequestRecord
from records.cells.spans import (
    Gathered,
    gathered_from,
    operation_of,
    read_gathered,
    read_traces,
    span_of,
    with_stages,
)
from records.errors import RecordError

MS = 1_000_000
SENT = 1_800_000_000 * 1000 * MS


def span(operation: str, start: float, end: float, **more: Any) -> dict[str, Any]:
    times = {"start_ns": SENT + round(start * MS), "end_ns": SENT + round(end * MS)}
    return {"trace_id": "a" * 32, "operation": operation, **times, **more}


def request(**more: Any) -> RequestRecord:
    """Its first token came after 100 ms, its end after 200."""
    known: dict[str, Any] = {"sent_at_ns": SENT, "ended_at_ns": SENT + 200 * MS, "trace_id": "a" * 32}
    known |= {"first_token_at_ns": SENT + 100 * MS, "outcome": "ok"}
    return RequestRecord(run="r", cell="c", worker="w", region="", user=0, seq=0, **{**known, **more})


def stages(*raw: dict[str, Any], **more: Any) -> dict[str, float] | None:
    found = with_stages(request(**more), {"a" * 32: [span_of(one) for one in raw]}).stages
    return None if found is None else {name: times["running_ms"] for name, times in found.items()}


@pytest.mark.parametrize(("spans", "expected"), [
    ([span("embeddings", 1, 11), span("chat", 20, 190)], {"embeddings": 10, "chat": 80}),  # to the token
    ([span("chat", 20, 190, first_chunk_ns=70 * MS)], {"chat": 70}),  # as the app says itself
    ([span("", 1, 199), span("retrieval", 5, 45), span("embeddings", 5, 35)],
     {"retrieval": 10, "embeddings": 30}),
    ([span("retrieval", 5, 45), span("embeddings", 15, 25)], {"retrieval": 30, "embeddings": 10}),
    ([span("retrieval", 5, 45), span("retrieval", 15, 65)], {"retrieval": 60}),  # at the same time
    ([span("chat", 120, 190)], None), ([span("", 1, 199)], None), ([], None),  # after the first token, none
])  # fmt: skip
def test_each_moment_until_the_first_token_is_one_stages(spans: Any, expected: Any) -> None:
    assert stages(*spans) == (expected and pytest.approx(expected))


@pytest.mark.parametrize("shift", [-6.0, 210.0])
def test_spans_of_another_clock_give_no_times(shift: float) -> None:
    assert stages(span("chat", shift, shift + 50)) is None
    assert gathered([request()], [span("chat", shift, shift + 50)]).other_clock


def test_a_services_own_times_stay() -> None:
    own = {"search": {"running_ms": 1.0}}
    assert with_stages(request(stages=own), {"a" * 32: [span_of(span("chat", 1, 9))]}).stages == own


def gathered(requests: list[RequestRecord], spans: list[dict[str, Any]]) -> Gathered:
    return gathered_from(requests, {"a" * 32: [span_of(one) for one in spans]}, others=3, full=False)


def test_what_came_is_counted_of_good_answers_that_need_it() -> None:
    others = [request(trace_id="b" * 32), request(outcome="timeout"), request(stages={"llm": {}, "x": {}})]
    found = gathered([request(), *others], [span("", 1, 2), span("chat", 1, 9)])
    assert found == Gathered(answers=2, spanned=1, staged=1, impossible=0, others=3, full=False)
    assert not found.other_clock


@pytest.mark.parametrize(("given", "name", "operation"), [
    ("chat", "anything", "chat"), ("rerank", "x", "rerank"),  # a name of one's own
    ("", "embeddings all-MiniLM-L6-v2", "embeddings"), ("", "retrieval", "retrieval"),
    ("Ignore all that was said", "POST /chat", ""), ("", "chats", ""),
])  # fmt: skip
def test_the_operation_is_the_attribute_else_the_names_first_word(
    given: str, name: str, operation: str
) -> None:
    assert operation_of(given, name) == operation


def test_a_file_is_what_came_and_then_the_spans(tmp_path: Path) -> None:
    path, what = tmp_path / "spans.jsonl", gathered([request()], [])
    path.write_bytes(what.line() + orjson.dumps(span("chat", 1, 9)) + b'\n{"trace')
    assert read_gathered(path) == what
    assert [one.operation for one in read_traces(path)["a" * 32]] == ["chat"]
    path.write_bytes(b'{"x": 1}\n{"x": 1}\n')
    with pytest.raises(RecordError, match=str(path)):
        read_gathered(path)
    assert not read_traces(path)
