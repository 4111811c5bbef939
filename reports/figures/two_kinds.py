"""Are values of two kinds far apart, such as those of answers from a cache and of others?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reports.columns.kinds import Floats, Ints
from reports.figures.ranks import Numbers

LEAST_SHARE = 0.1
LEAST = 10
"""So many values make a kind, and so great a share of all."""
APART = 4.0
"""So many times the low ones' 90th percentile is the high ones' 10th at least. Wherever a log-normal with a
sigma of 1 is cut, it is 1.3 to 1.6 times: a long tail is no kind of its own."""
GAP = 1.5
"""So many times the highest of the low ones is the lowest of the high ones at least: there they are cut."""


@dataclass(frozen=True, kw_only=True)
class TwoKinds:
    """Where values fall apart; no value lies between ``low`` and ``high``."""

    share: float
    """Of the low ones."""
    low: float
    """The highest of them."""
    high: float
    """The lowest of the others."""


def two_kinds(values: Sequence[float] | Numbers, ratio: float) -> TwoKinds | None:
    """None where they are of one kind. ``ratio``: so many times the median of the low ones is that of the
    high ones at least. They are parted where the gap is the widest for their size."""
    found = np.sort(np.asarray(values, dtype=float))
    found = found[found > 0]
    n = len(found)
    least = max(LEAST, int(np.ceil(LEAST_SHARE * n)))
    cuts = np.arange(least, n - least + 1)
    if not len(cuts):
        return None

    def at(first: int | Ints, count: Ints, q: float) -> Floats:
        """That quantile of ``count`` values from ``first`` on."""
        quantile: Floats = found[first + np.floor(q * (count - 1)).astype(int)]
        return quantile

    apart = (APART * at(0, cuts, 0.9) <= at(cuts, n - cuts, 0.1)) & (
        ratio * at(0, cuts, 0.5) <= at(cuts, n - cuts, 0.5)
    )
    gaps = np.where(apart, found[cuts] / found[cuts - 1], 0.0)
    cut = int(cuts[np.argmax(gaps)])
    if gaps.max() < GAP:
        return None
    return TwoKinds(share=cut / n, low=float(found[cut - 1]), high=float(found[cut]))
