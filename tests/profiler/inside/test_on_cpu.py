"""How long a thread was on a CPU: by files that stay open, and no longer than the thread."""

import os
import sys
import threading

import pytest

from profiler.inside.collector.on_cpu import OnCpu

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's files are Linux's")


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_a_thread_is_read_by_one_file_that_is_closed_at_the_end() -> None:
    before, on_cpu, own = open_files(), OnCpu(), threading.get_ident()
    first = on_cpu.look(own)["cpu_ns"]
    sum(range(1_000_000))
    assert on_cpu.look(own)["cpu_ns"] > first > 0
    assert open_files() == before + 1
    on_cpu.close()
    assert open_files() == before


def test_an_ident_that_another_thread_has_by_now_is_read_anew() -> None:
    on_cpu, own = OnCpu(), threading.get_ident()
    thread = threading.Thread(target=lambda: on_cpu.look(threading.get_ident()))
    thread.start()
    thread.join()
    [ended] = on_cpu._files.values()
    on_cpu._files = {own: ended}
    assert on_cpu.look(own)["cpu_ns"] > 0
    on_cpu.close()


def test_of_a_thread_that_nobody_knows_nothing_is_said() -> None:
    before, on_cpu = open_files(), OnCpu()
    assert on_cpu.look(-5) == on_cpu.look(-5) == {}
    on_cpu.close()
    assert open_files() == before
