"""Server-sent events from bytes, in whatever pieces they come.

Follows the WHATWG stream format (html.spec.whatwg.org, 9.2.6), with one leniency: a last event that is
not followed by a blank line is given out at the end (`close`), because servers are seen to end so.
Works on bytes: only CR, LF and CRLF end a line, so U+2028 or U+0085 inside an event cannot split it, nor
can a network chunk that ends in the middle of a character.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from loadgen.tasks.ask.error_names import is_error_name

_BARE = (b"error:", b"{", b"[")
"""How a line begins that may say an error in a field's place..."""
_OPENED = {b"{": b"}", b"[": b"]", b"[{": b"]"}
"""The first line of JSON in many lines, and how the last one begins."""
_FIELDS = (b"data", b"event", b"id:", b"retry:", b":")
_ERROR = re.compile(rb'"error"\s*+:\s*+(?!null|false|""|0|\{\s*\})')
"""...and what it holds, where it is JSON."""
_BOM = b"\xef\xbb\xbf"
MOST_BYTES = 16_000_000
"""Of one event: more is no text that anybody reads, and each user of a load holds one."""


class SseParser:
    """Feed it bytes, it returns the data of the events that became complete.

    Time is linear in the bytes fed: an unfinished line is kept in pieces and joined once.
    """

    def __init__(
        self, names: frozenset[bytes] | None = None, is_ours: Callable[[bytes], bool] | None = None
    ) -> None:
        """``names``: those that events may have besides none and an error's; None: any. What is named
        otherwise is for somebody else, and is not given out, unless its data ``is_ours``."""
        self._names = names
        self._is_ours = is_ours
        self._line: list[bytes] = []
        """Pieces of the line that has not ended."""
        self._data: list[bytes] = []
        """The ``data:`` lines of the event that has not ended."""
        self._name = b""
        """Its ``event:`` line."""
        self._held = 0
        """Bytes of both."""
        self.error: bytes | None = None
        """The data of the first event named as an error, which is also given out as all others are; an error
        needs no data."""
        self.bare_error: bytes | None = None
        """What the first line said that is no field of an event, but an error all the same. It is given out
        in its place, too."""
        self._bare: list[bytes] = []
        """Lines of JSON, indented for people, that are no field of an event and have not ended."""
        self._after_cr = False
        self._start: bytes | None = b""
        """The first bytes while they may still be a byte order mark; None once that is settled."""

    @property
    def idle(self) -> bool:
        """Nothing is kept: the next byte begins an event."""
        return not (self._line or self._data or self._start or self._after_cr or self._name or self._bare)

    @property
    def in_a_line(self) -> bool:
        """A line has begun and not ended."""
        return bool(self._line)

    def begun(self) -> None:
        """The stream began with bytes that were not fed: no byte order mark can follow."""
        self._start = None

    def feed(self, data: bytes) -> list[bytes]:
        """The payloads completed by ``data``, several ``data:`` lines joined with a newline."""
        if self._start is not None:
            data = self._start + data
            if len(data) < len(_BOM) and _BOM.startswith(data):
                self._start = data
                return []
            self._start = None
            data = data.removeprefix(_BOM)
        if self._after_cr and data:
            self._after_cr = False
            data = data.removeprefix(b"\n")
        if b"\r" in data:
            # A CR ends its line at once, so that no event waits for the next chunk; its LF is dropped then.
            self._after_cr = data.endswith(b"\r")
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        lines = data.split(b"\n")
        if len(lines) == 1:
            if data:
                self._line.append(data)
                self._held += len(data)
            return self._too_long() if self._held > MOST_BYTES else []
        if self._line:
            self._line.append(lines[0])
            lines[0] = b"".join(self._line)
            self._held -= sum(map(len, self._line[:-1]))  # a line of data is counted as it is taken
            self._line = []
        rest = lines.pop()
        payloads: list[bytes] = []
        for line in lines:
            if self._held > MOST_BYTES:
                payloads += self._too_long()
            elif not line:
                if self._data or (self._name and is_error_name(self._name)):
                    payloads += self._dispatch()
                self._name, self._held, self._bare = b"", 0, []
            elif self._bare or line.startswith(_BARE):
                payloads += self._error_of(line)
            else:
                self._take(line)
        if rest:
            self._line.append(rest)
            self._held += len(rest)
        return payloads

    def close(self) -> list[bytes]:
        """The payload left unfinished by a stream that ended without its last blank line."""
        rest = (self._start or b"") + b"".join(self._line)
        self._line, self._start = [], None
        errors = self._error_of(rest) if self._bare or rest.startswith(_BARE) else []
        if rest:
            self._take(rest)
        return errors + (self._dispatch() if self._data or is_error_name(self._name) else [])

    def _too_long(self) -> list[bytes]:
        """An event that does not end is a fault of the service's, and is not kept."""
        self._line, self._data, self._held = [], [], 0
        said = b"an event of more than %d MB" % (MOST_BYTES // 1_000_000)
        self.error = self.error or said
        return [said]

    def _dispatch(self) -> list[bytes]:
        payload, self._data, self._held = b"\n".join(self._data), [], 0
        name = self._name
        if name and is_error_name(name):
            payload = payload or b"an event named %b, without data" % name[:40]
            if self.error is None:
                self.error = payload
        elif (
            name
            and self._names is not None
            and name not in self._names
            and not (self._is_ours is not None and self._is_ours(payload))
        ):
            return []
        return [payload]

    def _take(self, line: bytes) -> None:
        if line.startswith(b"data:"):
            self._data.append(line[6:] if line[5:6] == b" " else line[5:])
            self._held += len(line)
        elif line == b"data":
            self._data.append(b"")
        elif line.startswith(b"event:"):
            self._name = line[6:].strip()

    def _error_of(self, line: bytes) -> list[bytes]:
        """What a line says that may be a server's error, which had begun a stream, in a field's place; of
        JSON in many lines the one at the margin that closes it does."""
        if self._bare and line.startswith(_FIELDS):
            self._bare = []
            self._take(line)
            return []
        if self._bare or line.rstrip() in _OPENED:
            self._bare.append(line)
            self._held += len(line)
            if not line.startswith(_OPENED[self._bare[0].rstrip()]):
                return []
            line, self._bare = b"\n".join(self._bare), []
        said = line[6:].strip() if line.startswith(b"error:") else line if _ERROR.search(line) else b""
        if not said or self.bare_error is not None:
            return []
        self.bare_error = said
        return [said]
