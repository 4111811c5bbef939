"""What repeats differ by, from all levels: it is found where it is, and intervals hold what they claim to."""

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from reports.figures import stats
from reports.figures.ratios import Ratios
from reports.figures.repeats import (
    Between,
    LoggedCell,
    between,
    median_figure,
    of_both,
    of_levels,
    of_ratio,
    throughput_figure,
)
from reports.figures.stats import Estimate, Sample
from reports.tables.comparisons import comparison_tables
from workloads.stream import STREAM

RPS, TTFT = throughput_figure(STREAM), median_figure(STREAM)


def cell(rng: np.random.Generator, key: object, answers: int, ttft: float, within: float) -> Sample:
    """So many answers around ``ttft``, of a relative spread ``within``, at random times."""
    values = ttft * np.exp(rng.normal(0, within, answers))
    bins = np.sort(rng.integers(0, stats.BINS, answers))
    amounts = np.ones(len(bins))
    return Sample(key=key, seconds=5.0, ended_bins=bins, amounts=amounts, values=values, value_bins=bins)


def steady(key: object, rate: float) -> Sample:
    """As many answers in each of its time bins, and none but for the rate: it has no noise within."""
    bins, none = np.arange(round(1000 * rate)) % stats.BINS, np.empty(0, dtype=int)
    amounts = np.ones(len(bins))
    return Sample(key=key, seconds=5.0, ended_bins=bins, amounts=amounts, values=none, value_bins=none)


def level(deployment: str, load: int, samples: list[Sample]) -> Any:
    own = {"name": f"{deployment}/{load}", "valid": True, "samples": samples, "workload": STREAM}
    return SimpleNamespace(deployment=deployment, config="c", **own)


def equals(rng: np.random.Generator, *, start: float = 0.0, cells: float = 0.0, drift: float = 0.0) -> Any:
    """Two deployments that are the same, at two loads, twice. ``start``, ``cells``, ``drift``: by how much a
    start of a service, a cell, and the machine from repeat to repeat differ."""
    machine = rng.normal(0, drift, 2)
    made = []
    for deployment in "ab":
        began = machine + rng.normal(0, start, 2)
        for load in (5, 20):
            samples = [steady(i, math.exp(began[i] + rng.normal(0, cells))) for i in range(2)]
            made.append(level(deployment, load, samples))
    return made


@pytest.mark.parametrize(("noise", "wanted"), [
    ({"cells": 0.025}, 0.92), ({"start": 0.015, "cells": 0.015, "drift": 0.04}, 0.90),
    ({"start": 0.025}, 0.80),  # four starts tell no more of themselves
])  # fmt: skip
def test_intervals_of_two_repeats_of_equals_hold_1(noise: dict[str, float], wanted: float) -> None:
    """And half of them reach no further than 10 % from it."""
    rng = np.random.default_rng(5)
    held, widths = [], []
    for _ in range(60):
        levels = equals(rng, **noise)
        for pair in ((levels[0], levels[2]), (levels[1], levels[3])):
            found = Ratios(levels).throughput(*pair)
            held.append(found.low <= 1 <= found.high)
            widths.append(math.log(found.high / found.low) / 2)
    assert np.mean(held) >= wanted
    assert np.median(widths) <= 0.10


def test_a_real_difference_is_shown() -> None:
    rng = np.random.default_rng(1)
    one, alike, apart = levels = [
        level(name, 5, [cell(rng, i, 100, ttft, 0.1) for i in range(2)])
        for name, ttft in zip("abc", (100, 100, 150), strict=True)
    ]
    assert not Ratios(levels).compared(one, alike).excludes_one
    assert Ratios(levels).compared(one, apart).excludes_one


