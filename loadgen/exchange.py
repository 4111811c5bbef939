"""One question asked and its answer timed: HTTP, events and dialect put together."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from loadgen.answer import Answer, normalised
from loadgen.dialects import Dialect
from loadgen.http import ConnectFailure, DeadlinePassed, HttpClient, HttpFailure, Response
from loadgen.sse import SseParser
from records.request import Outcome

ERROR_BODY_BYTES = 2000
AFTER_END_S = 1.0
"""How long a user waits after the terminal event for the stream to close, to keep its connection."""


@dataclass(kw_only=True)
class Exchange:
    """What happened, in monotonic nanoseconds. ``ended_ns``: terminal event, or the failure."""

    sent_ns: int
    headers_ns: int | None = None
    ended_ns: int = 0
    outcome: Outcome = "cut"
    error: str | None = None
    bytes: int = 0
    retried: bool = False
    answer: Answer = field(default_factory=Answer)


class Asker:
    """Asks one service in one dialect over one connection."""

    def __init__(
        self, client: HttpClient, dialect: Dialect, headers: Mapping[str, str], timeout_s: float
    ) -> None:
        self.client = client
        self.dialect = dialect
        self.timeout_s = timeout_s
        self._headers = {
            "Content-Type": "application/json",
            "Accept": "text/event-stream, text/plain, */*",
            "User-Agent": "chokepoint",
            **headers,
        }

    def connect(self) -> None:
        """Open the connection ahead of the first request. Raises HttpFailure."""
        self.client.connect(time.monotonic_ns() + int(self.timeout_s * 1e9))

    def ask(self, question: str, exchange: Exchange) -> None:
        """Fill ``exchange``. It is given from outside so that what a killed user had is not lost."""
        body = self.dialect.body(question)
        response: Response | None = None
        try:
            self.connect()
            exchange.sent_ns = time.monotonic_ns()
            response = self.client.send("POST", self.dialect.path, self._headers, body, self.timeout_s)
            self._read(response, exchange)
        except HttpFailure as failure:
            self._failed(failure, exchange)
            self.client.close()
        except BaseException:
            self.client.close()  # killed by locust in the middle of an answer
            raise
        if response is not None:
            exchange.bytes = response.bytes

    def _read(self, response: Response, exchange: Exchange) -> None:
        exchange.sent_ns = response.sent_ns
        exchange.headers_ns = response.headers_ns
        exchange.retried = response.retried
        encoding = response.headers.get("content-encoding", "identity").lower()
        if not 200 <= response.status < 300:
            self._refused(response, exchange)
        elif encoding != "identity":
            exchange.outcome = "stream_error"
            exchange.error = f"compressed answer ({normalised(encoding)}) though identity was asked for"
            exchange.ended_ns = response.headers_ns
            self.client.close()
        else:
            self._stream(response, exchange)

    def _refused(self, response: Response, exchange: Exchange) -> None:
        """Not 2xx: the status and the beginning of what was said, redirects included."""
        said, size = [response.headers.get("location", "")], 0
        for _, data in response.chunks():
            said.append(data[: ERROR_BODY_BYTES - size].decode("utf-8", "replace"))
            size += len(data)
            if size >= ERROR_BODY_BYTES:
                break
        exchange.ended_ns = time.monotonic_ns()
        exchange.outcome = "http_error"
        exchange.error = f"HTTP {response.status} {normalised(' '.join(said))}".strip()
        response.finish()

    def _stream(self, response: Response, exchange: Exchange) -> None:
        answer, fold, parser = exchange.answer, self.dialect.fold, SseParser()
        stamp_ns, body_bytes = response.headers_ns, 0
        lost: HttpFailure | None = None
        try:
            for stamp_ns, data in response.chunks():
                body_bytes += len(data)
                for payload in parser.feed(data):
                    fold(answer, payload, stamp_ns)
                if answer.ended_ns is not None:
                    break
            else:
                # A last event without its blank line. Half an event is no event: what was cut off in the
                # middle of its JSON is a truncated answer, not a server that speaks nonsense.
                for payload in parser.close():
                    half = Answer()
                    fold(half, payload, stamp_ns)
                    if half.error != "an event is not JSON":
                        fold(answer, payload, stamp_ns)
        except DeadlinePassed:
            raise
        except HttpFailure as failure:
            lost = failure
        exchange.ended_ns = answer.ended_ns if answer.ended_ns is not None else time.monotonic_ns()
        if answer.error is not None:
            exchange.outcome, exchange.error = "stream_error", answer.error
        elif answer.ended_ns is not None:
            exchange.outcome = "ok"
        elif lost is None and body_bytes and not answer.events:
            kind = response.headers.get("content-type", "no content type").split(";")[0]
            exchange.outcome, exchange.error = "http_error", f"HTTP {response.status} without events ({kind})"
        else:
            exchange.outcome = "truncated"
            exchange.error = str(lost) if lost else "the stream ended without its terminal event"
        if lost is None:
            response.finish(AFTER_END_S)
        else:
            self.client.close()

    @staticmethod
    def _failed(failure: HttpFailure, exchange: Exchange) -> None:
        exchange.ended_ns = time.monotonic_ns()
        exchange.error = str(failure)
        if isinstance(failure, ConnectFailure):
            exchange.outcome = "connect_error"
        elif isinstance(failure, DeadlinePassed):
            exchange.outcome = "timeout"
        else:
            exchange.outcome = "truncated"
