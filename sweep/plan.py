"""What a sweep will do, decided once before anything starts. Values only: no clock, no I/O."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from records.layout import cell_name
from records.point import Point
from records.served import AS_IS, MOCKS_OF_CONFIG
from sweep.running.cpus import SHARED
from sweep.running.usage import UsageError
from sweep.target import Target

CONFIGURATIONS = tuple(MOCKS_OF_CONFIG)
BASE_LEVELS: tuple[int, ...] = (1, 10, 20)
"""What ``auto`` measures of every configuration: so there are levels at which to compare them."""
ONWARD_LEVELS: tuple[int, ...] = (40, 80, 160, 320)
"""What it goes on to while throughput grows,"""
BETWEEN_LEVELS: tuple[int, ...] = (2, 3, 5, 15, 30, 60, 120, 240)
"""and what it fills in around the knee."""
MOST_USERS = 10_000
MOST_REQUESTS = 10**7
MOST_REPEATS = 50
MOST_SECONDS = 366 * 24 * 3600
MOST_SEED = 2**31
REQUESTS_PER_USER = 10
MIN_SECONDS = 3.0
MAX_SECONDS = 8.0
CELL_OVERHEAD_SECONDS = 2.5
TARGET_START_SECONDS = 5.0


Variant = tuple[str, str]
"""(deployment, configuration)"""


@dataclass(frozen=True, kw_only=True)
class CellKey:
    """Which cell: its folder's name and nothing else."""

    deployment: str
    config: str
    concurrency: int
    repeat: int

    @property
    def variant(self) -> Variant:
        return self.deployment, self.config

    @property
    def path(self) -> str:
        return cell_name(self.deployment, self.config, Point.of_users(self.concurrency), self.repeat)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything a sweep was asked for; kept in run.json so that ``--resume`` needs nothing else.

    The fields' bounds are those of the command line; they hold for what is read (`from_json`).
    """

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")

    name: str
    targets: Annotated[tuple[Target, ...], Field(min_length=1)]
    configs: Annotated[tuple[str, ...], Field(min_length=1)]
    levels: Annotated[tuple[Annotated[int, Field(ge=1, le=MOST_USERS)], ...], Field(min_length=1)]
    auto: bool
    max_level: Annotated[int | None, Field(ge=1)] = None
    requests: Annotated[int, Field(ge=1, le=MOST_REQUESTS)] = 50
    warmup_requests: Annotated[int, Field(ge=0, le=MOST_REQUESTS)] = 5
    repeats: Annotated[int, Field(ge=1, le=MOST_REPEATS)] = 2
    settings: dict[str, str] = field(default_factory=dict)
    budget_seconds: Annotated[float | None, Field(gt=0, le=MOST_SECONDS)] = None
    seed: Annotated[int, Field(ge=0, le=MOST_SEED)] = 0
    locust_args: tuple[str, ...] = ()
    cpus: str = SHARED
    """One of `sweep.running.cpus.FORMS`; a plan older than the option had them shared."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, raw: Any) -> Plan:
        """Raises UsageError for what is no plan of this version."""
        try:
            return TypeAdapter(cls).validate_python(raw)
        except ValidationError as error:
            wrong = [(".".join(map(str, one["loc"])), one["msg"]) for one in error.errors()]
            said = "; ".join(f"{place}: {why[:1].lower()}{why[1:]}" for place, why in wrong)
            raise UsageError(f"its plan is not one of this version's: {said}") from error

    @property
    def starts_targets(self) -> bool:
        return any(target.kind.started for target in self.targets)

    @property
    def needs_llm(self) -> bool:
        """Is there a target that is told where its LLM is?"""
        return any(target.kind.reaches_loopback for target in self.targets)

    def requests_at(self, concurrency: int) -> int:
        return max(self.requests, REQUESTS_PER_USER * concurrency)

    def cells(self) -> list[CellKey]:
        """Every cell known before the sweep starts (``auto`` may add levels beyond these)."""
        return [
            CellKey(deployment=target.label, config=config, concurrency=level, repeat=repeat)
            for repeat in range(1, self.repeats + 1)
            for target in self.targets
            for config in self.configs
            for level in self.levels
        ]

    def shuffled(self, cells: Iterable[CellKey]) -> list[CellKey]:
        """Cells of one repeat in random order, the same for the same seed whichever others there are.

        The first repeat begins with the lowest level: what cannot answer few users is not asked by many.
        """

        def place(cell: CellKey) -> tuple[bool, float]:
            first = cell.repeat == 1 and cell.concurrency == min(self.levels)
            return not first, random.Random(f"{self.seed}/{cell.path}").random()

        return sorted(cells, key=place)

    def search_levels(self) -> tuple[int, ...]:
        """All levels that ``auto`` may ask a configuration at, rising."""
        if not self.auto:
            return ()
        levels = sorted({*self.levels, *ONWARD_LEVELS, *BETWEEN_LEVELS})
        return tuple(n for n in levels if self.max_level is None or n <= self.max_level)

    def onward_levels(self) -> tuple[int, ...]:
        """The levels ``auto`` goes on to, past the ones that are always measured; the highest is the last."""
        above = [n for n in self.search_levels() if n > max(self.levels)]
        return tuple(n for n in above if n in ONWARD_LEVELS or n == above[-1])

    @property
    def variants(self) -> tuple[Variant, ...]:
        return tuple((target.label, config) for target in self.targets for config in self.configs)


def resolved(plan: Plan) -> Plan:
    """The plan with its configurations: all four where none was, or ``as-is`` where not
    every target knows them."""
    if plan.configs:
        return plan
    known = all(target.kind.has_mocks for target in plan.targets)
    return replace(plan, configs=CONFIGURATIONS if known else (AS_IS,))
