"""What is on its way to the LLM, and the connections that were made for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_CONNECTED = {"connection.connect_tcp.complete", "connection.connect_unix_socket.complete"}


class Upstream:
    """Of one process. ``connects`` is None until a client is watched: of others nobody knows."""

    def __init__(self) -> None:
        self.used = False
        self.inflight = 0
        self.connects: int | None = None

    @contextmanager
    def request(self) -> Iterator[None]:
        """From its begin to the answer's end, also while it waits for a connection."""
        self.inflight += 1
        try:
            yield
        finally:
            self.inflight -= 1

    def hooks(self, *, asynchronous: bool) -> dict[str, list[Any]]:
        """The `event_hooks` of an httpx client whose connections are to be counted: httpcore tells each
        request's `trace` extension when it has made one."""
        self.connects = self.connects or 0
        if asynchronous:
            return {"request": [self._watch_async]}
        return {"request": [self._watch]}

    def _watch(self, request: Any) -> None:
        request.extensions = {**request.extensions, "trace": self._note}

    async def _watch_async(self, request: Any) -> None:
        request.extensions = {**request.extensions, "trace": self._note_async}

    def _note(self, event: str, _: Any) -> None:
        if event in _CONNECTED:
            self.connects = (self.connects or 0) + 1

    async def _note_async(self, event: str, info: Any) -> None:
        self._note(event, info)
