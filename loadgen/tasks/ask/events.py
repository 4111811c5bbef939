"""The events of one answer as its bytes come: a decoded first token, and then tokens counted by their form.

Decoding 128 events of JSON costs a load worker more than all the rest of a stream. So the first token's
event is taken apart once, into what stood before its text and what stood after it; where a block of bytes
consists of events that begin and end exactly so, with nothing but text between, those are tokens too. Every
other event is decoded. Nothing rests on spacing, on the order of keys or on the dialect: a server whose
events differ from one to the next, or whose lines end in CR, only makes its client slower.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import stringzilla
from orjson import JSONDecodeError, loads

from loadgen.tasks.ask.answer import Answer
from loadgen.tasks.ask.event_data import NOT_JSON, Fold
from loadgen.tasks.ask.event_errors import error_message
from loadgen.tasks.ask.sse import SseParser
from loadgen.tasks.ask.thoughts import CLOSING_BYTES, MAY_BEGIN_IT
from workloads.checks.buffering import BETWEEN_LUMPS_MS

_STRING = re.compile(rb'"((?:[^"\\]|\\.)*)"')
_NEVER_PLAIN = bytes(range(0x20)) + b'"'
"""Bytes that no text between quotes holds as they are: what has one is not just a token's text."""
_BACKSLASH = b"\\"
_THINK_MARK = CLOSING_BYTES
_OPEN_ENDS = _BACKSLASH + MAY_BEGIN_IT
"""What is no plain text's last byte: a quote behind it, or a mark, may go on in the next."""
_ANGLE = ord("<")
_APART_NS = BETWEEN_LUMPS_MS * 1e6
_TRIES = 8
"""Forms learned in one answer: a server that changes its events each time is decoded and no more."""


@dataclass(slots=True)
class TokenForm:
    """What stands around the text in a token's event: ``head`` text ``close``, and there the event ends."""

    head: bytes
    close: bytes
    joint: bytes
    """``close`` and the next ``head``: what stands between the texts of two events in a row."""
    quotes: int
    """Quotes in ``head`` and ``close``."""
    empty: bytes
    """Begins an event whose text is empty: no token."""
    open_ends: tuple[bytes, bytes]
    """What looks like ``close``, but its quote belongs to the text, or to nothing that is JSON; and the end
    of a text that may be the beginning of a mark."""

    @classmethod
    def learn(cls, field: bytes, payload: bytes, text: str) -> TokenForm | None:
        """The form of a token's event: the field's name, its value, and the text in it as decoded.

        None where it is not plain to see which of several equal strings is the text, or where a string is
        not what JSON allows.
        """
        try:
            plain = text.encode()
            quoted = b'"%b"' % plain
            begin = payload.find(quoted) + 1
            # Without: the server escapes it, or writes it otherwise than we would.
            spans = [] if begin else [m.span(1) for m in _STRING.finditer(payload) if loads(m[0]) == text]
        except (UnicodeEncodeError, JSONDecodeError):
            return None
        if not begin:
            if len(spans) != 1:
                return None
            begin, end = spans[0]
        else:
            end = begin + len(plain)
            if payload.find(quoted, begin) >= 0 or payload[begin - 2 : begin - 1] == _BACKSLASH:
                return None
        head, close = field + payload[:begin], payload[end:] + b"\n\n"
        joint = close + head
        open_ends = (_BACKSLASH + close, b"/" + close)
        return cls(head, close, joint, joint.count(b'"'), head + b'"', open_ends)

    def is_one(self, data: bytes) -> bool:
        """``data`` is one event of this form and nothing else, and its text does not end thoughts."""
        head = len(self.head)
        end = len(data) - len(self.close)
        return (
            data.startswith(self.head)
            and data.endswith(self.close)
            and data.find(b'"', head) == end > head
            and data[end - 1] not in _OPEN_ENDS
            and data.find(b"\n", head, end) < 0  # the line ends there, and its JSON is half
            and data.find(b"\r", head, end) < 0
            and (end - head < len(_THINK_MARK) or data.find(_THINK_MARK, head, end) < 0)
        )

    def count(self, data: bytes, at: int) -> tuple[int, int]:
        """(Tokens in a row from ``at``, where an event with ``head`` begins; where the last of them ends).

        Each is one line that begins with ``head``, ends with ``close`` and has text between: no quote that is
        not the form's, so nothing that would say more. Else (0, at): look closer.
        """
        head, close, joint = self.head, self.close, self.joint
        escaped, slash = self.open_ends
        tokens = stringzilla.count(data, joint, at)
        begin = stringzilla.rfind(data, joint, at) + len(joint) if tokens else at + len(head)
        end = data.find(close, begin)
        if end >= 0:
            tokens, stop = tokens + 1, end + len(close)
        elif tokens:
            stop = begin - len(head)  # the last event is not whole yet
        else:
            return 0, at
        if (
            data.count(b'"', at, stop) != tokens * self.quotes
            or stringzilla.count(data, b"\n", at, stop)
            != 2 * tokens  # something of another form lies between
            or stringzilla.find(data, self.empty, at, stop) >= 0
            or stringzilla.find(data, escaped, at, stop) >= 0
            or stringzilla.find(data, slash, at, stop) >= 0
            or data[stop - len(close) - 1] == _ANGLE  # in one before it begins no mark that `feed` overlooks
        ):
            return 0, at
        return tokens, stop

    def texts(self, data: bytes, at: int) -> tuple[list[bytes], int]:
        """The texts of the tokens in a row from ``at``, each surely whole, and where the last one ends."""
        pieces = data[at + len(self.head) :].split(self.joint)
        last = pieces.pop()
        end = last.find(self.close)
        if end >= 0:
            pieces.append(last[:end])
        texts = []
        for piece in pieces:
            if not piece or piece[-1] in _OPEN_ENDS or len(piece.translate(None, _NEVER_PLAIN)) != len(piece):
                break
            texts.append(piece)
            at += len(self.head) + len(piece) + len(self.close)
        return texts, at


