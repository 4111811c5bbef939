"""A loop knows when it stood still, and when it last looked at its sockets; in a process of its own."""

import subprocess
import sys

import pytest

from loadgen.client.turns import LIMIT, STALL_NS, TICK_NS, Turns

MS = 1_000_000
LOOP = """
import gevent, time
from loadgen.client.turns import Turns
turns = Turns()
turns.start(gevent.get_hub().loop)
gevent.sleep(0.05)
began_ns = time.monotonic_ns()
{what}
ended_ns = time.monotonic_ns()
print(turns.stood_still_ns(began_ns, ended_ns) / 1e6, (ended_ns - began_ns) / 1e6)
"""


def in_a_loop(what: str) -> list[float]:
    """What that prints; then in ms for how long it says it stood still, and how long it all took."""
    done = subprocess.run(
        [sys.executable, "-c", LOOP.format(what=what)], capture_output=True, text=True, timeout=60, check=True
    )
    return [float(word) for word in done.stdout.split()]


def test_a_process_that_did_not_run_stood_still() -> None:
    still, took = in_a_loop("time.sleep(0.2)")
    assert 195 <= still <= took


def test_time_at_work_is_no_stall() -> None:
    work = "limit = time.thread_time_ns() + 100_000_000\nwhile time.thread_time_ns() < limit: pass"
    # It ticks before and after: what it waits between two ticks can have been at any time there.
    still, took = in_a_loop(f"gevent.sleep(0.005)\n{work}\ngevent.sleep(0.005)")
    assert still <= took - 95  # it may have had to wait for its CPU, but not while it worked


def test_what_a_loop_reads_came_after_it_last_looked() -> None:
    """However long it waits for nothing, it has looked two ticks ago at the most, but for its stalls."""
    look = "for _ in range(20): gevent.sleep(0.03); print((time.monotonic_ns() - turns.looked()) / 1e6)"
    *ages, _, _ = in_a_loop(look)
    assert min(ages) < 2 * TICK_NS / 1e6 + 0.5
    assert all(age > 0 for age in ages)


def test_before_it_follows_a_loop_nothing_is_in_doubt() -> None:
    turns = Turns()
    assert turns.looked_ns > 2**61
    assert turns.stood_still_ns(0, 2**61) == 0
    turns.stop()  # nothing to stop


def test_stalls_count_as_far_as_they_lie_in_the_time_asked_for() -> None:
    turns = Turns()
    turns.add(100 * MS, 150 * MS, 40 * MS)
    turns.add(300 * MS, 310 * MS, 10 * MS)
    assert turns.stood_still_ns(0, 1000 * MS) == 50 * MS
    assert turns.stood_still_ns(120 * MS, 200 * MS) == 30 * MS  # it may have been at any time of it
    assert turns.stood_still_ns(150 * MS, 300 * MS) == 0
    assert turns.stood_still_ns(305 * MS, 306 * MS) == 1 * MS


@pytest.mark.parametrize(("lost_ns", "kept"), [(STALL_NS - TICK_NS - 1, 0), (STALL_NS, STALL_NS)])
def test_what_is_shorter_than_matters_is_forgotten(lost_ns: int, kept: int) -> None:
    turns = Turns()
    turns.add(0, 3 * STALL_NS, lost_ns)
    assert turns.stood_still_ns(0, 3 * STALL_NS) == kept


def test_a_long_run_forgets_its_oldest_stalls() -> None:
    turns = Turns()
    for n in range(LIMIT + 1):
        turns.add(n * 10 * MS, n * 10 * MS + 5 * MS, 5 * MS)
    assert turns.stood_still_ns(0, LIMIT // 2 * 10 * MS) == 0
    assert turns.stood_still_ns(LIMIT * 10 * MS, (LIMIT + 1) * 10 * MS) == 5 * MS
