"""Ticks are due at absolute times; missed ones are counted, never bunched."""

from hypothesis import given
from hypothesis import strategies as st

from profiler.schedule import Schedule


def schedule(duration_s: float = 0.0, interval_s: float = 0.5) -> Schedule:
    return Schedule(start_s=100.0, interval_s=interval_s, duration_s=duration_s)


def test_a_duration_holds_its_whole_number_of_ticks() -> None:
    assert not schedule(3.0).over(6)
    assert schedule(3.0).over(7)
    assert not schedule(0.3, 0.1).over(3)  # 0.1 * 3 is a little more than 0.3
    assert not schedule(0).over(1_000_000)


def test_a_sample_in_time_misses_nothing() -> None:
    assert schedule().after(1, 100.503) == (2, 0)


def test_a_late_sample_misses_the_ticks_gone_by() -> None:
    assert schedule().after(1, 101.7) == (4, 2)


@given(st.integers(1, 1000), st.floats(0, 500), st.floats(0.01, 10))
def test_the_next_tick_is_ahead_and_every_one_between_is_counted(
    tick: int, late_s: float, interval_s: float
) -> None:
    times = schedule(interval_s=interval_s)
    now_s = times.due_s(tick) + late_s
    following, missed = times.after(tick, now_s)
    assert following == tick + 1 + missed
    assert missed >= 0
    assert times.due_s(following) >= now_s - 1e-5
    assert times.due_s(following) - now_s <= interval_s + 1e-5
