"""What a machine does to a stage in a window by chance, beside what the dial does to it."""

from __future__ import annotations

import numpy as np
import pytest

from records.evidence.dial import DialWindow, StageRuns
from reports.figures.elasticity import Contrasts, Spans, contrasts, elasticities
from reports.figures.stats import Estimate

SECOND = 10**9


def found(truth: float, *, noise: float, known: bool = True, seed: int = 0) -> Estimate:
    """Of 32 windows in which a stage's own time differs by a tenth, as chance has it."""
    rng = np.random.default_rng(seed)
    dials = np.log1p(rng.choice([0.1, 0.2, 0.4], (32, 1)))
    owns = rng.normal(0, 0.1, (32, 1))
    changes = truth * (dials + owns)[:, 0] + rng.normal(0, noise, 32)
    made = Contrasts(changes=changes, dials=dials, owns=owns if known else np.zeros((32, 1)))
    [one] = elasticities(made, np.random.default_rng(1))
    assert one is not None
    assert one.low is not None
    assert one.high is not None
    return one


def width(one: Estimate) -> float:
    return (one.high or 0.0) - (one.low or 0.0)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_stage_that_took_longer_by_chance_was_slowed_by_so_much_more(seed: int) -> None:
    one, blind = (found(-0.9, noise=0.01, known=known, seed=seed) for known in (True, False))
    assert one.value == pytest.approx(-0.9, abs=0.05)
    assert width(one) < 0.5 * width(blind)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_of_a_stage_that_does_not_matter_its_own_time_adds_no_noise(seed: int) -> None:
    one, blind = (found(0.0, noise=0.02, known=known, seed=seed) for known in (True, False))
    assert abs(one.value) < 0.1
    assert width(one) <= width(blind) * 1.05


def test_what_a_stage_took_is_held_against_the_windows_beside() -> None:
    def window(number: int, stage: str, percent: int, own_ns: int) -> DialWindow:
        runs = {"embed": StageRuns(runs=2, own_ns=2 * own_ns, wanted_ns=percent, made_ns=percent)}
        start = number * SECOND
        return DialWindow(start_ns=start, end_ns=start + SECOND, stage=stage, percent=percent, stages=runs)

    windows = [
        window(0, "", 0, 100),
        window(1, "embed", 10, 120),
        window(2, "", 0, 100),
        window(3, "", 0, 100),
    ]
    ended = np.arange(0.005, 5, 0.01) * SECOND
    spans = Spans(began=ended - SECOND / 100, ended=ended, values=np.full(len(ended), 1.0))
    made = contrasts(windows, ("embed",), spans, (0, 4 * SECOND), 0.0, "pace")
    assert made.owns == pytest.approx(np.log([[1.2]]))