@pytest.mark.parametrize(
    ("own", "shared", "freedom"), [(0.03, 0.0, (100, 160)), (0.0, 0.03, (36, 48)), (0.018, 0.024, (50, 100))]
)
def test_what_repeats_differ_by_is_found(own: float, shared: float, freedom: tuple[int, int]) -> None:
    """Of many cells: 3 % between them, their own or that of their service's start, which knows less; whatever
    is within, and whatever all cells of a repeat share. Starts have 38 degrees of freedom, cells 120."""
    rng = np.random.default_rng(2)
    drift = rng.normal(0, 0.2, 3)
    starts = rng.normal(0, shared, (20, 3))

    def repeat(service: int, i: int) -> Sample:
        return cell(rng, i, 300, 100 * math.exp(drift[i] + starts[service, i] + rng.normal(0, own)), 0.05)

    levels = [(service, [repeat(service, i) for i in range(3)]) for service in range(20) for _ in range(4)]
    found = between(levels, TTFT, rng)
    assert freedom[0] <= found.freedom <= freedom[1]
    assert math.sqrt(found.variance) == pytest.approx(0.03, rel=0.2)


def test_repeats_that_are_alike_by_chance_do_not_make_a_ratio_exact() -> None:
    """Of few cells: what a quiet sweep's differ by stays in. Of many it hardly counts (below)."""
    levels = [level(name, load, [steady(i, 1.0) for i in range(2)]) for load in (5, 20) for name in "ab"]
    found = Ratios(levels).throughput(levels[0], levels[1])
    assert (found.low, found.high) == pytest.approx((0.95, 1.05), abs=0.02)


def test_where_repeats_are_alike_there_is_nothing_between_them() -> None:
    rng = np.random.default_rng(3)
    found = between([(n, [cell(rng, i, 300, 100, 0.3) for i in range(2)]) for n in range(30)], TTFT, rng)
    assert math.sqrt(found.variance) < 0.02


@pytest.mark.parametrize(("levels", "repeats"), [(0, 0), (1, 3), (8, 1), (2, 2)])
def test_too_few_cells_say_nothing_about_repeats(levels: int, repeats: int) -> None:
    rng = np.random.default_rng(4)
    samples = [(n, [cell(rng, i, 50, 100, 0.1) for i in range(repeats)]) for n in range(levels)]
    assert between(samples, TTFT, rng) is between(samples, RPS, rng) is None


@pytest.mark.parametrize("figure", [RPS, TTFT])
def test_cells_without_answers_do_not_count(figure: Any) -> None:
    rng = np.random.default_rng(4)
    levels = [(n, [cell(rng, i, 50, 100, 0.1) for i in range(2)]) for n in range(4)]
    empty = [(9, [cell(rng, i, 0, 100, 0.1) for i in range(2)])]
    assert between(levels, figure, rng).freedom == between(levels + empty, figure, rng).freedom


@pytest.mark.parametrize(("repeats", "half"), [(1, 0.43), (4, 0.215)])
def test_a_levels_interval_takes_in_what_repeats_differ_by(repeats: int, half: float) -> None:
    """t of two degrees of freedom is 4.303; the two half-widths add in squares, on the logarithm's scale."""
    noise = Between(variance=0.01, freedom=2)
    found = noise.widened(Estimate(value=100.0, low=100.0, high=100.0), repeats)
    ends = (100 * math.exp(-half), 100 * math.exp(half))
    assert (found.low, found.high) == pytest.approx(ends, rel=1e-3)
    within = noise.widened(Estimate(value=100.0, low=80.0, high=None), repeats)
    assert within.low == pytest.approx(100 * math.exp(-math.hypot(half, math.log(1.25))), rel=1e-3)
    assert within.high is None
    exact = Between(variance=0.0, freedom=2).widened(Estimate(value=5.0, low=4.0, high=6.0), 1)
    assert exact.low == pytest.approx(4.0)


# -- repeats that differ widely make a wide interval, and widen none of quiet levels

WILD, QUIET = (60.0, 75.0, 235.0), (100.0, 101.0, 99.0)


def logged(*levels: tuple[float, ...]) -> list[LoggedCell]:
    return [
        LoggedCell(service="s", level=number, repeat=repeat, log=math.log(ms), within=0.0)
        for number, level in enumerate(levels)
        for repeat, ms in enumerate(level)
    ]


@pytest.mark.parametrize("beside", [(), (QUIET,), (QUIET, QUIET, QUIET), (WILD, QUIET, QUIET, QUIET)])
def test_an_interval_of_wild_repeats_holds_them(beside: tuple[tuple[float, ...], ...]) -> None:
    found = of_levels(logged(*beside, WILD))
    assert found[len(beside)].half(3) > math.log(235 / 75)
    quiet = [found[number].half(3) for number, level in enumerate(beside) if level is QUIET]
    assert quiet == pytest.approx([0.04] * len(quiet), abs=0.01)


