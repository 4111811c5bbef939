"""One question asked and its answer timed as it streams: events and dialect put together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson

from loadgen.client.connection import Connection
from loadgen.client.http import HttpFailure
from loadgen.client.reading import Exchange, Redact, ReplyReading
from loadgen.client.sender import Sender
from loadgen.tasks.ask.answer import Answer
from loadgen.tasks.ask.dialects import Dialect
from loadgen.tasks.ask.event_errors import error_of_body
from loadgen.tasks.ask.events import EventStream
from records.cells.request import WITH_ERROR, Outcome

ACCEPT = {"Accept": "text/event-stream, text/plain, */*"}


@dataclass(kw_only=True)
class AnswerExchange(Exchange):
    """With an answer that streams. ``ended_ns``: terminal event, or the failure."""

    answer: Answer = field(default_factory=Answer)
    gaps_left_out: bool = False
    """Some gaps between its tokens were over a stall, and say nothing of the service."""

    @property
    def first_ns(self) -> int | None:
        """The first token's."""
        return self.answer.first_token_ns

    @property
    def last_ns(self) -> int | None:
        return self.answer.last_token_ns


class AnswerReading(ReplyReading):
    """An answer's bytes as they come, told apart: a stream of events, a refusal, or something unreadable."""

    def __init__(self, exchange: AnswerExchange, dialect: Dialect, redact: Redact = str) -> None:
        super().__init__(exchange, redact)
        self.exchange = exchange
        self._answer = exchange.answer
        self._events = EventStream(exchange.answer, dialect.fold, dialect.event_names, dialect.is_ours)
        self._telltale = dialect.telltale

    @property
    def _content_ended_ns(self) -> int | None:
        return self._answer.ended_ns

    @property
    def _good_end_ns(self) -> int | None:
        return self._answer.ended_ns or self._answer.finished_ns

    def _begin(self, data: bytes, at_ns: int) -> None:
        """The body's bytes until its first event has come: perhaps there is none in it."""
        self._words(data, at_ns)
        self._stream(data, at_ns)
        if self._answer.events:
            self.body = self._stream
        elif not self._framed and _is_json(self._text):
            self._refuse("http_error", self._no_events())  # its end will not be told

    def _stream(self, data: bytes, at_ns: int) -> None:
        if at_ns == self._doubtful_ns:
            self._feed_in_doubt(data, at_ns)
        else:
            self._events.feed(data, at_ns)
        self.over = self._answer.ended_ns is not None

    def _feed_in_doubt(self, data: bytes, at_ns: int) -> None:
        """Bytes of which all but the last may have come before their date."""
        answer, gaps = self._answer, len(self._answer.gaps_us)
        self._events.feed(data, at_ns)
        if self._events.ends_one_event(data) and _ends_with(self._stamped, data):
            return  # they are one event, or the end of one, and the date is that of its last byte
        self.exchange.doubt.of_dates[at_ns] = at_ns - self._since_ns
        if answer.last_token_ns == at_ns and len(answer.gaps_us) > gaps:
            self.exchange.gaps_left_out = True
            del answer.gaps_us[gaps:]  # they say how the bytes were read, not how they came

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

    def _no_events(self) -> str:
        """What was wrong with a body that is foreign. What it says itself of that is kept alone."""
        said = None if self._answer.events else error_of_body(self._text) or self._answer.error
        if said is None:
            return self._without("events")
        self._before = said
        self._said.clear()
        return f"HTTP {self._status} {WITH_ERROR} ({self._kind})"

    def _judged(self, failure: HttpFailure | None) -> tuple[Outcome, str | None]:
        answer = self._answer
        if failure is None and answer.ended_ns is None:
            self._events.close()
        if failure is None and self._foreign:
            return "http_error", self._no_events()
        if answer.error is not None:
            return "stream_error", self._clean(answer.error)
        if answer.ended_ns is not None or (failure is None and answer.finished_ns is not None):
            return "ok", None
        return "truncated", str(failure) if failure else "the stream ended without its terminal event"


def _ends_with(read: bytes, body: bytes) -> bool:
    """Does what was read end with the end of this part of a body? Not even a chunk's size may follow it, nor
    the last chunk: it would have the date."""
    end = body[-16:]
    return len(end) > 4 and read.endswith((end, end + b"\r\n"))


def _is_json(text: str) -> bool:
    """Is it a whole object or list?"""
    if not text.startswith(("{", "[")):
        return False
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
        self.dialect = dialect
        self._redact = redact
        self._sender = Sender(connection, dialect.path, {**ACCEPT, **headers})

    def ask(self, question: str, exchange: AnswerExchange) -> None:
        """Fill ``exchange``."""
        reading = AnswerReading(exchange, self.dialect, self._redact)
        self._sender.send(self.dialect.body(question), exchange, reading)
