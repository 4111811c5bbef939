"""Answers of two kinds in one load are told; long tails are none."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reported import analysed, notes, rewritten
from reports.analysis import of_kinds
from reports.figures.two_kinds import two_kinds
from reports.notes.verdict import verdict


def _tail(sigma: float, n: int) -> list[float]:
    return [float(ms) for ms in np.exp(np.random.default_rng(n).normal(4, sigma, n))]


@pytest.mark.parametrize("n", [20, 50, 200, 1000])
def test_a_long_tail_is_no_kind_of_its_own(n: int) -> None:
    for sigma in (0.3, 1.0):
        drawn = np.random.default_rng(n).normal(4, sigma, (300, n))
        assert not [1 for row in np.exp(drawn) if two_kinds(row, 10) or two_kinds(np.ceil(row / 20), 5)]


@pytest.mark.parametrize(("low", "told"), [(10, True), (9, False), (91, False)])
def test_a_kind_is_a_tenth_at_least(low: int, told: bool) -> None:
    assert (two_kinds([1.0] * low + [300.0] * (100 - low), 10) is not None) == told


def test_answers_from_a_cache_are_told_and_a_shape_s_loads_are_not(made: Any, of: Any) -> None:
    mixed = (*[2.0] * 52, *[300.0] * 48)
    analysis = of(made.spec(ttfts=mixed), made.spec(ttfts=mixed, repeat=2))
    [note] = analysis.noted(of_kinds.KindsOfTimes)
    assert (note.share, note.quick_ms, note.slow_ms, note.cells) == (0.52, 2.0, 300.0, 2)
    said = (
        "two kinds: 52 % have a TTFT of at most 2.00 ms, 48 % of at least 300 ms: some may come from a cache"
    )
    assert any(said in line for line in verdict(analysis).lines)
    for spec in (
        made.spec(ttfts=mixed, requested={"shape": "Ramp"}),
        made.spec(ttfts=tuple(_tail(1.0, 100))),
    ):
        assert not of(spec).noted(of_kinds.KindsOfTimes)


@pytest.mark.parametrize(("gaps_us", "told"), [([1] * 9, True), ([1] * 4 + [20_000] * 5, False)])
def test_an_itl_of_next_to_nothing_says_what_that_comes_of(
    made: Any, tmp_path: Path, gaps_us: list[int], told: bool
) -> None:
    run = made.run(tmp_path / "run", [made.spec()])
    analysis = analysed(rewritten(run, lambda raw, _: raw.update(gaps_us=gaps_us)))
    said = "ITL p50 is below 0.05 ms at 10 users: half of the tokens or more came together"
    assert any(note.startswith(said) for note in notes(analysis)) is told


@pytest.mark.parametrize(("answers", "told"), [(5, True), (6, False)])
def test_a_median_of_so_few_that_it_has_no_interval_says_so(
    made: Any, of: Any, answers: int, told: bool
) -> None:
    said = "TTFT p50 has no interval at 10 users: that wants 6 good answers that are not late."
    assert (said in notes(of(made.spec(ttfts=(100.0,) * answers)))) is told


def test_short_answers_beside_long_ones_are_told_by_their_number_of_tokens(made: Any, tmp_path: Any) -> None:
    run = made.run(tmp_path / "run", [made.spec()])
    analysis = analysed(rewritten(run, lambda raw, i: raw.update(tokens=1 if i % 2 else 10)))
    assert [(one.share, one.short, one.long) for one in analysis.noted(of_kinds.KindsOfLengths)] == [
        (0.5, 1, 10)
    ]
    assert any(
        "50 % of the good answers have 1 token, the others" in line for line in verdict(analysis).lines
    )
