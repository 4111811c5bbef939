"""One question asked and its answer timed: HTTP, events and dialect put together."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from loadgen.client.answer import Answer, Fold, normalised
from loadgen.client.connection import Connection
from loadgen.client.dialects import Dialect
from loadgen.client.doubt import Doubt
from loadgen.client.events import EventStream
from loadgen.client.http import ConnectFailure, DeadlinePassed, HttpFailure, Reply
from records.request import COMPRESSED, Outcome

ERROR_BODY_BYTES = 2000
HEADERS = {
    "Content-Type": "application/json",
    "Accept": "text/event-stream, text/plain, */*",
    "User-Agent": "chokepoint",
}


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
    gaps_left_out: bool = False
    """Some gaps between its tokens were over a stall, and say nothing of the service."""
    body_ended_ns: int | None = None
    """When its user was let go on: the body had ended, or the request had failed."""
    doubt: Doubt = field(default_factory=Doubt)


class AnswerReading:
    """An answer's bytes as they come, told apart: a stream of events, a refusal, or something unreadable."""

    def __init__(self, exchange: Exchange, fold: Fold) -> None:
        self.over = False
        self.exchange = exchange
        self._answer = exchange.answer
        self._events = EventStream(exchange.answer, fold)
        self._kind = ""
        self._streams = False
        self._said: list[bytes] = []
        self._size = 0
        self._doubtful_ns = self._since_ns = 0
        """The date of a read that is in doubt, and what it may be as early as."""
        self._stamped = False

    @property
    def sent_ns(self) -> int:
        return self.exchange.sent_ns

    def sent(self, at_ns: int) -> None:
        self.exchange.sent_ns = at_ns

    def left(self, at_ns: int) -> None:
        exchange = self.exchange
        exchange.doubt.sent_ns = (
            exchange.doubt.sent_ns or at_ns - exchange.sent_ns
        )  # the first time: it is dated so

    def doubt(self, at_ns: int, since_ns: int, *, stamped: bool) -> None:
        self._doubtful_ns, self._since_ns, self._stamped = at_ns, max(since_ns, self.sent_ns), stamped

    @property
    def ended_ns(self) -> int | None:
        return self._answer.ended_ns

    @property
    def last_token_ns(self) -> int | None:
        return self._answer.last_token_ns

    def headers(self, reply: Reply, at_ns: int) -> None:
        exchange = self.exchange
        exchange.headers_ns = at_ns
        encoding = reply.header("content-encoding").lower() or "identity"
        self._kind = reply.header("content-type").split(";")[0] or "no content type"
        if not 200 <= reply.status < 300:
            exchange.outcome = "http_error"
            exchange.error = f"HTTP {reply.status}"
            self._said = [reply.header("location").encode("latin-1")]  # a redirect is refused, aloud
        elif encoding != "identity":
            exchange.outcome = "stream_error"
            exchange.error = f"{COMPRESSED} ({normalised(encoding)}) though identity was asked for"
            exchange.ended_ns = at_ns
            self.over = True
        else:
            self._streams = True

    def body(self, data: bytes, at_ns: int) -> None:
        self._size += len(data)
        if self._streams:
            if at_ns == self._doubtful_ns:
                self._feed_in_doubt(data, at_ns)
            else:
                self._events.feed(data, at_ns)
            self.over = self._answer.ended_ns is not None
        elif self._size - len(data) < ERROR_BODY_BYTES:
            self._said.append(data[:ERROR_BODY_BYTES])
            self.over = self._size >= ERROR_BODY_BYTES

    def _feed_in_doubt(self, data: bytes, at_ns: int) -> None:
        """Bytes of which all but the last may have come before their date."""
        answer = self._answer
        events, gaps = answer.events, len(answer.gaps_us)
        self._events.feed(data, at_ns)
        if self._stamped and answer.events - events <= 1 and self._events.idle:
            return  # they are one event, or the end of one, and the date is that of its end
        self.exchange.doubt.of_dates[at_ns] = at_ns - self._since_ns
        if answer.last_token_ns == at_ns and len(answer.gaps_us) > gaps:
            self.exchange.gaps_left_out = True
            del answer.gaps_us[gaps:]  # they say how the bytes were read, not how they came

    def finish(self, failure: HttpFailure | None) -> None:
        """Nothing more comes, because the answer was whole or because of ``failure``."""
        exchange, answer, now_ns = self.exchange, self.exchange.answer, time.monotonic_ns()
        if exchange.headers_ns is None or isinstance(failure, DeadlinePassed):
            exchange.ended_ns, exchange.error = now_ns, str(failure)
            exchange.outcome = "timeout" if isinstance(failure, DeadlinePassed) else "truncated"
        elif self._streams:
            if failure is None and answer.ended_ns is None:
                self._events.close()
            exchange.ended_ns = answer.ended_ns if answer.ended_ns is not None else now_ns
            exchange.outcome, exchange.error = self._judged(failure)
        elif exchange.outcome == "http_error":
            exchange.ended_ns = now_ns
            said = normalised(b" ".join(self._said).decode("utf-8", "replace"))
            exchange.error = f"{exchange.error} {said}".strip()

    def _judged(self, failure: HttpFailure | None) -> tuple[Outcome, str | None]:
        answer = self.exchange.answer
        if answer.error is not None:
            return "stream_error", answer.error
        if answer.ended_ns is not None:
            return "ok", None
        if failure is None and self._size and not answer.events:
            return "http_error", f"HTTP 200 without events ({self._kind})"
        return "truncated", str(failure) if failure else "the stream ended without its terminal event"


class Asker:
    """Asks one service in one dialect over one connection."""

    def __init__(self, connection: Connection, dialect: Dialect, headers: Mapping[str, str]) -> None:
        self.connection = connection
        self.dialect = dialect
        self._head = connection.origin.post_head(dialect.path, {**HEADERS, **headers})

    def ask(self, question: str, exchange: Exchange) -> None:
        """Fill ``exchange``. It is given from outside so that what a killed user had is not lost."""
        body = self.dialect.body(question)
        reading = AnswerReading(exchange, self.dialect.fold)
        try:
            exchange.retried = self.connection.carry(
                b"%b%d\r\n\r\n%b" % (self._head, len(body), body), reading
            )
        except ConnectFailure as failure:
            exchange.ended_ns = time.monotonic_ns()
            exchange.outcome, exchange.error = "connect_error", str(failure)
        except HttpFailure as failure:
            reading.finish(failure)
        else:
            reading.finish(None)
        if exchange.error is not None and exchange.outcome == "http_error":
            exchange.error = self.connection.origin.placed(exchange.error, self.dialect.path)
        exchange.bytes = self.connection.received
        exchange.body_ended_ns = time.monotonic_ns()
