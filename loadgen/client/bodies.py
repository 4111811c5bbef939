"""Answers that are one piece: dated by their last byte, counted, and read where somebody wants to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from loadgen.client.http import HttpFailure
from loadgen.client.reading import Exchange, Redact, ReplyReading
from records.cells.request import Outcome


@dataclass(kw_only=True)
class BodyExchange(Exchange):
    """With a body of some size."""

    size: int = 0
    """Bytes of it."""
    first_byte_ns: int | None = None
    last_byte_ns: int | None = None
    json: Any = None
    """What a `JsonReading` found in it."""


class BodyReading(ReplyReading):
    """Counts a body's bytes and keeps none: a download is as long as it likes."""

    def __init__(self, exchange: BodyExchange, redact: Redact = str) -> None:
        super().__init__(exchange, redact)
        self._body = exchange

    def _begin(self, data: bytes, at_ns: int) -> None:
        body = self._body
        body.size += len(data)
        body.last_byte_ns = at_ns
        if body.first_byte_ns is None:
            body.first_byte_ns = at_ns
        if at_ns == self._doubtful_ns and not (self._stamped and body.first_byte_ns != at_ns):
            # A stamp is that of the last byte; the first may have come before it.
            body.doubt.of_dates[at_ns] = at_ns - self._since_ns

    def _judged(self, failure: HttpFailure | None) -> tuple[Outcome, str | None]:
        return ("ok", None) if failure is None else ("truncated", str(failure))

    @property
    def _good_end_ns(self) -> int | None:
        return self._body.last_byte_ns or self._body.headers_ns

    @property
    def _content_ended_ns(self) -> int | None:
        return None  # only its end tells


class JsonReading(BodyReading):
    """A body that is one JSON value."""

    def __init__(self, exchange: BodyExchange, redact: Redact = str) -> None:
        super().__init__(exchange, redact)
        self._pieces = bytearray()

    def _begin(self, data: bytes, at_ns: int) -> None:
        super()._begin(data, at_ns)
        self._pieces += data

    def _judged(self, failure: HttpFailure | None) -> tuple[Outcome, str | None]:
        if failure is not None:
            return super()._judged(failure)
        try:
            self._body.json = orjson.loads(self._pieces)
        except orjson.JSONDecodeError:
            self._said += self._pieces[:2000]
            return "http_error", self._without("JSON")
        return "ok", None
