"""Which cell of a sweep is meant, and what it belongs to."""

from __future__ import annotations

from dataclasses import dataclass

from records.cells.layout import cell_name
from records.cells.point import Point

Service = tuple[str, str]
"""(deployment, variant): what is started once a repeat"""
Series = tuple[str, str, Point]
"""(deployment, variant, the factors besides users): what has a knee of its own"""


@dataclass(frozen=True, kw_only=True)
class CellKey:
    """Which cell: its folder's name and nothing else."""

    deployment: str
    config: str
    """The variant's name."""
    point: Point
    repeat: int

    @property
    def service(self) -> Service:
        return self.deployment, self.config

    @property
    def series(self) -> Series:
        return self.deployment, self.config, self.point.others

    @property
    def concurrency(self) -> int:
        """Locust's users: of an open loop one, whose number says nothing there."""
        return self.point.users or 1

    @property
    def path(self) -> str:
        return cell_name(self.deployment, self.config, self.point, self.repeat)