def test_what_all_cells_of_a_repeat_share_is_in_the_interval_of_a_level() -> None:
    shared = of_levels(logged(WILD, (90.0, 112.5, 352.5), WILD))
    assert all(noise.half(3) > 1 and not noise.wild for noise in shared.values())
    assert of_levels(logged((1.0,), (2.0,))) == {}  # nothing was repeated


def test_what_two_levels_share_cancels_in_their_ratio() -> None:
    assert of_ratio(logged(WILD), logged(QUIET)).variance > 0.2
    assert of_ratio(logged(WILD), logged(WILD)).variance < 0.001


def test_the_table_has_the_wide_interval(made: Any, of: Any) -> None:
    """Where one load alone was measured nothing was known of repeats, and the interval was a cell's."""
    [level] = of(*(made.spec(repeat=n, ttft_ms=ms, jitter_ms=1.0) for n, ms in enumerate(WILD, 1))).levels
    p50 = level.figures.estimates["ttft_p50"]
    assert p50.low < 60 < 235 < p50.high


# -- repeats that only one of two levels has


@pytest.mark.parametrize(("a", "b"), [((1, 2), (2, 3)), ((1, 2), (1,)), ((1,), (2,)), ((1, 2, 3), (1, 2))])
@pytest.mark.parametrize("others", [1, 2])
def test_a_lost_cell_makes_no_difference_shown(a: tuple[int, ...], b: tuple[int, ...], others: int) -> None:
    """Equals 5 % apart from repeat to repeat, and 3 % from cell to cell, beside what was measured in full."""
    rng, held = np.random.default_rng(7), []
    for _ in range(30):
        drift = dict(zip((1, 2, 3), np.exp(rng.normal(0, 0.05, 3)), strict=True))
        names: dict[str, tuple[int, ...]] = {"a": a, "b": b, **dict.fromkeys("cd"[:others], (1, 2, 3))}
        levels = [
            level(name, 5, [steady(i, drift[i] * math.exp(rng.normal(0, 0.03))) for i in own])
            for name, own in names.items()
        ]
        found = Ratios(levels).throughput(*levels[:2])
        held.append(found.low <= 1 <= found.high)
    assert np.mean(held) >= 0.9


def test_a_ratio_is_over_the_repeats_that_both_have() -> None:
    """The third, twice as fast, is the first level's alone."""
    one = level("a", 5, [steady(1, 1.0), steady(2, 1.1), steady(3, 2.0)])
    other = level("b", 5, [steady(1, 1.0), steady(2, 1.1)])
    assert Ratios([one, other]).throughput(one, other).value == pytest.approx(1.0)


def test_of_different_repeats_both_variances_add_and_without_any_there_is_no_interval() -> None:
    found = of_both((Between(variance=0.01, freedom=4), 2), (Between(variance=0.04, freedom=8), 4))
    assert found.variance == pytest.approx(0.005 + 0.01)
    assert found.freedom == pytest.approx(0.015**2 / (0.005**2 / 4 + 0.01**2 / 8))
    one, other = level("a", 5, [steady(1, 1.0)]), level("b", 5, [steady(2, 1.2)])
    alone = Ratios([one, other]).throughput(one, other)
    assert (alone.low, alone.high) == (None, None)


def test_what_a_lost_cell_leaves_is_told(made: Any, of: Any) -> None:
    """Below the table, by the configuration and load: which repeats its ratio is over."""
    specs = [made.spec(config=c, repeat=n) for c in ("baseline", "mock-llm") for n in (1, 2, 3)]
    for lost, wanted in (
        ((5,), "Over the repeats alone that both have valid: mock-llm at 10 users (2)."),
        ((0, 5), "so the interval has the noise of both: mock-llm at 10 users."),
        ((), None),
    ):
        [table] = comparison_tables(of(*(spec for n, spec in enumerate(specs) if n not in lost)))
        told = [note for note in table.notes if "repeats" in note]
        assert len(told) == (wanted is not None)
        assert all(note.endswith(str(wanted)) for note in told)
