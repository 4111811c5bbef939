"""The events of one answer as its bytes come: a decoded first token, and then tokens counted by their form.

Decoding 128 events of JSON costs a load worker more than all the rest of a stream. So the first token's
event is taken apart once, into what stood before its text and what stood after it; where a block of bytes
consists of events that begin and end exactly so, with nothing between but text, those are tokens too. Every
other event is decoded. Nothing rests on spacing, on the order of keys or on the dialect: a server whose
events differ from one to the next only makes its client slower.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import repeat

import orjson

from loadgen.answer import Answer, Fold
from loadgen.sse import SseParser

_STRING = re.compile(rb'"((?:[^"\\]|\\.)*)"')
_NEVER_PLAIN = bytes(range(0x20)) + b'"'
"""Bytes that no text between quotes holds as they are: what has one is not just a token's text."""
_ESCAPE = ord("\\")
_BLANK_LINES = (b"\n\n", b"\r\n\r\n", b"\r\r")
_MARK_BYTES = 32
_TRIES = 8
"""Forms learned in one answer: a server that changes its events each time is decoded and no more."""


@dataclass(frozen=True, slots=True)
class TokenForm:
    """What stands around the text in a token's event: ``head`` text ``close`` (and there the event ends)."""

    head: bytes
    close: bytes
    joint: bytes
    """``close`` and the next ``head``: what stands between the texts of two events in a row."""
    mark: bytes
    """The end of ``joint``, where that is long: searching for many bytes again and again is slow."""

    @classmethod
    def learn(cls, block: bytes, payload: bytes, text: str) -> TokenForm | None:
        """The form of a token's event, or None where it is not plain to see.

        Args:
            block: the bytes that the event was in, whole.
            payload: the event's data.
            text: the token's text, as decoded.
        """
        at = block.find(payload)
        start = max(block.rfind(b"\n", 0, at), block.rfind(b"\r", 0, at)) + 1
        if at < 0 or block[start:at] not in (b"data:", b"data: "):
            return None  # other fields in the event, or data in several lines
        blank = next((b for b in _BLANK_LINES if block.startswith(b, at + len(payload))), None)
        span = _span(payload, text)
        if blank is None or span is None:
            return None
        head, close = block[start:at] + payload[: span[0]], payload[span[1] :] + blank
        joint = close + head
        mark = joint[-_MARK_BYTES:]
        return cls(head, close, joint, mark if joint.count(mark) == 1 else joint)

    def split(self, texts: bytes) -> list[bytes]:
        """What stands between the joints; the last may be more than a text."""
        if self.mark is self.joint:
            return texts.split(self.joint)
        pieces = texts.split(self.mark)
        last = pieces.pop()
        before = self.joint[: -len(self.mark)]
        if not all(map(bytes.endswith, pieces, repeat(before))):
            return texts.split(self.joint)
        end = -len(before)
        pieces = [piece[:end] for piece in pieces]
        pieces.append(last)
        return pieces


def _span(payload: bytes, text: str) -> tuple[int, int] | None:
    """Where in an event's data the text stands, quotes left out; None if several strings there equal it."""
    plain = text.encode()
    found = payload.count(b'"%b"' % plain)
    if found == 1:
        begin = payload.index(b'"%b"' % plain) + 1
        return None if payload[begin - 2] == _ESCAPE else (begin, begin + len(plain))
    if found:
        return None
    spans = [m.span(1) for m in _STRING.finditer(payload) if orjson.loads(m.group()) == text]
    return spans[0] if len(spans) == 1 else None  # the server escapes what need not be


class EventStream:
    """Feed it the body's bytes and when they came; it folds them into ``answer``."""

    def __init__(self, answer: Answer, fold: Fold) -> None:
        self._answer = answer
        self._fold = fold
        self._parser = SseParser()
        self._form: TokenForm | None = None
        self._tries = 0
        self._last_ns = 0

    def feed(self, data: bytes, at_ns: int) -> None:
        """Bytes of the body, and the monotonic nanoseconds at which the kernel handed them over."""
        self._last_ns = at_ns
        while data:
            form = self._form
            if form is not None and self._parser.idle and data.startswith(form.head):
                rest = self._count(form, data, at_ns)
                if len(rest) < len(data):
                    data = rest
                    continue
            # One event, and then the form is tried again; all at once where none will be found.
            end = _end_of_event(data) if self._tries < _TRIES else -1
            block, data = (data, b"") if end < 0 else (data[:end], data[end:])
            self._decode(block, at_ns)

    def close(self) -> None:
        """The body ended. A last event without its blank line still counts, if it is whole.

        Half an event is no event: an answer cut off in the middle of its JSON is truncated, its server does
        not speak nonsense.
        """
        for payload in self._parser.close():
            half = Answer()
            self._fold(half, payload, self._last_ns)
            if half.error != "an event is not JSON":
                self._fold(self._answer, payload, self._last_ns)

    def _decode(self, block: bytes, at_ns: int) -> None:
        fresh = self._parser.idle
        one = fresh and block.startswith(b"data: ") and block.find(b"\n") == len(block) - 2
        plain = one and block.endswith(b"\n\n") and b"\r" not in block  # the commonest, without a parser
        for payload in [block[6:-2]] if plain else self._parser.feed(block):
            text = self._fold(self._answer, payload, at_ns)
            if text and fresh and self._tries < _TRIES:
                form = TokenForm.learn(block, payload, text)
                if form is None or form != self._form:
                    self._tries += 1
                self._form = form or self._form

    def _count(self, form: TokenForm, data: bytes, at_ns: int) -> bytes:
        """Count the tokens that ``data`` begins with; the bytes after them. ``data`` starts with the head."""
        head, close = form.head, form.close
        end = len(data) - len(close)
        if (
            data.find(b'"', len(head)) == end > len(head)
            and data.endswith(close)
            and data[end - 1] != _ESCAPE
        ):
            self._answer.plain_tokens([data[len(head) : end]], at_ns)  # nearly every read of a paced stream
            return b""
        texts = form.split(data[len(head) :])
        last = texts.pop()
        end = last.find(close)
        if end >= 0:
            texts.append(last[:end])
            rest = last[end + len(close) :]
        else:
            rest = head + last  # its event is not whole yet
        joined = b"".join(texts)
        if b"" in texts or len(joined.translate(None, _NEVER_PLAIN)) != len(joined) or b"\\" in joined:
            whole = next((at for at, text in enumerate(texts) if not _plain(text)), len(texts))
            if whole < len(texts):
                texts = texts[:whole]
                rest = data[sum(map(len, texts)) + whole * len(form.joint) :]
        if texts:
            self._answer.plain_tokens(texts, at_ns)
        return rest


def _plain(text: bytes) -> bool:
    """Certainly the whole text of one token: not empty, no quote that could end it before its event."""
    return bool(text) and len(text.translate(None, _NEVER_PLAIN)) == len(text) and text[-1] != _ESCAPE


def _end_of_event(data: bytes) -> int:
    """Where the first event in ``data`` ends, after its blank line; -1 if that has not come."""
    end = -1
    for blank in _BLANK_LINES:  # the likeliest first: the others are then looked for only before it
        at = data.find(blank, 0, end) if end >= 0 else data.find(blank)
        if at >= 0:
            end = at + len(blank)
    return end
