"""When something came is what the kernel says, not when the load generator found the time to look."""

import socket
import struct
import sys
import threading
import time
from typing import Any

import gevent
import pytest

from loadgen.client.connection import Timeouts
from loadgen.client.http import Origin
from loadgen.client.stamps import Beside, arrived_ns
from loadgen.client.watched import WatchedConnection
from loadgen.tasks.ask.dialects import dialect
from loadgen.tasks.ask.reading import AnswerExchange, Asker


def beside(age_s: float) -> Beside:
    seconds, nanoseconds = divmod(time.time_ns() - int(age_s * 1e9), 10**9)
    return [(socket.SOL_SOCKET, 35, struct.pack("@qq", seconds, nanoseconds))]


CLOCKS_NS = 1_000_000
"""Two clocks read one after the other may be apart by an interruption, of which the reader allows 20 us."""


def test_the_age_of_what_came_is_taken_off() -> None:
    before_ns = time.monotonic_ns()
    stamp = beside(0.3)
    after_ns = time.monotonic_ns()
    came_ns = arrived_ns(stamp, 0) + 300_000_000
    assert before_ns - CLOCKS_NS <= came_ns <= after_ns + CLOCKS_NS


@pytest.mark.parametrize("found", [[], beside(-60), beside(3600)], ids=["no stamp", "future", "too old"])
def test_a_stamp_that_cannot_be_is_not_believed(found: Beside) -> None:
    before_ns = time.monotonic_ns()
    assert before_ns <= arrived_ns(found, before_ns - 10**9) <= time.monotonic_ns()


def test_an_interruption_between_the_two_clocks_dates_nothing_early(monkeypatch: pytest.MonkeyPatch) -> None:
    before_ns = time.monotonic_ns()
    stamp, real, calls = beside(0.1), time.time_ns, []
    after_ns = time.monotonic_ns()

    def interrupted() -> int:
        calls.append(0)
        if len(calls) < 3:
            time.sleep(0.05)
        return real()

    monkeypatch.setattr("loadgen.client.stamps.time.time_ns", interrupted)
    came_ns = arrived_ns(stamp, 0) + 100_000_000
    assert before_ns - CLOCKS_NS <= came_ns <= after_ns + CLOCKS_NS


LONG_NS = 300_000_000
"""For so long what has come lies there unread."""
TRIES = 10


@pytest.mark.skipif(sys.platform != "linux", reason="Linux stamps, others do not")
def test_a_loop_that_is_blocked_dates_nothing_late(trap: Any) -> None:  # TRAPS 12
    """A token that nothing came after; of several that are read together all have the last one's date."""

    def script(talk: Any) -> None:
        talk.headers()
        blocked.wait(60)
        talk.event({"type": "token", "content": "word "})
        time.sleep(LONG_NS / 1e9)
        sent.set()
        seen.wait(60)
        talk.event({"type": "complete", "final_answer": "word "})
        talk.done()

    def block() -> None:
        gevent.sleep(0.05)
        blocked.set()
        sent.wait(60)  # the real one: no greenlet runs meanwhile

    def look(exchange: AnswerExchange) -> None:
        while exchange.answer.first_token_ns is None:
            gevent.sleep(0.001)
        seen.set()

    server = trap(script)
    late_ms = []
    for _ in range(TRIES):
        blocked, sent, seen = threading.Event(), threading.Event(), threading.Event()
        exchange = AnswerExchange(sent_ns=0)
        helpers = [gevent.spawn(block), gevent.spawn(look, exchange)]
        connection = WatchedConnection(Origin(server.url), Timeouts(total=60))
        Asker(connection, dialect("ask"), {}).ask("why?", exchange)
        gevent.joinall(helpers, 60)
        connection.close()
        assert exchange.outcome == "ok"
        assert exchange.answer.first_token_ns is not None
        late_ms.append(exchange.answer.first_token_ns / 1e6 - server.talks[-1].sent_at[1] * 1e3)
        assert late_ms[-1] >= -CLOCKS_NS / 1e6
        if late_ms[-1] < LONG_NS / 2e6:  # it was read when all of that had passed
            return
    raise AssertionError(f"dated when it was read: {late_ms}")
