"""Everything a report says, as values; the console, Markdown, JSON and CSV only show it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from records.cells.reader import Run
from records.exit_codes import INVALID
from reports.analysis.note import Note
from reports.evidence.foretold import Compared, all_compared
from reports.evidence.hypotheses import GapCauses, gap_causes
from reports.evidence.ladder import Ladder, ladder
from reports.evidence.latency_breakdown import LatencyBreakdown
from reports.evidence.service import Service, services
from reports.figures.attribution import PartEffect
from reports.figures.compare import Comparison, DeploymentRatio
from reports.figures.dial import Elasticity
from reports.figures.fixes import FixResult
from reports.figures.gap import Gap
from reports.figures.knees import Knee
from reports.figures.pooling.concurrent_cells import CellPart
from reports.figures.regions import Region
from reports.figures.shaped import ShapedCell
from reports.figures.stats import repeats_of
from reports.figures.summary import CellSummary, OperatingPoint
from reports.figures.ttft_growth import TtftGrowth
from workloads.workload import Workload

N = TypeVar("N", bound=Note)


@dataclass(frozen=True, kw_only=True)
class Source:
    """One of the directories read."""

    name: str
    run: Run
    budget_ended: bool

    @property
    def began_with(self) -> tuple[int, ...]:
        """The numbers of users from which the others followed; none where they were listed."""
        plan = self.run.meta.get("plan", {})
        levels = plan.get("levels") if plan.get("auto") is True else None
        return tuple(n for n in levels if isinstance(n, int)) if isinstance(levels, list) else ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Analysis:
    """What was measured and what follows from it."""

    sources: tuple[Source, ...]
    levels: tuple[OperatingPoint, ...]
    comparisons: tuple[Comparison, ...]
    deployment_ratios: tuple[DeploymentRatio, ...]
    gaps: tuple[Gap, ...]
    """How much of a pod's is that it has less CPU, and how much that it wastes some."""
    effects: tuple[PartEffect, ...]
    """What each mocked part takes, in milliseconds."""
    dials: tuple[Elasticity, ...]
    """How throughput and the compared metric hang on each stage's time, where stages were slowed."""
    knees: tuple[Knee, ...]
    latency_breakdowns: tuple[LatencyBreakdown, ...]
    ttft_growths: tuple[TtftGrowth, ...]
    """What makes the TTFT longer at heavier loads, by stages."""
    shaped: tuple[ShapedCell, ...]
    """Loads with a shape, by the levels they went through."""
    regions: tuple[Region, ...]
    """Levels by where their requests came from, where that is more than one region."""
    fixes: tuple[FixResult, ...]
    """What was tried to mend what was found in another run."""
    incomplete: tuple[str, ...]
    """Cells without an end, ``source: name``: never used."""
    without_valid_cell: tuple[tuple[str, str], ...]
    """(deployment, configuration) that have none: exit code 3."""
    notes: tuple[Note, ...] = ()
    """What has to be known about the measurement, worst first, those of one kind together."""

    def noted(self, kind: type[N]) -> tuple[N, ...]:
        """The notes of one kind."""
        return tuple(note for note in self.notes if isinstance(note, kind))

    def named(self, cell: CellSummary | CellPart) -> str:
        """The cell, or a master's part of it, with its directory's name where there are several."""
        source = f"{cell.source}/" if len(self.sources) > 1 else ""
        return f"{source}{cell.cell.name}"

    @cached_property
    def services(self) -> tuple[Service, ...]:
        """The rows with all that was seen of them at each load, read when it is first wanted."""
        return tuple(services(self.levels))

    @cached_property
    def ladders(self) -> tuple[Ladder, ...]:
        """What each resource of each of them allows."""
        return tuple(map(ladder, self.services))

    @cached_property
    def gap_causes(self) -> tuple[GapCauses, ...]:
        """Why one deployment answers less than another."""
        return tuple(gap_causes(self.deployment_ratios, self.services))

    @cached_property
    def of_fixes(self) -> frozenset[str]:
        """The variants that were measured to compare fixes: at the load of the finding alone, on purpose."""
        return frozenset(name for fix in self.fixes for name in (fix.tried.variant, fix.tried.of))

    @cached_property
    def foretold(self) -> tuple[Compared, ...]:
        """The knees as light loads predict them, beside the measured ones."""
        began_with = min((source.began_with for source in self.sources), key=len, default=())
        return tuple(all_compared(self.services, self.knees, began_with))

    @property
    def cells(self) -> tuple[CellSummary, ...]:
        return tuple(cell for level in self.levels for cell in level.cells)

    @property
    def workloads(self) -> tuple[Workload, ...]:
        """What the cells measured, each once."""
        return tuple({level.workload.name: level.workload for level in self.levels}.values())

    @property
    def invalid(self) -> tuple[CellSummary, ...]:
        return tuple(cell for cell in self.cells if not cell.valid)

    @property
    def repeats(self) -> int:
        """Of the valid level that has fewest: what the intervals can know about run-to-run noise."""
        return min((repeats_of(level.samples) for level in self.levels if level.valid), default=0)

    @property
    def most_repeats(self) -> int:
        """Of the valid level that has most."""
        return max((repeats_of(level.samples) for level in self.levels if level.valid), default=0)

    @property
    def merged(self) -> tuple[CellSummary, ...]:
        """Cells that several masters made together."""
        return tuple(cell for cell in self.cells if len(cell.parts) > 1)

    @property
    def exit_code(self) -> int:
        runs = [source.run for source in self.sources]
        # What pooled figures would have with it.
        lacks = any(run.lost or any(data.lost for data in run.cells) for run in runs)
        return INVALID if self.without_valid_cell or not self.levels or lacks else 0
