"""What an OTLP export of traces says of each span, made into lines that hold nobody's prompts or keys.

Of a span's attributes two are read: the operation's name, and how long the first chunk took. All others,
events, links, statuses and the resource's own are dropped before anything is written.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import orjson

from records.cells.spans import operation_of

LONGEST_NAME = 80
"""Characters of a span's name that are kept."""
_OPERATION, _FIRST_CHUNK = "gen_ai.operation.name", "gen_ai.response.time_to_first_chunk"
_HEX = re.compile(r"[0-9a-fA-F]*")
_MOST_NS = 1 << 63


class NotOtlp(ValueError):
    """A body that is no export of traces."""


def spans_of_json(body: bytes) -> Iterator[dict[str, Any]]:
    """The spans of an ``ExportTraceServiceRequest`` in JSON. Raises NotOtlp."""
    try:
        raw = orjson.loads(body)
        for resource in raw.get("resourceSpans") or ():
            for scope in resource.get("scopeSpans") or ():
                yield from map(_of_json, scope.get("spans") or ())
    except (AttributeError, LookupError, TypeError, ValueError, RecursionError) as error:
        raise NotOtlp(f"no traces in JSON: {error}") from None


def _of_json(raw: Any) -> dict[str, Any]:
    found = {one.get("key"): one.get("value") or {} for one in raw.get("attributes") or ()}
    seconds = found.get(_FIRST_CHUNK, {})
    return _span(
        trace_id=_id(raw["traceId"], 16),
        span_id=_id(raw["spanId"], 8),
        parent_id=_id(raw.get("parentSpanId") or "", 8),
        name=str(raw.get("name", "")),
        operation=str(found.get(_OPERATION, {}).get("stringValue", "")),
        start_ns=int(raw["startTimeUnixNano"]),
        end_ns=int(raw["endTimeUnixNano"]),
        first_chunk_s=float(seconds.get("doubleValue", seconds.get("intValue", 0))),
    )


def _id(text: str, length: int) -> str:
    """In hexadecimal, as OTLP has it; some exporters write base64, as protobuf's own JSON does."""
    if len(text) == 2 * length and _HEX.fullmatch(text):
        return text.lower()
    return base64.b64decode(text).hex()


def spans_of_protobuf(body: bytes) -> Iterator[dict[str, Any]]:
    """The same of one in protobuf. Raises NotOtlp, also where there is nothing to read it by."""
    try:
        from google.protobuf.message import DecodeError
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
    except ImportError as error:
        raise NotOtlp(f"protobuf cannot be read without {error.name}") from None
    try:
        request = ExportTraceServiceRequest.FromString(body)
    except DecodeError:
        raise NotOtlp("no traces in protobuf") from None
    for resource in request.resource_spans:
        for scope in resource.scope_spans:
            for span in scope.spans:
                found = {
                    one.key: one.value for one in span.attributes if one.key in (_OPERATION, _FIRST_CHUNK)
                }
                seconds = found.get(_FIRST_CHUNK)
                yield _span(
                    trace_id=span.trace_id.hex(),
                    span_id=span.span_id.hex(),
                    parent_id=span.parent_span_id.hex(),
                    name=span.name,
                    operation=found[_OPERATION].string_value if _OPERATION in found else "",
                    start_ns=span.start_time_unix_nano,
                    end_ns=span.end_time_unix_nano,
                    first_chunk_s=(seconds.double_value or seconds.int_value) if seconds else 0.0,
                )


def _span(*, operation: str, first_chunk_s: float, **known: Any) -> dict[str, Any]:
    """Raises NotOtlp for times or an id that no span has."""
    if not (0 < known["start_ns"] <= known["end_ns"] < _MOST_NS and len(known["trace_id"]) == 32):
        raise NotOtlp("a span without an id, or that ends before it begins")
    whole = {**known, "operation": operation_of(operation, known["name"])}
    if 0 < first_chunk_s < 1e6:
        whole["first_chunk_ns"] = round(first_chunk_s * 1e9)
    return whole


def lines(spans: Iterable[dict[str, Any]], redact: Callable[[str], str]) -> bytes:
    """What is kept of them, a line each."""
    kept = []
    for span in spans:
        name = "".join(c if c.isprintable() else " " for c in redact(span["name"]))
        kept.append(orjson.dumps({**span, "name": name[:LONGEST_NAME]}, option=orjson.OPT_APPEND_NEWLINE))
    return b"".join(kept)
