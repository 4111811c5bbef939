"""What repeats differ by, from all levels: it is found where it is, and intervals hold what they claim to."""

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from reports.figures import stats
from reports.figures.ratios import Ratios
from reports.figures.repeats import Between, between, median_figure, throughput_figure
from reports.figures.stats import Estimate, Sample
from workloads.stream import STREAM

RPS, TTFT = throughput_figure(STREAM), median_figure(STREAM)


def cell(rng: np.random.Generator, key: object, answers: int, ttft: float, within: float) -> Sample:
    """So many answers around ``ttft``, of a relative spread ``within``, at random times."""
    values = ttft * np.exp(rng.normal(0, within, answers))
    bins = np.sort(rng.integers(0, stats.BINS, answers))
    return Sample(
        key=key, seconds=5.0, ended_bins=bins, amounts=np.ones(len(bins)), values=values, value_bins=bins
    )


def level(deployment: str, load: int, samples: list[Sample]) -> Any:
    name = f"{deployment}/{load}"
    return SimpleNamespace(
        deployment=deployment, config="c", name=name, valid=True, samples=samples, workload=STREAM
    )


def steady(key: object, rate: float) -> Sample:
    """As many answers in each of its time bins, and none but for the rate: it has no noise within."""
    bins = np.arange(round(1000 * rate)) % stats.BINS
    return Sample(
        key=key, seconds=5.0, ended_bins=bins, amounts=np.ones(len(bins)), values=np.empty(0),
        value_bins=np.empty(0, dtype=int),
    )  # fmt: skip


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


@pytest.mark.parametrize(
    ("noise", "wanted"),
    [
        ({"cells": 0.025}, 0.92),
        ({"start": 0.015, "cells": 0.015, "drift": 0.04}, 0.90),
        ({"start": 0.025}, 0.80),  # four starts tell no more of themselves
    ],
)
def test_intervals_of_two_repeats_of_equals_hold_1(noise: dict[str, float], wanted: float) -> None:
    """And half of them reach no further than 10 % from it."""
    rng = np.random.default_rng(5)
    held, widths = [], []
    for _ in range(120):
        levels = equals(rng, **noise)
        ratios = Ratios(levels)
        for one, other in ((levels[0], levels[2]), (levels[1], levels[3])):
            found = ratios.throughput(one, other)
            assert found is not None
            assert found.low is not None
            assert found.high is not None
            held.append(found.low <= 1 <= found.high)
            widths.append(math.log(found.high / found.low) / 2)
    assert np.mean(held) >= wanted
    assert np.median(widths) <= 0.10


def test_a_real_difference_is_shown() -> None:
    rng = np.random.default_rng(1)
    levels = [
        level(name, 5, [cell(rng, i, 100, ttft, 0.1) for i in range(2)])
        for name, ttft in zip("abc", (100, 100, 150), strict=True)
    ]
    found = Ratios(levels).compared(levels[0], levels[2])
    assert not Ratios(levels).compared(levels[0], levels[1]).excludes_one
    assert found is not None
    assert found.excludes_one


@pytest.mark.parametrize(
    ("own", "shared", "freedom"), [(0.03, 0.0, (100, 160)), (0.0, 0.03, (36, 48)), (0.018, 0.024, (50, 100))]
)
def test_what_repeats_differ_by_is_found(own: float, shared: float, freedom: tuple[int, int]) -> None:
    """Of many cells: 3 % between them, their own or that of their service's start, which knows less; whatever
    is within, and whatever all cells of a repeat share. Starts have 38 degrees of freedom, cells 120."""
    rng = np.random.default_rng(2)
    drift = rng.normal(0, 0.2, 3)
    starts = rng.normal(0, shared, (20, 3))
    levels = [
        (
            service,
            [
                cell(rng, i, 300, 100 * math.exp(drift[i] + starts[service, i] + rng.normal(0, own)), 0.05)
                for i in range(3)
            ],
        )
        for service in range(20)
        for _ in range(4)
    ]
    found = between(levels, TTFT, rng)
    assert found is not None
    assert freedom[0] <= found.freedom <= freedom[1]
    assert math.sqrt(found.variance) == pytest.approx(0.03, rel=0.2)


def test_repeats_that_are_alike_by_chance_do_not_make_a_ratio_exact() -> None:
    """Of few cells: what a quiet sweep's differ by stays in. Of many it hardly counts (below)."""
    levels = [level(name, 5, [steady(i, 1.0) for i in range(2)]) for name in "ab"]
    levels += [level(name, 20, [steady(i, 1.0) for i in range(2)]) for name in "ab"]
    found = Ratios(levels).throughput(levels[0], levels[1])
    assert found is not None
    assert found.low == pytest.approx(0.95, abs=0.02)
    assert found.high == pytest.approx(1.05, abs=0.02)


def test_where_repeats_are_alike_there_is_nothing_between_them() -> None:
    rng = np.random.default_rng(3)
    found = between([(n, [cell(rng, i, 300, 100, 0.3) for i in range(2)]) for n in range(30)], TTFT, rng)
    assert found is not None
    assert math.sqrt(found.variance) < 0.02


@pytest.mark.parametrize(
    ("levels", "repeats"),
    [(0, 0), (1, 3), (8, 1), (2, 2)],
    ids=["none", "one level", "one repeat", "1 freedom"],
)
def test_too_few_cells_say_nothing_about_repeats(levels: int, repeats: int) -> None:
    rng = np.random.default_rng(4)
    samples = [(n, [cell(rng, i, 50, 100, 0.1) for i in range(repeats)]) for n in range(levels)]
    assert between(samples, TTFT, rng) is None
    assert between(samples, RPS, rng) is None


def test_cells_without_answers_do_not_count() -> None:
    rng = np.random.default_rng(4)
    levels = [(n, [cell(rng, i, 50, 100, 0.1) for i in range(2)]) for n in range(4)]
    empty = [(9, [cell(rng, i, 0, 100, 0.1) for i in range(2)])]
    for figure in (RPS, TTFT):
        one, other = between(levels, figure, rng), between(levels + empty, figure, rng)
        assert one is not None
        assert other is not None
        assert one.freedom == other.freedom


@pytest.mark.parametrize(("repeats", "half"), [(1, 0.43), (4, 0.215)])
def test_a_levels_interval_takes_in_what_repeats_differ_by(repeats: int, half: float) -> None:
    """t of two degrees of freedom is 4.303; the two half-widths add in squares, on the logarithm's scale."""
    noise = Between(variance=0.01, freedom=2)
    sure = Estimate(value=100.0, low=100.0, high=100.0)
    found = noise.widened(sure, repeats)
    assert (found.low, found.high) == (
        pytest.approx(100 * math.exp(-half), rel=1e-3),
        pytest.approx(100 * math.exp(half), rel=1e-3),
    )
    within = noise.widened(Estimate(value=100.0, low=80.0, high=None), repeats)
    assert within.low == pytest.approx(100 * math.exp(-math.hypot(half, math.log(1.25))), rel=1e-3)
    assert within.high is None
    assert Between(variance=0.0, freedom=2).widened(Estimate(value=5.0, low=4.0, high=6.0), 1).low == (
        pytest.approx(4.0)
    )
