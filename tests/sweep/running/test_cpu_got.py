"""What who is waited for got of the CPUs: in words, and told once where it is kept from them."""

import os
from typing import Any

import pytest

from sweep.running import cpu_got
from sweep.running.cpu_got import CpuGot, Watched, got_in

STARVED = CpuGot(seconds=40.0, cpu=3.0, queued=35.2)
NO_PID = 2**22 + 1


@pytest.mark.parametrize(("got", "is_starved"), [
    (STARVED, True),
    (CpuGot(seconds=40.0, cpu=20.0, queued=20.0), True),  # one other takes half of it
    (CpuGot(seconds=40.0, cpu=3.0, queued=1.0), False),  # it waits for something else
    (CpuGot(seconds=40.0, cpu=75.0, queued=30.0), False),  # its own threads are in each other's way
    (CpuGot(seconds=40.0, cpu=3.0), False),  # nobody says it
    (CpuGot(seconds=40.0, cpu=0.0, queued=0.0), False),  # it never wanted any
])  # fmt: skip
def test_who_stands_in_line_more_than_it_runs_is_kept_from_running(got: CpuGot, is_starved: bool) -> None:
    assert got.is_starved == is_starved
    assert ("other programs" in str(got)) == is_starved
    assert str(got).startswith(f"it got {got.cpu:.1f} s of CPU in 40 s")


def test_a_process_is_read_with_what_it_started(child: Any) -> None:
    one = child("import time; sum(range(10**6)); print('up', flush=True); time.sleep(600)")
    try:
        assert (alone := CpuGot.of(one.pid, 1.0)) is not None
        assert (both := CpuGot.of(os.getpid(), 1.0)) is not None
        assert both.cpu >= alone.cpu
        assert (old := CpuGot.of(one.pid, 1e6)) is not None
        assert old.seconds < 1e6  # it is not there for so long
    finally:
        one.stop()
    assert CpuGot.of(NO_PID, 1.0) is None
    assert got_in(1.0, NO_PID) == ""
    assert got_in(1.0, os.getpid()).startswith("; it got ")


def test_it_is_said_after_some_seconds_and_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    now, found, notes = [100.0], [STARVED], list[str]()
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    monkeypatch.setattr(CpuGot, "of", lambda pid, seconds: found[0])
    watched = Watched(100.0, notes.append)
    now[0] += cpu_got.SAID_AFTER_SECONDS - 1
    assert (watched.got(7), notes) == ("", [])
    for _ in range(3):
        now[0] += 2 * cpu_got.LOOK_SECONDS
        assert watched.got(7) == f"; {STARVED}"
    assert notes == [
        "not ready after 11 s: it got 3.0 s of CPU in 40 s, and stood in line for one for 35 s: "
        "other programs take it, or a CPU limit keeps it from more"
    ]
    found[0] = None  # type: ignore[call-overload]
    assert watched.got(7)  # by the last look
    assert watched.got(8) == ""  # which was not at this one
    found[0] = STARVED
    assert watched.got(7)
    found[0] = None  # type: ignore[call-overload]
    now[0] += cpu_got.LOOK_SECONDS
    assert watched.got(7) == ""