class EventStream:
    """Feed it the body's bytes and when they came; it folds them into ``answer``."""

    __slots__ = ("_answer", "_fold", "_form", "_last_ns", "_parser", "_settled", "_tries")

    def __init__(
        self,
        answer: Answer,
        fold: Fold,
        names: frozenset[str] | None = None,
        is_ours: Callable[[bytes], bool] | None = None,
    ) -> None:
        """``names``: of events, besides none; None: whatever they are named. ``is_ours``: by their data."""
        self._answer = answer
        self._fold = fold
        self._parser = SseParser(None if names is None else frozenset(map(str.encode, names)), is_ours)
        self._form: TokenForm | None = None
        self._settled: TokenForm | None = None
        """The form, while a read that is one event of it can be nothing but one token."""
        self._tries = 0
        self._last_ns = 0

    def feed(self, data: bytes, at_ns: int) -> None:
        """Bytes of the body, and the monotonic nanoseconds at which they came."""
        before_ns, self._last_ns = self._last_ns, at_ns
        form = self._settled
        if form is not None and form.is_one(data):
            self._answer.plain_tokens(1, at_ns)  # nearly every read of a paced stream
            return
        if at_ns - before_ns >= _APART_NS and self._goes_on(data):
            self._answer.cut = True
        if b"\r" in data or self._tries >= _TRIES or stringzilla.find(data, _THINK_MARK) >= 0:
            self._decode(data, at_ns)
        else:
            self._walk(data, at_ns)
        answer = self._answer
        self._settled = self._form if self._parser.idle and not answer.watched else None

    def _goes_on(self, data: bytes) -> bool:
        """Among tokens, is it the rest of a line? Some servers send a line's end with what follows it."""
        in_a_line = self._parser.in_a_line and self._answer.last_token_ns is not None
        return in_a_line and not data.startswith((b"\n", b"\r"))

    def _walk(self, data: bytes, at_ns: int) -> None:
        """Event by event, those of the form in one go."""
        parser, answer, size = self._parser, self._answer, len(data)
        at, idle = 0, parser.idle
        while at < size and answer.ended_ns is None:
            form = self._form
            if idle and form is not None and data.startswith(form.head, at):
                after = self._count(form, data, at, at_ns)
                if after > at:
                    at = after
                    continue
            end = data.find(b"\n\n", at)
            stop = size if end < 0 else end + 2
            if idle and end >= 0 and data.startswith(b"data:", at) and data.find(b"\n", at, end) < 0:
                self._one(data, at, end, at_ns)  # the commonest event, without a parser
            else:
                self._decode(data[at:stop], at_ns)
                idle = parser.idle
            at = stop

    def ends_one_event(self, data: bytes) -> bool:
        """Is what was just fed one event, or the end of one, and not even a comment, or an event without
        data, before or behind it?"""
        lines = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        place = lines.find(b"\n\n")
        return self._parser.idle and place > 0 and place == len(lines) - 2 and not lines.startswith(b"\n")

    def close(self) -> None:
        """The body ended. A last event without its blank line still counts, if it is whole.

        Half an event is no event: an answer cut off in the middle of its JSON is truncated, its server does
        not speak nonsense.
        """
        for payload in self._parser.close():
            if self._is_error(payload):
                continue
            half = Answer()
            self._fold(half, payload, self._last_ns)
            if half.error is None or not half.error.startswith(NOT_JSON):
                self._fold(self._answer, payload, self._last_ns)

    def _one(self, data: bytes, at: int, end: int, at_ns: int) -> None:
        """An event of one ``data:`` line, from ``at`` to ``end``."""
        self._parser.begun()
        begin = at + (6 if data.startswith(b" ", at + 5) else 5)
        payload = data[begin:end]
        if not payload:
            return  # it only keeps a connection alive
        text = self._fold(self._answer, payload, at_ns)
        if text:
            form = self._form
            if form is None or not data.startswith(form.head, at) or not payload.endswith(form.close[:-2]):
                self._form = TokenForm.learn(data[at:begin], payload, text) or form
                self._tries += 1

    def _decode(self, block: bytes, at_ns: int) -> None:
        answer = self._answer
        for payload in self._parser.feed(block):
            # Without data it keeps a connection alive; after the terminal event it is no part of the answer.
            if payload and answer.ended_ns is None and not self._is_error(payload):
                self._fold(answer, payload, at_ns)

    def _is_error(self, payload: bytes) -> bool:
        """Is it no event, but an error in its place? What is in an event named so is an error, too."""
        parser = self._parser
        if payload is parser.error or payload is parser.bare_error:
            self._answer.fail(error_message(payload))
        return payload is parser.bare_error

    def _count(self, form: TokenForm, data: bytes, at: int, at_ns: int) -> int:
        """Count the tokens from ``at``, where an event with the form's head begins; where they end."""
        answer = self._answer
        if answer.watched:
            return at  # only its words tell
        tokens, after = form.count(data, at)
        if not tokens:
            texts, after = form.texts(data, at)
            tokens = len(texts)
        if tokens:
            answer.plain_tokens(tokens, at_ns)
        return after
