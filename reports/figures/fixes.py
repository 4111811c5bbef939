"""Fixes that were tried: what each gains beside the original, and what was predicted of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from records.cells.reader import Run
from records.services.fixes import TriedFix, code_changed, fixes_of
from reports.figures.compare import Comparison, comparison
from reports.figures.ratios import Ratios
from reports.figures.stats import Estimate
from reports.figures.summary import OperatingPoint

Prediction = Literal["within", "too high", "too low"]
"""The predicted gain, held against the interval of the measured one."""


@dataclass(frozen=True, kw_only=True)
class FixResult:
    """One fix at one load of one deployment."""

    tried: TriedFix
    comparison: Comparison | None
    """With the original; None: one of the two was not measured."""
    code_changed: bool = False
    """Was it measured with other code of the service than that in which its finding was found?"""

    @property
    def predicted(self) -> Estimate | None:
        tried = self.tried
        if tried.predicted is None:
            return None
        return Estimate(value=tried.predicted, low=tried.predicted_low, high=tried.predicted_high)

    @property
    def prediction(self) -> Prediction | None:
        """None: nothing was predicted of throughput, or there is no interval to hold it against."""
        gain = self.comparison.throughput if self.comparison and self.tried.of_rate else None
        predicted = self.tried.predicted
        if (
            not self.tried.of_rate
            or predicted is None
            or gain is None
            or gain.low is None
            or gain.high is None
        ):
            return None
        return "too high" if predicted > gain.high else "too low" if predicted < gain.low else "within"


def compare_fixes(
    runs: Sequence[Run], levels: Sequence[OperatingPoint], ratios: Ratios
) -> tuple[FixResult, ...]:
    """Those of all plans, each beside the variant that it is a fix of, whatever others are compared with."""
    tried = {(fix.of, fix.variant): fix for run in runs for fix in fixes_of(run.meta.get("plan"))}
    return tuple(result for fix in tried.values() for result in _results(fix, levels, ratios))


def _results(fix: TriedFix, levels: Sequence[OperatingPoint], ratios: Ratios) -> Iterator[FixResult]:
    pairs = [
        (level, other)
        for level in levels
        if level.row.variant == fix.variant
        for other in [_original(fix, level, levels)]
        if other is not None
    ]
    for level, other in pairs:
        changed = any(code_changed(fix, sample.cell.code) for sample in level.cells)
        yield FixResult(tried=fix, comparison=comparison(level, other, ratios), code_changed=changed)
    if not pairs:
        yield FixResult(tried=fix, comparison=None)


def _original(fix: TriedFix, of: OperatingPoint, levels: Sequence[OperatingPoint]) -> OperatingPoint | None:
    """At the same load; of several rows of it the one with the same difference, else the first."""
    found = [
        level
        for level in levels
        if (level.deployment, level.row.variant, level.load, level.workload)
        == (of.deployment, fix.of, of.load, of.workload)
    ]
    same = (level for level in found if level.row.difference == of.row.difference)
    return next(same, found[0] if found else None)
