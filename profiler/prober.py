"""One kind of probe: a new connection every so often, one at a time, each with its dates.

A probe that hangs is one; those that were due meanwhile are counted on it, not sent afterwards in a bunch.
"""

from __future__ import annotations

import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from reach.address import Address
from reach.failure import ReachFailure
from reach.get import secured, sent_headers
from reach.tcp import left, open_socket
from records.evidence.probe import ACCEPT, Outcome, Probe

TIMEOUT_S = 5.0
IDLE_INTERVAL_S = 0.05
"""Before the load begins they are twice as many a second, for it waits for them."""
PATH_SHARE = 0.001
"""Of a core of the service's, that answering probes of a path may take. What one takes is at most what it
lasted from connecting to its first byte: the quickest so far, for under load it waits for others, too."""
PATH_SELDOM_S = 0.4
"""However long that is, probes of a path are no further apart for its sake: 20 in a cell of 8 seconds."""
DRAIN_S = 0.5
"""So long the rest of an answer is read, that the service sees no connection broken off,"""
DRAIN_BYTES = 65536
"""and so much of it."""
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})\b")
_STATUS_BYTES = len(b"HTTP/1.1 200 ")
SHED = 429
"""Too many requests: of all answers below 500 the one that is a failure."""


@dataclass(kw_only=True)
class _Attempt:
    """What is known of a probe by now; monotonic nanoseconds."""

    due_ns: int
    sent_ns: int
    skipped: int
    interval_s: float
    idle: bool
    connected_ns: int | None = None
    first_byte_ns: int | None = None
    status: int | None = None


