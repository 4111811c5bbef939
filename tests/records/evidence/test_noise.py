"""What the machine did meanwhile, from counters as Linux writes them, and as it does not."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.evidence import noise
from records.evidence.noise import Counters, Noise

_BEFORE = Counters(
    at_ns=10**9, total_ticks=1000, steal_ticks=10, pressure_us=500, delay_ns={7: 1_000_000, 8: 0}
)


def _proc(folder: Path, *, steal: int = 16, delay_ns: int = 5_000_000, ran_ns: int = 9) -> Path:
    """A /proc of one process (41) with two threads."""
    (folder / "stat").write_text(f"cpu  10 0 20 50 1 2 1 {steal} 7 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n")
    (folder / "pressure").mkdir()
    (folder / "pressure" / "cpu").write_text(
        "some avg10=0.23 avg60=0.43 avg300=0.16 total=3152135\nfull avg10=0.00 total=7\n"
    )
    for thread in (41, 42):
        (folder / "41" / "task" / str(thread)).mkdir(parents=True)
        (folder / "41" / "task" / str(thread) / "schedstat").write_text(f"{ran_ns} {delay_ns} 2\n")
    return folder


def test_the_kernel_s_counters_are_read_as_it_writes_them(tmp_path: Path) -> None:
    read = noise.read([41], _proc(tmp_path))
    assert (read.total_ticks, read.steal_ticks) == (100, 16)
    assert read.pressure_us == 3_152_135
    assert read.delay_ns == {41: 5_000_000, 42: 5_000_000}


def test_nothing_is_known_where_there_is_no_proc_and_of_processes_that_are_gone(tmp_path: Path) -> None:
    nowhere = noise.read([41], tmp_path / "none")
    assert replace(nowhere, at_ns=0) == Counters(at_ns=0)
    assert noise.read([999_999_999], _proc(tmp_path)).delay_ns == {}
    assert noise.of_generator(nowhere, replace(nowhere, at_ns=nowhere.at_ns + 10**9)) == Noise()


@pytest.mark.parametrize("text", ["", "cpu\n", "cpu 1 2 3\n", "cpu a b c d e f g h\n"])
def test_a_proc_of_another_form_is_unknown_and_no_crash(tmp_path: Path, text: str) -> None:
    proc = _proc(tmp_path)
    (proc / "stat").write_text(text)
    (proc / "pressure" / "cpu").write_text(text)
    (proc / "41" / "task" / "41" / "schedstat").write_text(text)
    read = noise.read([41], proc)
    assert (read.total_ticks, read.steal_ticks, read.pressure_us) == (None, None, None)
    assert read.delay_ns == {42: 5_000_000}


def test_a_kernel_that_does_not_count_the_delay_is_not_taken_for_a_quiet_one(tmp_path: Path) -> None:
    assert noise.read([41], _proc(tmp_path, delay_ns=0, ran_ns=0)).delay_ns == {}
    assert noise.read([os.getpid()]).delay_ns or not Path("/proc/self/schedstat").exists()


def test_a_difference_is_in_per_cent_of_its_time() -> None:
    after = Counters(
        at_ns=2 * 10**9, total_ticks=1200, steal_ticks=42, pressure_us=500 + 250_000,
        delay_ns={7: 21_000_000, 8: 10_000_000},
    )  # fmt: skip
    assert noise.of_generator(_BEFORE, after) == Noise(
        steal_percent=16.0, pressure_percent=25.0, generator_delay_percent=2.0
    )  # of several load processes, that of the one that waited the longest: no sum, which could pass 100
    assert noise.delay_percent(_BEFORE, after) == 3.0


def test_threads_that_come_and_go_count_for_what_is_known_of_them() -> None:
    born = replace(_BEFORE, at_ns=2 * 10**9, delay_ns={7: 1_000_000, 9: 50_000_000})
    assert noise.delay_percent(_BEFORE, born) == 5.0
    same_number = replace(_BEFORE, at_ns=2 * 10**9, delay_ns={7: 500_000})
    assert noise.delay_percent(_BEFORE, same_number) == 0.05
    assert noise.delay_percent(_BEFORE, replace(_BEFORE, at_ns=2 * 10**9, delay_ns={})) is None
    assert noise.of_generator(_BEFORE, _BEFORE) == Noise()  # no time at all


@given(
    st.dictionaries(st.integers(1, 5), st.integers(0, 10**12)),
    st.dictionaries(st.integers(1, 5), st.integers(0, 10**12)),
    st.integers(1, 10**12),
)
def test_a_delay_is_never_negative(before: dict[int, int], after: dict[int, int], wall_ns: int) -> None:
    found = noise.delay_percent(Counters(at_ns=0, delay_ns=before), Counters(at_ns=wall_ns, delay_ns=after))
    assert found is None if not after else found is not None and found >= 0


@given(st.builds(Noise, **{name: st.none() | st.floats(0, 400) for name in Noise.__dataclass_fields__}))
def test_noise_survives_cell_json(found: Noise) -> None:
    assert Noise.from_json(found.to_json()) == found


@pytest.mark.parametrize("raw", [None, [], "much", {}, {"steal_percent": "16"}, {"steal_percent": True}])
def test_noise_that_is_none_is_unknown(raw: object) -> None:
    assert Noise.from_json(raw) == Noise()
