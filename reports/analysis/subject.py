"""What a note or a finding is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reports.figures.load import Load
from reports.figures.summary import OperatingPoint


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A row of the report; at one load, where it is only about that."""

    deployment: str
    config: str
    load: Load | None = None

    @classmethod
    def of(cls, level: OperatingPoint) -> Subject:
        return cls(deployment=level.deployment, config=level.config, load=level.load)

    @property
    def name(self) -> str:
        """Without the load: ``local/baseline``."""
        return f"{self.deployment}/{self.config}"

    def __str__(self) -> str:
        return self.name if self.load is None else f"{self.name} at {self.load.named}"

    def to_json(self) -> dict[str, Any]:
        load = {} if self.load is None else self.load.to_json()
        return {"deployment": self.deployment, "config": self.config, **load}
