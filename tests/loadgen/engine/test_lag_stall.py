"""A generator that stood still once is late for all that was due meanwhile, not for one sample of many."""

import pytest

from loadgen.engine.lag import LoopLag

MS = 1_000_000


def _samples(stall_ms: int) -> LoopLag:
    lag, at = LoopLag(), 0
    for n in range(300):
        late = stall_ms * MS if n == 150 else 0
        at += 10 * MS + late
        lag.add(at, late, 0)
    return lag


def test_one_stall_of_a_second_is_seen_in_the_p99() -> None:
    found = _samples(1200).p99_ms(0, 10**12)
    # 120 moments of 420 were late, evenly from 0 to 1200 ms: 99 of 100 are late by less than about 1160.
    assert found == pytest.approx(1160, abs=25)


def test_a_loop_on_time_has_no_lag() -> None:
    assert _samples(0).p99_ms(0, 10**12) == 0
