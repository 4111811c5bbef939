"""The series of healthy runs: what is an accusation, and what so many runs show."""

from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


def test_none_of_149_runs_shows_under_two_percent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import healthy

    assert 1.99 < 100 * healthy.upper(0, 149) < 2.0
    assert 100 * healthy.upper(1, 149) > 3.0
    run = healthy.Run(name="one", codes=("scales-to-measured-limit", "unknown"), valid_loads=2, loads=2)
    assert run.counts
    assert run.accused == ("unknown",)
    neighbour = healthy.Run(name="two", codes=("noisy-neighbour", "latency-only"), valid_loads=1, loads=2)
    assert not neighbour.counts
    assert neighbour.accused == ()
