"""Where targets send their spans, how they are told to, and which of these are a cell's."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

import orjson

from records.cells.layout import SPANS, SPANS_LOG
from records.cells.request import RequestRecord
from records.cells.spans import Span, gathered_from, span_of
from sweep.running.asking import status
from sweep.running.errors import UsageError
from sweep.running.ledger import Ledger
from sweep.running.processes import Child, free_port
from sweep.running.waiting import wait_begun

EXPORT_MS = 500
"""How often an app exports: by default every 5 s, when a cell has ended, and a busy app's queue is full."""
MOST_BYTES = 256 << 20
"""Of all spans of a run; what comes later is not kept."""
_START_SECONDS = 20.0
_LEAST_WAIT_SECONDS, _MOST_WAIT_SECONDS = 1.2, 4.0
"""For the last exports of a cell; longer only while there are answers without a span."""
_POLL_SECONDS = 0.1
_EXPORTER = "OTEL_EXPORTER_OTLP_"
_MODULE = "opentelemetry"


def check_otlp() -> None:
    """Raises UsageError where spans in protobuf, which most apps send, could not be read."""
    if find_spec(_MODULE) is None or find_spec(f"{_MODULE}.proto") is None:
        raise UsageError("--otlp needs opentelemetry-proto: pip install '.[otlp]'")


def with_spans(environment: Mapping[str, str], url: str, own: Mapping[str, str]) -> dict[str, str]:
    """The environment of a target that sends its spans there. What a variant itself sets (``own``) stays;
    where the sweep's environment would send them, and with which key, does not."""
    kept = {name: text for name, text in environment.items() if name in own or not name.startswith(_EXPORTER)}
    told = {
        f"{_EXPORTER}ENDPOINT": url,
        f"{_EXPORTER}PROTOCOL": "http/protobuf",
        "OTEL_TRACES_EXPORTER": "otlp",
    }
    usual = {"OTEL_SERVICE_NAME": "target", "OTEL_BSP_SCHEDULE_DELAY": str(EXPORT_MS)}
    return {**usual, **kept, **_past_proxies(kept), **{n: text for n, text in told.items() if n not in own}}


def _past_proxies(environment: Mapping[str, str]) -> dict[str, str]:
    """What keeps an exporter from sending by a proxy what is meant for this machine."""
    if not any(name.lower() in ("http_proxy", "all_proxy") for name in environment):
        return {}
    names = ("NO_PROXY", "no_proxy")
    excepted = dict.fromkeys(filter(None, (*map(environment.get, names), "127.0.0.1")))
    return dict.fromkeys(names, ",".join(excepted))


class SpanReceiver:
    """``profiler.otlp.receiver`` on a free port, and the file that it appends to."""

    def __init__(self, run: Path, ledger: Ledger) -> None:
        self._file, self._log = run / SPANS, run / SPANS_LOG
        self._ledger = ledger
        self._child: Child | None = None
        self._port = 0
        self.url = ""

    def start(self) -> None:
        """Raises UsageError when it does not come up."""
        self._port = port = self._port or free_port()
        argv = ["-m", "profiler.otlp.receiver", "--port", str(port), "--output", str(self._file)]
        argv += ["--most-bytes", str(MOST_BYTES)]
        # With the target's key, which a name of a span may repeat: it is blanked there.
        self._child = Child(argv, log=self._log, ledger=self._ledger, env=os.environ)
        self.url = f"http://127.0.0.1:{port}"
        if not wait_begun(self._child, lambda: status(self.url, "/health", 1.0) == 200, _START_SECONDS):
            why = self._child.complaint_after(_START_SECONDS)
            raise UsageError(f"the receiver of spans did not start: {why} ({self._log})")

    def ended(self) -> str | None:
        """How, if it did; then it is started again where the targets send their spans. Raises UsageError."""
        how = None if self._child is None else self._child.how_ended()
        if how and self._child is not None:
            self._child.stop()
            self.start()
        return how

    def stop(self) -> None:
        if self._child is not None:
            self._child.stop()

    def mark(self) -> int:
        """Where in the file spans come from now on."""
        return self._file.stat().st_size if self._file.exists() else 0

    def collect(self, mark: int, requests: Sequence[RequestRecord], to: Path) -> None:
        """Wait for what is still to come of these requests; keep what came since the mark. Raises OSError.

        A trace comes in pieces, so that the first wait is for all of them."""
        missing = {r.trace_id for r in requests if r.outcome == "ok" and not r.stages}
        ends = time.monotonic() + _MOST_WAIT_SECONDS
        if missing:
            time.sleep(_LEAST_WAIT_SECONDS)
        lines, mark = self._since(mark)
        missing -= {orjson.loads(line)["trace_id"] for line in lines}
        while missing and time.monotonic() < ends:
            time.sleep(_POLL_SECONDS)
            more, mark = self._since(mark)
            missing -= {orjson.loads(line)["trace_id"] for line in more}
            lines += more
        to.write_bytes(cells_own(lines, requests, full=mark >= MOST_BYTES))

    def _since(self, mark: int) -> tuple[list[bytes], int]:
        """Whole lines, and where the next one begins."""
        if not self._file.exists():
            return [], mark
        with self._file.open("rb") as file:
            file.seek(mark)
            lines = [line for line in file if line.endswith(b"\n")]
        return lines, mark + sum(map(len, lines))


def cells_own(lines: Sequence[bytes], requests: Sequence[RequestRecord], *, full: bool) -> bytes:
    """What came, first, and then the lines that are of the requests' own traces."""
    ids = {r.trace_id for r in requests}
    own: list[bytes] = []
    traces: dict[str, list[Span]] = defaultdict(list)
    for line in lines:
        raw = orjson.loads(line)
        if raw["trace_id"] in ids:
            own.append(line)
            traces[raw["trace_id"]].append(span_of(raw))
    gathered = gathered_from(requests, traces, others=len(lines) - len(own), full=full)
    return gathered.line() + b"".join(own)
