"""How long a thread waits for its turn in Python: as long as another one has it."""

import sys
import threading
import time

import pytest

from profiler.inside.collector import turn
from profiler.inside.collector.turn import Turn

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="nothing tells how long it had no CPU")


@pytest.mark.parametrize(("of_library", "waits"), [(False, True), (True, False)])
def test_what_others_compute_in_python_is_waited_for(of_library: bool, waits: bool) -> None:
    """And what they compute outside of it is not."""
    numpy = pytest.importorskip("numpy")
    matrix = numpy.random.default_rng(0).random((1200, 1200))
    ended = threading.Event()

    def computes() -> None:
        while not ended.is_set():
            if of_library:
                matrix @ matrix
            else:
                sum(one * one for one in range(1000))

    threads = [threading.Thread(target=computes) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        waited_ms = sorted(looks(9))
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    assert (waited_ms[4] >= 1.0) == waits


def looks(count: int) -> list[float]:
    own = Turn()
    pause = threading.Event()
    found = []
    for _ in range(count):
        own.pauses()
        due_s = time.monotonic() + 0.05
        pause.wait(0.05)
        own.wakes(due_s)
        assert own.ms is not None
        found.append(own.ms)
    own.close()
    return found


def test_without_the_kernel_s_word_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """To be late by want of a CPU would look alike."""
    monkeypatch.setattr(turn, "_OWN", b"/nowhere")
    own = Turn()
    own.pauses()
    own.wakes(time.monotonic() - 1)
    own.close()
    assert own.ms is None
