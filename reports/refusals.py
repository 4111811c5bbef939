"""Pairs that are not compared, since more differs than their names say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reports.figures.compare import Comparison, DeploymentRatio
from reports.figures.load import Load
from reports.figures.text import listed


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A pair that is not compared, since more differs than is named."""

    one: str
    other: str
    differ_in: tuple[str, ...]
    loads: tuple[Load, ...]

    @property
    def sentence(self) -> str:
        where = listed([load.named for load in self.loads])
        return (
            f"{self.one} is not compared with {self.other} at {where}: they also differ in "
            f"{listed(self.differ_in)}."
        )

    @property
    def what(self) -> str:
        """Without the code that ran."""
        return listed([name.partition(" (")[0] for name in self.differ_in])

    @property
    def brief(self) -> str:
        return f"{self.one} is not compared with {self.other}, they also differ in {self.what}"


def refusals(ratios: Sequence[Comparison | DeploymentRatio]) -> list[Refusal]:
    """One for each pair, over the loads at which it is the same."""
    loads: dict[tuple[str, str, tuple[str, ...]], set[Load]] = {}
    for ratio in (ratio for ratio in ratios if ratio.differ_in):
        if isinstance(ratio, Comparison):
            pair = f"{ratio.deployment}/{ratio.config}", ratio.reference
        else:
            pair = f"{ratio.first}/{ratio.config}", ratio.second
        loads.setdefault((*pair, ratio.differ_in), set()).add(ratio.load)
    return [
        Refusal(one=one, other=other, differ_in=differ, loads=tuple(sorted(at)))
        for (one, other, differ), at in loads.items()
    ]
