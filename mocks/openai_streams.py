"""Answers on their way: each token written when its plan says so, and a record of what truly happened."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from itertools import pairwise
from typing import Literal

from mocks import openai_wire as wire
from mocks.http_connection import connection_header, json_answer, now_ns
from mocks.latency import LatencyModel
from mocks.serving import Record

Outcome = Literal["ok", "cancelled", "rejected"]


class Service:
    """What all connections share: the latency model, the limit of concurrent answers, the record."""

    def __init__(
        self,
        *,
        model: LatencyModel,
        tokens: int,
        max_concurrent: int = 0,
        slower_per_answer: float = 0.0,
        record: Record | None = None,
    ) -> None:
        self.model = model
        self.tokens = tokens
        self.max_concurrent = max_concurrent
        self.slower_per_answer = slower_per_answer
        self.running = 0
        self.waiting: deque[Answer] = deque()
        self._record = record
        self._numbers = 0

    def next_number(self) -> int:
        self._numbers += 1
        return self._numbers

    def admit(self, answer: Answer) -> None:
        """Start it now, or when a place is free: first come, first served, as vLLM's scheduler."""
        if self.max_concurrent and self.running >= self.max_concurrent:
            self.waiting.append(answer)
            return
        self.running += 1
        answer.start()

    @property
    def slowness(self) -> float:
        """How many times as long as alone an answer takes that starts now, and is counted as running."""
        return 1 + self.slower_per_answer * (self.running - 1)

    def leave(self, answer: Answer, *, started: bool) -> None:
        if not started:
            self.waiting.remove(answer)
            return
        self.running -= 1
        if self.waiting:
            self.running += 1
            self.waiting.popleft().start()

    def reject(self, received_ns: int) -> None:
        """Record a chat request that could not be understood."""
        self.write_record(
            {
                "request": self.next_number(),
                "received_at_ns": received_ns,
                "first_token_at_ns": None,
                "ended_at_ns": now_ns(),
                "queued_ms": 0.0,
                "ttft_ms": None,
                "planned_ttft_ms": None,
                "gaps_ms": [],
                "tokens": 0,
                "stream": None,
                "outcome": "rejected",
            }
        )

    def write_record(self, record: dict[str, object]) -> None:
        if self._record is not None:
            self._record.write(record)


class Answer:
    """One answer, from admission to its end. ``write`` takes bytes, ``done`` is called once when whole."""

    def __init__(
        self,
        service: Service,
        request: wire.ChatRequest,
        received_ns: int,
        *,
        keep_alive: bool,
        write: Callable[[bytes], object],
        done: Callable[[], object],
    ) -> None:
        self._service = service
        self._request = request
        self._received_ns = received_ns
        self._keep_alive = keep_alive
        self._write = write
        self._done = done
        self._number = service.next_number()
        self._id = f"chatcmpl-mock-{self._number:08d}"
        random = service.model.random(self._number)
        tokens = min(service.tokens, request.max_tokens or service.tokens)
        self._reason = "length" if tokens < service.tokens else "stop"
        self._plan = service.model.plan(random, tokens)
        self._words = wire.answer_words(random, tokens)
        self._due: list[float] = []
        self._started_ns: int | None = None
        self._written_ns: list[int] = []
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        self._started_ns = now_ns()
        self._due = self._plan.due_s(time.monotonic(), self._service.slowness)
        if self._request.stream:
            self._frames = wire.Frames(
                answer_id=self._id,
                created=self._created(),
                model=self._request.model,
                include_usage=self._request.include_usage,
            )
            self._wait(self._due[0], self._next_token)
        else:
            self._wait(self._due[-1], self._whole)

    def cancel(self) -> None:
        """The client went away: nothing more is written, the place is free at once."""
        if self._timer is not None:
            self._timer.cancel()
        self._end("cancelled")

    def _wait(self, due_s: float, then: Callable[[], None]) -> None:
        # Not call_at: uvloop's own clock counts whole milliseconds.
        self._timer = asyncio.get_running_loop().call_later(max(0.0, due_s - time.monotonic()), then)

    def _next_token(self) -> None:
        place = len(self._written_ns)
        data = self._frames.token(self._words[place])
        head = b""
        if place == 0:
            head = wire.SSE_HEAD + connection_header(self._keep_alive)
            head += wire.http_chunk(self._frames.role())
        last = place + 1 == len(self._words)
        tail = self._tail() if last else b""
        self._write(head + wire.http_chunk(data) + tail)
        self._written_ns.append(now_ns())
        if last:
            self._end("ok")
            self._done()
        else:
            self._wait(self._due[place + 1], self._next_token)

    def _tail(self) -> bytes:
        data = self._frames.finish(self._reason)
        if self._request.include_usage:
            data += self._frames.usage(self._request.prompt_tokens, len(self._words))
        return wire.http_chunk(data + wire.DONE) + wire.LAST_CHUNK

    def _whole(self) -> None:
        body = wire.completion(
            answer_id=self._id,
            created=self._created(),
            request=self._request,
            words=self._words,
            reason=self._reason,
        )
        self._write(json_answer(200, body, keep_alive=self._keep_alive))
        self._written_ns.append(now_ns())
        self._end("ok")
        self._done()

    def _created(self) -> int:
        return self._received_ns // 1_000_000_000

    def _end(self, outcome: Outcome) -> None:
        ended_ns = now_ns()
        written = self._written_ns
        first_ns = written[0] if written else None
        admitted_ns = self._started_ns or ended_ns
        whole = outcome == "ok" and not self._request.stream
        self._service.write_record(
            {
                "request": self._number,
                "received_at_ns": self._received_ns,
                "first_token_at_ns": first_ns,
                "ended_at_ns": ended_ns,
                "queued_ms": (admitted_ns - self._received_ns) / 1e6,
                "ttft_ms": None if first_ns is None else (first_ns - self._received_ns) / 1e6,
                "planned_ttft_ms": round(self._plan.ttft_s * 1e3, 3),
                "gaps_ms": [(b - a) / 1e6 for a, b in pairwise(written)],
                "tokens": len(self._words) if whole else len(written),
                "stream": self._request.stream,
                "outcome": outcome,
            }
        )
        self._service.leave(self, started=self._started_ns is not None)
