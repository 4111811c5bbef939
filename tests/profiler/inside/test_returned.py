"""Threads whose call is over wait for the interpreter, though their frames are in that call."""

import select
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable

import pytest

from profiler.inside.collector.returned import Returned
from profiler.inside.collector.served import _wait
from profiler.inside.collector.threads import Work
from support import wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="no kernel says what a thread waits for")
THREADS = 4


def sleeps() -> None:
    time.sleep(0.002)


def test_who_slept_and_waits_for_its_turn_is_seen(hold: threading.Event) -> None:
    """While another thread computes, all wait most of the time for it to let go; whoever looks waits among
    them, and finds those asleep that had their turn before it."""
    seen = looked_at(sleeps, hold, beside=lambda: sum(one * one for one in range(1000)))
    assert seen["", "turn-wait"] >= seen.total() / 6


def test_who_sleeps_and_who_reads_is_not(hold: threading.Event) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        asleep = looked_at(lambda: time.sleep(0.2), hold, beside=None)
        hold.clear()
        reading = looked_at(lambda: select.select([ours], [], [], 0.2), hold, beside=None)
    assert asleep["", "turn-wait"] <= asleep.total() / 20
    assert reading["", "turn-wait"] <= reading.total() / 20


def test_who_waits_for_a_lock_is_not(hold: threading.Event) -> None:
    """It waits for a futex, too, and nobody can tell for which."""
    seen = looked_at(lambda: hold.wait(1.0), hold, beside=lambda: sum(range(1000)))
    assert not seen["", "turn-wait"]


def test_where_the_kernel_says_nothing_frames_are_believed(
    hold: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Returned, "_waits_for_a_futex", lambda *_: False)
    seen = looked_at(sleeps, hold, beside=lambda: sum(range(1000)))
    assert not seen["", "turn-wait"]


def looked_at(
    does: Callable[[], object], hold: threading.Event, *, beside: Callable[[], object] | None
) -> Counter[tuple[str, str]]:
    """What `Returned` says of threads that do the same again and again, beside one that computes."""

    def again(what: Callable[[], object]) -> None:
        while not hold.is_set():
            what()

    threads = [threading.Thread(target=again, args=(does,)) for _ in range(THREADS)]
    idents = [thread.ident for thread in threads if thread.start() is None]
    others = [threading.Thread(target=again, args=(beside,))] if beside else []
    for thread in others:
        thread.start()
    returned, seen = Returned(), Counter[tuple[str, str]]()
    returned.looks(5.0)

    def look() -> bool:
        frames = sys._current_frames()
        works = (returned.work(ident, frames[ident]) for ident in idents if ident)
        seen.update(
            (work.called, work.doing) for work in works if work and f"{does.__name__} (" in work.where
        )
        return seen.total() >= 50 * THREADS

    try:
        wait_until(look)
    finally:
        hold.set()
        for thread in threads + others:
            thread.join()
    return seen


@pytest.mark.parametrize(("work", "kind"), [
    (Work("x (y.py:1)", ":recv", ""), "socket-read"),
    (Work("x (y.py:1)", "queue:Queue.get", "blocking-wait"), "queue-get"),
    (Work("x (y.py:1)", "threading:Event.wait", "blocking-wait"), "event"),
    (Work("x (y.py:1)", ":sleep", ""), "sleep"),
    (Work("x (y.py:1)", "", "turn-wait"), "running"),
])  # fmt: skip
def test_a_request_of_a_threaded_server_waits_for_what_its_thread_does(work: Work, kind: str) -> None:
    assert _wait(work).kind == kind
