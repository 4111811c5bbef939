"""Exports by OTLP, in either form, and what is kept of them."""

from __future__ import annotations

import base64
import gzip
import json
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread
from typing import Any

import orjson
import pytest
from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from profiler.otlp import receiver
from profiler.otlp.decode import NotOtlp
from profiler.otlp.receiver import JSON, PROTOBUF, Store, unpacked

TRACE, SPAN, PARENT = "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174", "eee19b7ec3c1b173"
NAME = "chat\ngpt key-of-mine " + 90 * "x"


def export(trace_id: str = TRACE, **changes: Any) -> dict[str, Any]:
    """As OTLP's JSON has it: ids in hexadecimal, long integers as texts."""
    attributes = [
        {"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}},
        {"key": "gen_ai.response.time_to_first_chunk", "value": {"doubleValue": 0.25}},
        {"key": "gen_ai.input.messages", "value": {"stringValue": "a prompt"}},
    ]
    span = {"traceId": trace_id, "spanId": SPAN, "parentSpanId": PARENT, "name": NAME,
            "kind": 3, "startTimeUnixNano": "1544712660000000000", "endTimeUnixNano": "1544712661000000000",
            "attributes": attributes, "events": [{"name": "a prompt"}], "status": {}}  # fmt: skip
    resource = {"attributes": [{"key": "api", "value": {"stringValue": "a prompt"}}]}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [{**span, **changes}]}]}]}


def protobuf(said: dict[str, Any]) -> bytes:
    """The same message: in protobuf's own JSON bytes are base64."""
    text = json.dumps(said)
    for one in (TRACE, SPAN, PARENT):
        text = text.replace(one, base64.b64encode(bytes.fromhex(one)).decode())
    return ParseDict(json.loads(text), ExportTraceServiceRequest()).SerializeToString()


@pytest.mark.parametrize("kind", [JSON, PROTOBUF])
def test_of_a_span_its_times_and_its_operation_are_kept(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "spans.jsonl"
    store = Store(path, lambda text: text.replace("key-of-mine", "***"), most=10_000)
    store.take(kind, orjson.dumps(export()) if kind == JSON else protobuf(export()))
    assert json.loads(path.read_text()) == {
        "trace_id": TRACE, "span_id": SPAN, "parent_id": PARENT, "name": ("chat gpt *** " + 90 * "x")[:80],
        "operation": "chat", "start_ns": 1544712660 * 10**9, "end_ns": 1544712661 * 10**9,
        "first_chunk_ns": 250_000_000,
    }  # fmt: skip


@pytest.mark.parametrize(("kind", "body"), [
    (JSON, b"nothing"), (JSON, b"[]"), (JSON, b'{"resourceSpans": 1}'),
    (JSON, orjson.dumps(export(endTimeUnixNano="1"))), (JSON, orjson.dumps(export(trace_id="ab"))),
    (PROTOBUF, b"\xff\xff\xff"), (PROTOBUF, protobuf(export(endTimeUnixNano="1"))),
])  # fmt: skip
def test_of_what_is_no_export_nothing_is_kept(kind: str, body: bytes, tmp_path: Path) -> None:
    with pytest.raises(NotOtlp):
        Store(tmp_path / "spans.jsonl", str, most=10_000).take(kind, body)
    assert (tmp_path / "spans.jsonl").read_bytes() == b""


def test_a_full_file_takes_no_more(tmp_path: Path) -> None:
    path = tmp_path / "spans.jsonl"
    store = Store(path, str, most=100)
    for _ in range(3):
        store.take(JSON, orjson.dumps(export()))
    assert path.read_bytes().count(b"\n") == 1
    Store(path, str, most=100).take(JSON, orjson.dumps(export()))  # a run that is resumed
    assert path.read_bytes().count(b"\n") == 1


def test_an_export_is_unpacked_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    assert unpacked(gzip.compress(b"whole"), "gzip") == unpacked(b"whole", "") == b"whole"
    monkeypatch.setattr(receiver, "MOST_BODY", 100)
    whole = gzip.compress(b"x")
    bomb = gzip.compress(bytes(101))
    for body, kind in ((b"x", "gzip"), (whole, "br"), (bomb, "gzip"), (whole[:-9], "gzip")):
        with pytest.raises(NotOtlp):
            unpacked(body, kind)


@pytest.mark.parametrize(("path", "kind", "body", "status"), [
    ("/v1/traces", PROTOBUF, gzip.compress(protobuf(export())), 200),
    ("/v1/traces", JSON + "; charset=utf-8", orjson.dumps(export()), 200),
    ("/v1/metrics", PROTOBUF, b"anything", 200), ("/v1/traces", "text/plain", b"anything", 415),
    ("/v1/traces", JSON, b"anything", 400), ("/v2/traces", JSON, b"{}", 404),
    ("/v1/traces", JSON, bytes(receiver.MOST_BODY + 1), 413),
])  # fmt: skip
def test_an_export_is_answered(path: str, kind: str, body: bytes, status: int, tmp_path: Path) -> None:
    file = tmp_path / "spans.jsonl"
    encoding = "gzip" if body.startswith(b"\x1f") else ""
    headers = {"Content-Type": kind, "Content-Encoding": encoding, "Content-Length": str(len(body))}
    with receiver.Receiver(0, Store(file, str, most=10_000)) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        connection = HTTPConnection("127.0.0.1", server.server_port, timeout=30)
        # What is too much is answered before it is sent.
        connection.request("POST", path, b"" if status == 413 else body, headers)
        assert connection.getresponse().status == status
        connection.close()
        server.shutdown()
    assert file.read_bytes().count(b"\n") == (status == 200 and path == "/v1/traces")
