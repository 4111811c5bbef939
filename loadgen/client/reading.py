"""What every answer has in common, whatever its body is: how it went, refusals, codings, doubt and an end."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field

from loadgen.client.doubt import Doubt
from loadgen.client.error_text import decoded_text, normalised
from loadgen.client.field_errors import field_errors
from loadgen.client.http import DeadlinePassed, HttpFailure, Reply
from records.cells.request import COMPRESSED, Outcome

ERROR_BODY_BYTES = 16_000
"""As much of a refusal as may name all fields that it is for: each time it repeats what was sent."""
_KEPT = 2000
"""Characters of any other refusal: more than an error keeps."""
POD_HEADER = "x-pod"
"""Of services in a cluster that say so, as the reference app does: keep-alive keeps users with one pod."""
Redact = Callable[[str], str]


@dataclass(kw_only=True)
class Exchange:
    """What happened, in monotonic nanoseconds. ``ended_ns``: what ended a good answer, or the failure.

    Each kind of request has one of its own, with what its body was."""

    sent_ns: int
    headers_ns: int | None = None
    ended_ns: int = 0
    outcome: Outcome = "aborted"
    error: str | None = None
    bytes: int = 0
    retried: bool = False
    body_ended_ns: int | None = None
    """When its user was let go on: the body had ended, or the request had failed."""
    trace_id: str | None = None
    """By which the service may know it, too; None: it was not told."""
    pod: str = ""
    """Which pod of several says that it answered."""
    doubt: Doubt = field(default_factory=Doubt)

    @property
    def first_ns(self) -> int | None:
        """When the first came of what is timed in the body; None where only the whole is."""
        return None

    @property
    def last_ns(self) -> int | None:
        """When the last of it came."""
        return None


class ReplyReading(ABC):
    """An answer as it comes: a refusal, something unreadable, or a body, up to the kind of request."""

    def __init__(self, exchange: Exchange, redact: Redact = str) -> None:
        self.over = self.refused = False
        self.body: Callable[[bytes, int], None] = self._words
        """What becomes of the body's bytes and their date: at first they may be anything."""
        self._exchange = exchange
        self._redact = redact
        self._status = 0
        self._framed = False
        self._type = ""
        self._said = bytearray()
        """How a body begins that may be no good one."""
        self._before = ""
        """What is said before that, or in its place."""
        self._last_ns: int | None = None
        """When the last that counts of a refusal came."""
        self._doubtful_ns = self._since_ns = 0
        """The date of a read that is in doubt, and what it may be as early as."""
        self._stamped = b""
        """All of that read, where its last byte has the date."""

    # What a kind of body has to have.
    @abstractmethod
    def _begin(self, data: bytes, at_ns: int) -> None:
        """Take bytes of a body that may be a good one."""

    @abstractmethod
    def _judged(self, failure: HttpFailure | None) -> tuple[Outcome, str | None]:
        """What the body was, now that nothing more of it comes."""

    @property
    @abstractmethod
    def _good_end_ns(self) -> int | None:
        """When a good body ended; None: as it was judged."""

    @property
    @abstractmethod
    def _content_ended_ns(self) -> int | None:
        """When the body said all that is wanted of it, be there more of it or not; None: not yet."""

    @property
    def sent_ns(self) -> int:
        return self._exchange.sent_ns

    def sent(self, at_ns: int) -> None:
        self._exchange.sent_ns = at_ns

    def left(self, at_ns: int) -> None:
        exchange = self._exchange
        exchange.doubt.sent_ns = (
            exchange.doubt.sent_ns or at_ns - exchange.sent_ns
        )  # the first time: it is dated so

    def doubt(self, at_ns: int, since_ns: int, stamped: bytes) -> None:
        self._doubtful_ns, self._since_ns, self._stamped = at_ns, max(since_ns, self.sent_ns), stamped

    @property
    def ended_ns(self) -> int | None:
        return self._last_ns if self.refused else self._content_ended_ns

    @property
    def last_token_ns(self) -> int | None:
        return self._exchange.last_ns

    def headers(self, reply: Reply, at_ns: int) -> None:
        exchange = self._exchange
        exchange.headers_ns = self._last_ns = at_ns
        self._status, self._framed = reply.status, reply.framed
        exchange.pod = reply.header(POD_HEADER)
        self._type = reply.header("content-type")
        named = reply.header("content-encoding")
        if (transfer := reply.header("transfer-encoding")) != "chunked":
            named = f"{named},{transfer}"
        codings = codings_of(named) if named else ""
        if not 200 <= reply.status < 300:
            self._refuse("http_error", f"HTTP {reply.status}")
            where = reply.header("location")  # a redirect is refused, aloud
            self._before = where and where.encode("latin-1").decode("utf-8", "replace") + " "
            if codings:
                self._before += f"(its text is compressed: {codings})"
                self.body = self._nothing
        elif codings:
            self._refuse("stream_error", f"{COMPRESSED} ({codings}) though identity was asked for")
            self.body = self._nothing
        else:
            self.body = self._begin

    def _refuse(self, outcome: Outcome, error: str) -> None:
        """No good answer; what its body says is kept, until it is whole or nothing comes for a while."""
        self._exchange.outcome, self._exchange.error = outcome, error
        self.over = self.refused = True
        self.body = self._words

    def _nothing(self, data: bytes, at_ns: int) -> None:
        """What cannot be read is not kept."""
        del data, at_ns

    def _words(self, data: bytes, at_ns: int) -> None:
        """A refusal's body."""
        if len(self._said) < ERROR_BODY_BYTES:
            self._said += data[:ERROR_BODY_BYTES]
            self._last_ns = at_ns

    @property
    def _kind(self) -> str:
        """That of the body's content, for a message."""
        return self._clean(self._type.split(";")[0].strip() or "no content type")

    @property
    def _text(self) -> str:
        """What the body says so far, as far as it is kept."""
        return decoded_text(bytes(self._said), self._type)

    def _without(self, what: str) -> str:
        return f"HTTP {self._status} without {what} ({self._kind})"

    def finish(self, failure: HttpFailure | None) -> None:
        """Nothing more comes, because the answer was whole or because of ``failure``."""
        exchange, now_ns = self._exchange, time.monotonic_ns()
        exchange.ended_ns = now_ns
        late = isinstance(failure, DeadlinePassed)
        if exchange.headers_ns is None:
            exchange.outcome, exchange.error = "timeout" if late else "truncated", str(failure)
        elif not self.refused:
            exchange.outcome, exchange.error = self._judged(failure)
            # An error that leaves its stream open is why nothing more came.
            if late and exchange.outcome != "stream_error":
                exchange.outcome, exchange.error = "timeout", str(failure)
            if exchange.outcome == "ok":
                exchange.ended_ns = self._good_end_ns or now_ns
        if exchange.outcome == "http_error":
            exchange.error = f"{exchange.error} {self._refusal()}".strip()

    def _refusal(self) -> str:
        """What its body says: the fields that it is for, where it names them, else how it begins."""
        said = self._before + self._text
        if 400 <= self._status < 500 and (fields := field_errors(said)) is not None:
            return self._redact(str(fields))  # numbers in names count nothing
        return self._clean(said[:_KEPT])

    def _clean(self, said: str) -> str:
        """What a service says, without secrets (first, for numbers would change them), fit for counting."""
        return normalised(self._redact(said))


CODINGS = frozenset({"gzip", "x-gzip", "deflate", "compress", "x-compress", "br", "zstd", "dcb", "dcz"})
"""Of RFC 9110, 8.4.1, and its registry. Services name much else (``none``, ``utf-8``), that codes nothing."""


def codings_of(header: str) -> str:
    """Those of the codings named in a header that compress."""
    named = (name.partition(";")[0].strip().lower() for name in header.split(","))
    return ", ".join(name for name in named if name in CODINGS)
