"""Figures in text: rounded, with their intervals, and lists."""

from __future__ import annotations

import math
from collections.abc import Sequence

from reports.figures.stats import Estimate

NONE = "-"


def number(value: float | None) -> str:
    """Three significant digits, no exponent: 0.123, 1.23, 12.3, 123, 1234."""
    if value is None or math.isnan(value):
        return NONE
    if math.isinf(value):
        return "inf"
    size = abs(value)
    decimals = 0 if size >= 99.95 else 1 if size >= 9.995 else 2
    text = f"{value:.{decimals}f}"
    return text if float(text) != 0 or value == 0 else f"{value:.3f}"


def spread(estimate: Estimate | None) -> str:
    """``31.2 (29.8-33.1)``; the value alone where there is no interval; ``-`` where there is nothing."""
    if estimate is None:
        return NONE
    if estimate.low is None or estimate.high is None:
        return number(estimate.value)
    return f"{number(estimate.value)} ({number(estimate.low)}-{number(estimate.high)})"


def times(estimate: Estimate | None) -> str:
    """``2.40x (2.20-2.60)``: a ratio with its interval."""
    if estimate is None:
        return NONE
    figure = f"{_ratio(estimate.value)}x"
    if estimate.low is None or estimate.high is None:
        return figure
    return f"{figure} ({_ratio(estimate.low)}-{_ratio(estimate.high)})"


def better(ratio: Estimate) -> str:
    """Above 1 is better: ``2.00x (1.90-2.10) better``; else how many times worse."""
    if ratio.value >= 1 or ratio.low is None or ratio.high is None or ratio.low <= 0:
        return f"{times(ratio)} better"
    return f"{times(Estimate(value=1 / ratio.value, low=1 / ratio.high, high=1 / ratio.low))} worse"


def _ratio(ratio: float) -> str:
    """Hundredths, where they say something."""
    return f"{ratio:.2f}" if ratio < 10 else number(ratio)


def value(estimate: Estimate | None) -> str:
    """The figure alone."""
    return NONE if estimate is None else number(estimate.value)


def users(n: int) -> str:
    return f"{n} user" if n == 1 else f"{n} users"


def listed(parts: Sequence[str]) -> str:
    """``a, b and c``."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)
