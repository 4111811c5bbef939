"""A generator's lag and CPU in a window; one that stood still once is late for all that was due meanwhile."""

import pytest

from loadgen.engine.lag import LoopLag, percentile

MS, S = 1_000_000, 1_000_000_000


def test_lag_and_cpu_of_a_window() -> None:
    lag = LoopLag()
    for i in range(200):
        lag.add(i * S // 100, (50 if i in (150, 160, 170) else 1) * MS, i * S // 200)
    assert (lag.p99_ms(0, S), lag.p99_ms(S, 2 * S)) == (1.0, 50.0)
    assert lag.cpu_percent(0, S) == pytest.approx(50)
    assert (lag.p99_ms(5 * S, 6 * S), lag.cpu_percent(5 * S, 6 * S)) == (None, None)
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0


@pytest.mark.parametrize(("stall_ms", "p99_ms"), [
    (0, 0), (1200, 1160),  # 120 moments of 420 were late, evenly: 99 of 100 by less than about 1160
])  # fmt: skip
def test_one_stall_of_a_second_is_seen_in_the_p99(stall_ms: int, p99_ms: float) -> None:
    lag, at = LoopLag(), 0
    for n in range(300):
        late = stall_ms * MS if n == 150 else 0
        at += 10 * MS + late
        lag.add(at, late, 0)
    assert lag.p99_ms(0, 10**12) == pytest.approx(p99_ms, abs=25 if p99_ms else 0)
