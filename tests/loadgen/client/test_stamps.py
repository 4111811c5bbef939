"""When something came is what the kernel says, not when the load generator found the time to look."""

from __future__ import annotations

import contextlib
import socket
import struct
import sys
import time
from typing import Any

import gevent
import pytest

from loadgen.client.connection import Timeouts
from loadgen.client.dialects import dialect
from loadgen.client.exchange import Asker, Exchange
from loadgen.client.http import Origin
from loadgen.client.stamps import STAMP_BYTES, Beside, arrived_ns, stamped
from loadgen.client.watched import WatchedConnection


def beside(age_s: float) -> Beside:
    seconds, nanoseconds = divmod(time.time_ns() - int(age_s * 1e9), 10**9)
    return [(socket.SOL_SOCKET, 35, struct.pack("@qq", seconds, nanoseconds))]


def test_the_age_of_what_came_is_taken_off() -> None:
    at_ns = arrived_ns(beside(0.3), 0)
    assert (time.monotonic_ns() - at_ns) / 1e9 == pytest.approx(0.3, abs=0.02)


@pytest.mark.parametrize("found", [[], beside(-60), beside(3600)], ids=["no stamp", "future", "too old"])
def test_a_stamp_that_cannot_be_is_not_believed(found: Beside) -> None:
    before_ns = time.monotonic_ns()
    assert before_ns <= arrived_ns(found, before_ns - 10**9) <= time.monotonic_ns()


def test_an_interruption_between_the_two_clocks_dates_nothing_early(monkeypatch: pytest.MonkeyPatch) -> None:
    stamp, real, calls = beside(0.1), time.time_ns, []

    def interrupted() -> int:
        calls.append(0)
        if len(calls) < 3:
            time.sleep(0.05)
        return real()

    monkeypatch.setattr("loadgen.client.stamps.time.time_ns", interrupted)
    came_ns = time.monotonic_ns() - 100_000_000
    assert arrived_ns(stamp, 0) == pytest.approx(came_ns, abs=20_000_000)


@pytest.mark.skipif(sys.platform != "linux", reason="Linux stamps, others do not")
def test_the_kernel_stamps_what_comes() -> None:
    with contextlib.ExitStack() as end:
        listener = end.enter_context(socket.create_server(("127.0.0.1", 0)))
        reader = end.enter_context(socket.create_connection(listener.getsockname(), 5))
        writer = end.enter_context(listener.accept()[0])
        stamped(reader)
        time.sleep(0.3)  # the kernel switches stamps on a little later
        before_ns = time.monotonic_ns()
        writer.sendall(b"x")
        after_ns = time.monotonic_ns()
        time.sleep(0.2)
        data, found, _, _ = reader.recvmsg(10, STAMP_BYTES)
        at_ns = arrived_ns(found, before_ns)
    assert (data, len(found)) == (b"x", 1)
    assert before_ns - 5_000_000 <= at_ns <= after_ns + 100_000_000


@pytest.mark.skipif(sys.platform != "linux", reason="Linux stamps, others do not")
def test_a_loop_that_is_blocked_dates_nothing_late(trap: Any) -> None:  # TRAPS 12
    def script(talk: Any) -> None:
        talk.headers()
        time.sleep(0.15)
        talk.event({"type": "token", "content": "word "})
        time.sleep(0.5)
        talk.event({"type": "complete", "final_answer": "word "})
        talk.done()

    def block() -> None:
        gevent.sleep(0.05)
        ends = time.monotonic() + 0.45
        while time.monotonic() < ends:
            time.sleep(0.01)  # the real one: no greenlet runs meanwhile

    server = trap(script)
    exchange = Exchange(sent_ns=0)
    blocker = gevent.spawn(block)
    Asker(WatchedConnection(Origin(server.url), Timeouts(total=5)), dialect("ask"), {}).ask("why?", exchange)
    blocker.join(5)
    first_ns = exchange.answer.first_token_ns
    assert exchange.outcome == "ok"
    assert first_ns is not None
    late_ms = first_ns / 1e6 - server.talks[0].sent_at[1] * 1e3
    assert -5 <= late_ms < 100  # read some 300 ms after it came
