"""When a machine spoils whatever is measured on it, so that to go on would tell nobody anything."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from records.cells.cell import Cell, Check
from sweep.choosing.again import MOST_TIMES, seconds_needed, spoiled
from sweep.planning.plan import Plan
from workloads.catalogue import check_named

ENOUGH = 5 * (1 + MOST_TIMES)
"""As many measurements as five cells have with all their tries. That all are spoiled happens to a machine on
which every other cell gets valid in the end once in 32 sweeps."""


@dataclass(kw_only=True)
class Machine:
    """What a sweep has seen of the machine it runs on, since it was started or resumed."""

    plan: Plan
    _spoiled: list[tuple[Check, ...]] = field(default_factory=list)
    _beside: str = ""
    """What ran beside the last of them."""
    _valid: bool = False

    def found(self, cell: Cell) -> None:
        """One of the run's cells is there already."""
        self._valid = self._valid or cell.verdict.valid

    def took(self, cell: Cell, beside: str = "") -> None:
        """One was measured, maybe again; ``beside``: what ran meanwhile, in words. What the service failed
        says nothing of the machine, nor does a time that was too short, which the next try has more of."""
        self.found(cell)
        failures = cell.verdict.failures
        others = any(not check_named(check.name).of_steadiness for check in failures)
        if spoiled(cell, self.plan) is not None and (others or seconds_needed(cell, self.plan) is None):
            self._spoiled.append(failures)
            self._beside = beside

    @property
    def spoils_all(self) -> str | None:
        """What was found, and what to do, by the check that failed most often; None: it may yet be of use."""
        if self._valid or len(self._spoiled) < ENOUGH:
            return None
        checks = [check for failures in self._spoiled for check in failures]
        name = Counter(check.name for check in checks).most_common(1)[0][0]
        *_, last = (check for check in checks if check.name == name)
        count = sum(any(check.name == name for check in failures) for failures in self._spoiled)
        return (
            f"the machine spoiled all {len(self._spoiled)} measurements, {count} of them by {name} "
            f"({' '.join(last.found.split())}): {last.advice or 'leave the machine to the sweep'}"
            f"{self._beside and f'; while the last was measured, {self._beside}'}"
        )
