"""Repeats that differ widely make a wide interval, and widen none of quiet levels."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from reported import of_cells
from reports.figures.repeats import LoggedCell, of_levels, of_ratio

WILD, QUIET = (60.0, 75.0, 235.0), (100.0, 101.0, 99.0)


def cells(*levels: tuple[float, ...]) -> list[LoggedCell]:
    return [
        LoggedCell(service="s", level=number, repeat=repeat, log=math.log(ms), within=0.0)
        for number, level in enumerate(levels)
        for repeat, ms in enumerate(level)
    ]


@pytest.mark.parametrize("beside", [(), (QUIET,), (QUIET, QUIET, QUIET), (WILD, QUIET, QUIET, QUIET)])
def test_an_interval_of_wild_repeats_holds_them(beside: tuple[tuple[float, ...], ...]) -> None:
    found = of_levels(cells(*beside, WILD))
    assert found[len(beside)].half(3) > math.log(235 / 75)
    for number, level in enumerate(beside):
        if level is QUIET:
            assert found[number].half(3) == pytest.approx(0.04, abs=0.01)


def test_what_all_cells_of_a_repeat_share_is_in_the_interval_of_a_level() -> None:
    slow = tuple(1.5 * ms for ms in (60.0, 75.0, 235.0))
    shared = of_levels(cells(WILD, slow, WILD))
    assert all(noise.half(3) > 1 and not noise.wild for noise in shared.values())


def test_where_nothing_was_repeated_nothing_is_known() -> None:
    assert of_levels(cells((1.0,), (2.0,))) == {}


def test_what_two_levels_share_cancels_in_their_ratio() -> None:
    wild, usual = of_ratio(cells(WILD), cells(QUIET)), of_ratio(cells(WILD), cells(WILD))
    assert wild is not None
    assert usual is not None
    assert wild.variance > 0.2
    assert usual.variance < 0.001


def test_the_table_has_the_wide_interval(made: Any, tmp_path: Path) -> None:
    """Where one load alone was measured nothing was known of repeats, and the interval was a cell's."""
    specs = [made.spec(repeat=n, ttft_ms=ms, jitter_ms=1.0) for n, ms in enumerate(WILD, 1)]
    [level] = of_cells(made, tmp_path, *specs).levels
    p50 = level.figures.estimates["ttft_p50"]
    assert p50.low < 60
    assert p50.high > 235
