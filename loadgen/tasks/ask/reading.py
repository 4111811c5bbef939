"""One question asked and its answer timed: HTTP, events and dialect put together."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import orjson

from loadgen.client.connection import Connection
from loadgen.client.doubt import Doubt
from loadgen.client.error_text import normalised
from loadgen.client.http import ConnectFailure, DeadlinePassed, HttpFailure, Reply
from loadgen.tasks.ask.answer import Answer
from loadgen.tasks.ask.dialects import Dialect
from loadgen.tasks.ask.events import EventStream
from records.request import COMPRESSED, Outcome

ERROR_BODY_BYTES = 2000
Redact = Callable[[str], str]
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
    outcome: Outcome = "aborted"
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

    def __init__(self, exchange: Exchange, dialect: Dialect, redact: Redact = str) -> None:
        self.over = self.refused = False
        self.exchange = exchange
        self.body: Callable[[bytes, int], None] = self._words
        """What becomes of the body's bytes and their date: at first they may be anything."""
        self._answer = exchange.answer
        self._events = EventStream(exchange.answer, dialect.fold, dialect.event_names, dialect.is_ours)
        self._telltale = dialect.telltale
        self._redact = redact
        self._status = 0
        self._framed = False
        self._kind = ""
        self._said = bytearray()
        """How the body begins, unless it is one of events."""
        self._last_ns: int | None = None
        """When the last that counts of a refusal came."""
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
        return self._last_ns if self.refused else self._answer.ended_ns

    @property
    def last_token_ns(self) -> int | None:
        return self._answer.last_token_ns

    def headers(self, reply: Reply, at_ns: int) -> None:
        exchange = self.exchange
        exchange.headers_ns = self._last_ns = at_ns
        self._status, self._framed = reply.status, reply.framed
        self._kind = reply.header("content-type").split(";")[0].strip() or "no content type"
        named = reply.header("content-encoding")
        if (transfer := reply.header("transfer-encoding")) != "chunked":
            named = f"{named},{transfer}"
        codings = codings_of(named) if named else ""
        if not 200 <= reply.status < 300:
            self._refuse("http_error", f"HTTP {reply.status}")
            where = reply.header("location")  # a redirect is refused, aloud
            self._said += where.encode("latin-1") + b" " if where else b""
            if codings:
                self._said += f"(its text is compressed: {codings})".encode()
                self.body = self._nothing
        elif codings:
            self._refuse("stream_error", f"{COMPRESSED} ({codings}) though identity was asked for")
            self.body = self._nothing
        else:
            self.body = self._begin

    def _refuse(self, outcome: Outcome, error: str) -> None:
        """This is no stream; what its body says is kept, until it is whole or nothing comes for a while."""
        self.exchange.outcome, self.exchange.error = outcome, error
        self.over = self.refused = True
        self.body = self._words

    def _nothing(self, data: bytes, at_ns: int) -> None:
        """What cannot be read is not kept."""

    def _words(self, data: bytes, at_ns: int) -> None:
        """A refusal's body."""
        if len(self._said) < ERROR_BODY_BYTES:
            self._said += data[:ERROR_BODY_BYTES]
            self._last_ns = at_ns

    def _begin(self, data: bytes, at_ns: int) -> None:
        """The body's bytes until its first event has come: perhaps there is none in it."""
        self._words(data, at_ns)
        self._stream(data, at_ns)
        if self._answer.events:
            self.body = self._stream
        elif not self._framed and self._said.startswith((b"{", b"[")) and _is_json(self._said):
            self._refuse("http_error", self._without_events)  # its end will not be told

    def _stream(self, data: bytes, at_ns: int) -> None:
        if at_ns == self._doubtful_ns:
            self._feed_in_doubt(data, at_ns)
        else:
            self._events.feed(data, at_ns)
        self.over = self._answer.ended_ns is not None

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

    @property
    def _without_events(self) -> str:
        return f"HTTP {self._status} without events ({self._clean(self._kind)})"

    def finish(self, failure: HttpFailure | None) -> None:
        """Nothing more comes, because the answer was whole or because of ``failure``."""
        exchange, answer, now_ns = self.exchange, self.exchange.answer, time.monotonic_ns()
        exchange.ended_ns = now_ns
        if exchange.headers_ns is None or isinstance(failure, DeadlinePassed):
            exchange.error = str(failure)
            exchange.outcome = "timeout" if isinstance(failure, DeadlinePassed) else "truncated"
        elif not self.refused:
            if failure is None and answer.ended_ns is None:
                self._events.close()
            exchange.outcome, exchange.error = self._judged(failure)
            if exchange.outcome == "ok":
                exchange.ended_ns = answer.ended_ns or answer.finished_ns or now_ns
        if exchange.outcome == "http_error":
            said = self._clean(self._said.decode("utf-8", "replace"))
            exchange.error = f"{exchange.error} {said}".strip()

    def _clean(self, said: str) -> str:
        """What a service says, without secrets (first, for numbers would change them), fit for counting."""
        return normalised(self._redact(said))

    @property
    def _foreign(self) -> bool:
        """Was the body no stream of this dialect's events, but one of another API's, a text, or nothing?"""
        answer = self._answer
        if answer.ended_ns is not None or answer.finished_ns is not None or answer.tokens:
            return False
        if answer.thoughts or answer.usage is not None:
            return False
        if not answer.events:
            return bool(self._said) or self._status != 200
        return answer.error is None and self._telltale not in self._said

    def _judged(self, failure: HttpFailure | None) -> tuple[Outcome, str | None]:
        answer = self._answer
        if failure is None and self._foreign:
            return "http_error", self._without_events
        if answer.error is not None:
            return "stream_error", self._clean(answer.error)
        if answer.ended_ns is not None or (failure is None and answer.finished_ns is not None):
            return "ok", None
        return "truncated", str(failure) if failure else "the stream ended without its terminal event"


CODINGS = frozenset({"gzip", "x-gzip", "deflate", "compress", "x-compress", "br", "zstd", "dcb", "dcz"})
"""Of RFC 9110, 8.4.1, and its registry. Services name much else (``none``, ``utf-8``), that codes nothing."""


def codings_of(header: str) -> str:
    """Those of the codings named in a header that compress."""
    named = (name.partition(";")[0].strip().lower() for name in header.split(","))
    return ", ".join(name for name in named if name in CODINGS)


def _is_json(text: bytearray) -> bool:
    """Is it a whole value?"""
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True


class Asker:
    """Asks one service in one dialect over one connection."""

    def __init__(
        self,
        connection: Connection,
        dialect: Dialect,
        headers: Mapping[str, str],
        *,
        redact: Redact = str,
    ) -> None:
        """``redact`` takes secrets out of what a service says of a failure."""
        self.connection = connection
        self._redact = redact
        self.dialect = dialect
        self._head = connection.origin.post_head(dialect.path, {**HEADERS, **headers})

    def ask(self, question: str, exchange: Exchange) -> None:
        """Fill ``exchange``. It is given from outside so that what a killed user had is not lost."""
        body = self.dialect.body(question)
        reading = AnswerReading(exchange, self.dialect, self._redact)
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
