"""What a load is told of its cell by whoever arranges cells: what it is called, and what to expect of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Field, TypeAdapter

from records.cells.cell import Cell
from records.cells.point import Point
from records.errors import RecordError
from records.files import read_json
from records.services.served import Served


@dataclass(frozen=True, kw_only=True)
class CellSpec:
    """One cell of a plan."""

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")

    deployment: str
    config: str
    point: dict[str, int | float | str]
    repeat: Annotated[int, Field(ge=1)]
    expected_config: str | None = None
    """What the service is to call its configuration; None: whatever it does."""
    expected_settings: dict[str, str] = field(default_factory=dict)
    """Over the service's defaults."""
    unproved_settings: tuple[str, ...] = ()
    """Names of those that it was given besides, and does not say."""
    variant: dict[str, str] = field(default_factory=dict)
    """The settings that its configuration stands for, to be kept;"""
    settings: dict[str, str] = field(default_factory=dict)
    """and all that it was given."""
    service: dict[str, str] = field(default_factory=dict)
    """What was started for it, to be kept; empty: nothing was, and whoever runs at the address answers."""
    served: Served = field(default_factory=Served)
    """What it said of itself when it was started: believed where it does not say it again."""
    cpus: dict[str, Any] = field(default_factory=dict)
    """How they are divided (`records.cells.cpus`), to be kept."""
    quota: bool = False
    """Is a target of its sweep under a limit of CPU time? Then none is kept on some CPUs."""
    divisible: bool = True
    """Would ``--cpus auto`` keep the targets of its sweep off some CPUs?"""
    machine: str = ""
    """What stands for the machine of its load, to be kept, where each cell's is another one of the same
    place; empty: the one that it is on."""
    regions: dict[str, str] = field(default_factory=dict)
    """Where its load workers stand, each with its link, to be kept; empty: here, all of them."""
    earlier_tries: Annotated[int, Field(ge=0)] = 0
    pids: tuple[int, ...] = ()
    """The target's processes on this machine: how long they and their children wait for a CPU is read."""
    samples: str = ""
    """The file of the profiler that watches them meanwhile, which is to take a sample each ``interval_s``."""
    interval_s: Annotated[float, Field(gt=0)] = 1.0

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def read(cls, path: Path) -> CellSpec:
        """Raises RecordError for a file that is missing or holds no such thing."""
        raw = read_json(path)
        try:
            spec = TypeAdapter(cls).validate_python(raw)
            Point.of(spec.point)
        except ValueError as error:  # pydantic's too
            raise RecordError(f"{path} says of no cell what it is to be") from error
        return spec

    def named(self, cell: Cell) -> Cell:
        """The cell under this name, with what is kept of this."""
        kept = {"cpus": self.cpus, "variant": self.variant, "set": self.settings}
        more: dict[str, Any] = {"service": self.service} if self.service else {}
        more |= {"regions": self.regions} if self.regions else {}
        more |= {"machine": self.machine} if self.machine else {}
        return replace(
            cell,
            deployment=self.deployment,
            config=self.config,
            factors=Point.of(self.point),
            repeat=self.repeat,
            requested={**cell.requested, **more, **kept},
        )

    def observed(self, served: Served) -> Served:
        """What the service says now; what it said before where it has no time for it."""
        return self.served if served.config is None else served
