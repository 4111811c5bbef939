"""Spans of what a sweep starts: how it is told to send them, and which are a cell's."""

import json
import sys
import time
import urllib.request
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from records.cells.request import RequestRecord
from records.cells.spans import read_gathered, read_traces, with_stages
from support import wait_until
from sweep.beside.seen import check_seen
from sweep.running import spans
from sweep.running.asking import status
from sweep.running.errors import UsageError
from sweep.running.ledger import Ledger
from sweep.running.processes import PROJECT, free_port
from sweep.running.spans import SpanReceiver, with_spans
from sweep_world import planned

SERVERS = PROJECT / "tests" / "foreign" / "servers"
QUESTION = json.dumps({"messages": [{"role": "user", "content": "a prompt"}]}).encode()


def test_a_target_is_told_where_to_and_no_key_of_another_collectors() -> None:
    theirs = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://theirs", "OTEL_EXPORTER_OTLP_HEADERS": "key=1"}
    own = {"OTEL_EXPORTER_OTLP_TIMEOUT": "3", "OTEL_BSP_SCHEDULE_DELAY": "9"}
    mine = {"OTEL_SERVICE_NAME": "mine", "X": "1", **own}
    assert with_spans({**theirs, **mine}, "http://here", own) == {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://here", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_TRACES_EXPORTER": "otlp", **mine,
    }  # fmt: skip
    found = with_spans({"http_proxy": "http://proxy", "no_proxy": "mine"}, "http://here", {})
    assert found["NO_PROXY"] == found["no_proxy"] == "mine,127.0.0.1"


def test_spans_are_asked_for_of_what_is_started_and_where_they_can_be_read(monkeypatch: Any) -> None:
    with pytest.raises(UsageError, match="only for what the sweep starts"):
        check_seen(planned(otlp=True))
    monkeypatch.setattr(spans, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="opentelemetry-proto"):
        spans.check_otlp()


def ask(url: str, trace_id: str, answered: RequestRecord) -> RequestRecord:
    traceparent = {"traceparent": f"00-{trace_id}-{'1' * 16}-01", "Content-Type": "application/json"}
    began = time.time_ns()
    asked = urllib.request.Request(f"{url}/v1/chat/completions", QUESTION, traceparent)
    with urllib.request.urlopen(asked, timeout=30) as answer:
        answer.readline()
        times = {"sent_at_ns": began, "first_token_at_ns": time.time_ns()}
        answer.read()
    return replace(answered, trace_id=trace_id, stages=None, ended_at_ns=time.time_ns(), **times)


def test_a_real_app_of_opentelemetry_gives_stage_times(tmp_path: Path, child: Any, record: Any) -> None:
    receiver, port = SpanReceiver(tmp_path, Ledger(tmp_path / "ledger")), free_port()
    url, words = f"http://127.0.0.1:{port}", ["--app-dir", str(SERVERS), "otel_app:app", "--port", str(port)]
    receiver.start()
    app = child(["-m", "uvicorn", *words], env=with_spans({"PATH": sys.prefix}, receiver.url, {}))
    try:
        wait_until(lambda: status(url, "/docs", 1.0) == 200)
        ask(url, "a" * 32, record())  # of no cell
        mark = receiver.mark()
        requests = [ask(url, name * 32, record()) for name in "bc"]
        receiver.collect(mark, requests, tmp_path / "cell.jsonl")
    finally:
        app.stop()
        receiver.stop()
    gathered, traces = read_gathered(tmp_path / "cell.jsonl"), read_traces(tmp_path / "cell.jsonl")
    assert (gathered.answers, gathered.staged, gathered.impossible) == (2, 2, 0)
    assert set(traces) == {"b" * 32, "c" * 32}
    for request in requests:
        times = with_stages(request, traces)
        assert set(times.stages or {}) == {"embeddings", "retrieval", "chat"}
        assert times.stage_ms("embeddings") >= 29
        assert times.stages_ms <= (times.ttft_ms or 0.0)
    kept = (tmp_path / "spans.jsonl").read_text()
    assert "a prompt" not in kept
    assert "secret-of-a-user" not in kept
