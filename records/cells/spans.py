"""Spans of an app that speaks OpenTelemetry, and what they say of the stages of each request.

What a span is of it says by OpenTelemetry's GenAI semantic conventions, v0.1.0
(https://github.com/open-telemetry/semantic-conventions-genai): by the attribute ``gen_ai.operation.name``,
which takes names of one's own, too; without it, by the first word of its name, if that is in `OPERATIONS`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
from pydantic import TypeAdapter

from records.cells import layout
from records.cells.request import RequestRecord, StageTimings
from records.errors import RecordError
from records.files import bad_lines, good_lines, read_lines

OPERATIONS = (
    "chat", "create_agent", "embeddings", "execute_tool", "generate_content", "invoke_agent",
    "invoke_workflow", "retrieval", "text_completion",
)  # fmt: skip
CLOCK_NS = 5_000_000
"""So much earlier than its request was sent no span of it begins by the same clock."""
IMPOSSIBLE_SHARE = 0.01
"""Of the requests whose spans cannot be of this clock: with more of them, none of the cell's is believed."""
_OWN_NAME = re.compile(r"[a-z][a-z0-9_.-]{0,39}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """What is needed of a line for the times of stages."""

    operation: str
    """Empty: it is of none."""
    start_ns: int
    end_ns: int
    first_ns: int | None = None
    """When the first chunk of a stream had come, where the app said it."""


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """The first line of a cell's spans: what came until its end, and a moment longer."""

    answers: int
    """Good ones, which bring no stage times of their own."""
    spanned: int
    """Of these, that have spans,"""
    staged: int
    """and that have such as name a stage."""
    impossible: int
    """Whose spans cannot be of the clock that the load has."""
    others: int
    """Spans that came meanwhile, of traces that are none of the cell's."""
    full: bool
    """Did the file reach its bound? Then spans are missing that came."""

    def line(self) -> bytes:
        return orjson.dumps({"gathered": asdict(self)}, option=orjson.OPT_APPEND_NEWLINE)

    @property
    def other_clock(self) -> bool:
        return self.impossible > IMPOSSIBLE_SHARE * self.spanned


Traces = Mapping[str, Sequence[Span]]
_GATHERED = TypeAdapter(Gathered)


def operation_of(given: str, name: str) -> str:
    """The operation that a span is of, by its attribute, else by its name; empty: of none."""
    if _OWN_NAME.fullmatch(given):
        return given
    first = name.partition(" ")[0]
    return first if first in OPERATIONS else ""


def read_gathered(path: Path) -> Gathered:
    """The line of a cell's that says it, the first as it was written. Raises RecordError for what says it
    nowhere, OSError."""
    for _, line in read_lines(path):
        if b'"gathered"' in line:
            with suppress(LookupError, TypeError, ValueError):
                return _GATHERED.validate_python(orjson.loads(line)["gathered"])
    raise RecordError(f"{path} does not say what was gathered")


def read_traces(path: Path) -> Traces:
    """The spans of each of a cell's traces; bad lines, and a last one that a kill cut off, are left out.
    Raises OSError."""
    traces: dict[str, list[Span]] = defaultdict(list)
    for trace_id, span in good_lines(path, _of_trace):
        traces[trace_id].append(span)
    return traces


def traces_of(directory: Path) -> Traces:
    """The spans that say what a cell's stages took; none by a clock that is not the load's, or of which
    nobody says it: `records.evidence.unreadable` counts what cannot be read."""
    path = directory / layout.SPANS
    if not path.exists():
        return {}
    with suppress(RecordError, OSError):
        return {} if read_gathered(path).other_clock else read_traces(path)
    return {}


def bad_spans(path: Path) -> int:
    """How many lines say neither what was gathered nor of a span. Raises as `read_gathered`: without that,
    nobody says by whose clock the others are."""
    read_gathered(path)
    return bad_lines(path, _of_either)


def _of_either(line: bytes) -> object:
    raw = orjson.loads(line)
    return _GATHERED.validate_python(raw["gathered"]) if "gathered" in raw else _of_trace(line)


def _of_trace(line: bytes) -> tuple[str, Span]:
    raw = orjson.loads(line)
    return str(raw["trace_id"]), span_of(raw)


def span_of(raw: Any) -> Span:
    """Raises LookupError, TypeError, ValueError for what is no span."""
    start_ns, first_ns = int(raw["start_ns"]), raw.get("first_chunk_ns")
    return Span(
        operation=str(raw["operation"]),
        start_ns=start_ns,
        end_ns=int(raw["end_ns"]),
        first_ns=None if first_ns is None else start_ns + int(first_ns),
    )


def gathered_from(requests: Sequence[RequestRecord], traces: Traces, *, others: int, full: bool) -> Gathered:
    """What came of the good answers that need it."""
    wanted = [r for r in requests if r.outcome == "ok" and not r.stages]
    own = [(r, spans) for r in wanted if (spans := traces.get(r.trace_id or ""))]
    return Gathered(
        answers=len(wanted),
        spanned=len(own),
        staged=sum(any(span.operation for span in spans) for _, spans in own),
        impossible=sum(_impossible(r, spans) for r, spans in own),
        others=others,
        full=full,
    )


def _impossible(request: RequestRecord, spans: Sequence[Span]) -> bool:
    """Does the first of them begin before the request, or after its end?"""
    first = min(span.start_ns for span in spans)
    return not request.sent_at_ns - CLOCK_NS <= first <= request.ended_at_ns + CLOCK_NS


def with_stages(request: RequestRecord, traces: Traces) -> RequestRecord:
    """The record, with stages by its spans where its service gave none."""
    spans = traces.get(request.trace_id or "")
    if request.stages or not spans or _impossible(request, spans):
        return request
    stages = stages_of(spans, request.first_token_at_ns or request.ended_at_ns)
    return replace(request, stages=stages) if stages else request


def stages_of(spans: Sequence[Span], until_ns: int) -> StageTimings:
    """What each operation ran for until then, ms. Each moment is that span's which began last: what was begun
    within another is a part of it, and so that all of them add up, no moment is counted twice."""
    timed = []
    for span in spans:
        end_ns = min(span.end_ns if span.first_ns is None else span.first_ns, until_ns)
        if span.operation and span.start_ns < end_ns:
            timed.append((span.start_ns, -end_ns, span.operation))
    moments = sorted({moment for start, end, _ in timed for moment in (start, -end)})
    ran: dict[str, int] = {}
    for since, to in pairwise(moments):
        running = [one for one in timed if one[0] <= since and -one[1] >= to]
        if running:
            operation = max(running)[2]
            ran[operation] = ran.get(operation, 0) + to - since
    return {name: {"running_ms": ns / 1e6} for name, ns in ran.items()}