@dataclass(kw_only=True)
class Prober:
    """A thread that probes until it is stopped, and hands on each `Probe` once it is over."""

    kind: str
    address: Address
    headers: Mapping[str, str] = field(repr=False)
    interval_s: float
    offset_s: float
    """After the start, so that kinds are not all due at once."""
    keep: Callable[[Probe], None]
    clock_ns: int
    """Unix less monotonic nanoseconds."""
    idle: threading.Event
    """Set until the load may begin."""
    timeout_s: float = TIMEOUT_S
    taken: int = 0
    _quickest_s: float = 0.0
    """From connecting to an answer's first byte; 0: there was none yet, or it is not asked for any."""
    _stop: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _running: _Attempt | None = None

    def start(self) -> None:
        threading.Thread(target=self._run, name=f"probe {self.kind}", daemon=True).start()

    def finish(self) -> None:
        """Begin no more; one that is waiting is kept as unfinished."""
        self._stop.set()
        with self._lock:
            if self._running is not None:
                self._end(self._running, "unfinished")

    def _run(self) -> None:
        due_ns, skipped = time.monotonic_ns() + round(self.offset_s * 1e9), 0
        while not self._stop.wait(max(0.0, (due_ns - time.monotonic_ns()) / 1e9)):
            idle = self.idle.is_set()
            interval_s = IDLE_INTERVAL_S if idle else paced_s(self.interval_s, self._quickest_s)
            step_ns, now_ns = round(interval_s * 1e9), time.monotonic_ns()
            stood_still = (now_ns - due_ns) // step_ns  # nothing else can have kept this one
            due_ns, skipped = due_ns + stood_still * step_ns, stood_still
            attempt = _Attempt(
                due_ns=due_ns, sent_ns=now_ns, skipped=skipped, interval_s=interval_s, idle=idle
            )
            with self._lock:
                self._running = attempt
            self._probe(attempt)
            self.taken += 1
            due_ns += step_ns * ((time.monotonic_ns() - due_ns) // step_ns + 1)

    def _probe(self, attempt: _Attempt) -> None:
        until_s = attempt.sent_ns / 1e9 + self.timeout_s
        sock: socket.socket | None = None
        try:
            sock = open_socket(self.address, until_s)
            attempt.connected_ns = time.monotonic_ns()
            if self.kind == ACCEPT:
                self._over(attempt, "ok")
            else:
                sock = secured(sock, self.address, until_s)
                self._send_request(sock, attempt, until_s)
            self._pin(sock)
        except OSError as error:
            self._over(attempt, _outcome(error, until_s))
        finally:
            if sock is not None:
                sock.close()

    def _send_request(self, sock: socket.socket, attempt: _Attempt, until_s: float) -> None:
        """Ask for the path. Raises OSError."""
        lines = [f"GET {self.address.target(self.kind)} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in sent_headers(self.address, self.headers).items()]
        sock.settimeout(left(until_s))
        with suppress(BrokenPipeError):  # what it said before it closed is still to be read
            sock.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
        answer = sock.recv(DRAIN_BYTES)
        if not answer:
            raise ConnectionResetError
        attempt.first_byte_ns = time.monotonic_ns()
        took_s = (attempt.first_byte_ns - (attempt.connected_ns or attempt.sent_ns)) / 1e9
        self._quickest_s = min(took_s, self._quickest_s or took_s)
        drained_s = min(until_s, time.monotonic() + DRAIN_S)
        while len(answer) < _STATUS_BYTES and (more := _more(sock, drained_s)):
            answer += more
        found = _STATUS.match(answer)
        attempt.status = int(found[1]) if found else None
        self._over(attempt, _outcome_of(attempt.status))
        size = len(answer)
        while size < DRAIN_BYTES and (more := _more(sock, drained_s)):
            size += len(more)

    def _pin(self, sock: socket.socket) -> None:
        """From now on go where this one went: looking up a name is no part of what is measured."""
        if self.address.proxy is None:
            self.address = self.address.at(sock.getpeername()[0])

    def _over(self, attempt: _Attempt, outcome: Outcome) -> None:
        with self._lock:
            if self._running is attempt:  # else it is kept already
                self._end(attempt, outcome)

    def _end(self, attempt: _Attempt, outcome: Outcome) -> None:
        self._running = None
        reached = attempt.connected_ns if self.kind == ACCEPT else attempt.first_byte_ns
        ended_ns = time.monotonic_ns() if reached is None else reached
        step_ns = round(attempt.interval_s * 1e9)
        self.keep(
            Probe(
                kind=self.kind,
                due_at_ns=self.clock_ns + attempt.due_ns,
                sent_at_ns=self.clock_ns + attempt.sent_ns,
                ended_at_ns=self.clock_ns + ended_ns,
                connect_ms=_ms(attempt.sent_ns, attempt.connected_ns),
                first_byte_ms=_ms(attempt.sent_ns, attempt.first_byte_ns),
                outcome=outcome,
                status=attempt.status,
                missed=max(0, (ended_ns - attempt.due_ns - 1) // step_ns),
                skipped=attempt.skipped,
                interval_ms=attempt.interval_s * 1e3,
                idle=attempt.idle,
            )
        )


def paced_s(interval_s: float, quickest_s: float) -> float:
    """How far apart to probe, of what takes a service so long at most."""
    return max(interval_s, min(quickest_s / PATH_SHARE, PATH_SELDOM_S))


def _more(sock: socket.socket, until_s: float) -> bytes:
    """What comes next; nothing at its end, or where that does not come in time."""
    try:
        sock.settimeout(left(until_s))
        return sock.recv(DRAIN_BYTES)
    except OSError:
        return b""


def _outcome_of(status: int | None) -> Outcome:
    if status is None:
        return "error"
    return "status" if status >= 500 or status == SHED else "ok"


def _outcome(error: OSError, until_s: float) -> Outcome:
    if isinstance(error, TimeoutError) or time.monotonic() >= until_s:
        return "timeout"
    cause = error.__cause__ if isinstance(error, ReachFailure) else error
    if isinstance(cause, ConnectionRefusedError):
        return "refused"
    return "reset" if isinstance(cause, ConnectionError | ssl.SSLEOFError) else "error"


def _ms(start_ns: int, end_ns: int | None) -> float | None:
    return None if end_ns is None else round((end_ns - start_ns) / 1e6, 3)
