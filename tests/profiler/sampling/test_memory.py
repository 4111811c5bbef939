"""Proportional sets, from files of the test's own."""

from pathlib import Path

import pytest

from profiler.sampling.memory import EACH_S, SharedMemory


@pytest.fixture
def shared(tmp_path: Path) -> SharedMemory:
    return SharedMemory(tmp_path)


def rollup(proc: Path, text: str) -> None:
    file = proc / "7" / "smaps_rollup"
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"55d0-7ffc ---p 00000000 00:00 0 [rollup]\nRss: 900 kB\n{text}\nPss_Dirty: 3 kB\n")


def test_a_proportional_set_is_read_seldom(shared: SharedMemory, tmp_path: Path) -> None:
    rollup(tmp_path, "Pss: 100 kB")
    shared.refresh({7, 8}, 0.0)
    assert (shared.bytes_of(7, 10**6), shared.bytes_of(8, 10**6)) == (102_400, None)
    rollup(tmp_path, "Pss: 200 kB")
    for pids, at_s, expected in (({7}, EACH_S / 2, 102_400), ({7}, 3600.0, 204_800), (set(), 7200.0, None)):
        shared.refresh(pids, at_s)
        assert shared.bytes_of(7, 10**6) == expected


def test_what_a_process_takes_between_two_readings_is_its_own(shared: SharedMemory, tmp_path: Path) -> None:
    rollup(tmp_path, "Pss: 100 kB")
    shared.refresh({7}, 0.0)
    assert shared.bytes_of(7, 10**6) == 102_400
    shared.refresh({7}, EACH_S / 2)
    assert shared.bytes_of(7, 10**9) == 102_400 + 10**9 - 10**6
    assert shared.bytes_of(7, 0) == 0


@pytest.mark.parametrize("text", ["", "Pss:", "Pss: many kB", "Rss: 5 kB"])
def test_an_odd_rollup_is_none(text: str, shared: SharedMemory, tmp_path: Path) -> None:
    rollup(tmp_path, text)
    shared.refresh({7}, 0.0)
    assert shared.bytes_of(7, 10**6) is None
