"""What a sweep will do, decided once before anything starts. Values only: no clock, no I/O."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, ValidationError

from records.fixes import TriedFix
from records.layout import cell_name
from records.point import RATE, Point
from records.probes import MOST_PATHS
from records.secret_names import path_trouble
from records.served import AS_IS
from records.variants import MOCKS, Variant
from sweep.grid import MOST_USERS, Factor, combinations
from sweep.running.cpus import AUTO, SHARED, Cpus, divide
from sweep.running.errors import UsageError
from sweep.target import Target

ONWARD_LEVELS: tuple[int, ...] = (40, 80, 160, 320)
"""What it goes on to while throughput grows,"""
BETWEEN_LEVELS: tuple[int, ...] = (2, 3, 5, 15, 30, 60, 120, 240)
"""and what it fills in around the knee."""
MOST_REQUESTS = 10**7
MOST_REPEATS = 50
MOST_SECONDS = 366 * 24 * 3600
MOST_SEED = 2**31
MOST_WORKERS = 64
STREAM = "stream"
"""The scenario that is driven where no other one is named."""
REQUESTS_PER_USER = 10
MIN_SECONDS = 3.0
MAX_SECONDS = 8.0
DIAL_SECONDS = 100.0
"""Of a cell with the dial: two stages are slowed about 16 times each in windows of 1.5 seconds."""
CELL_OVERHEAD_SECONDS = 2.5
PROBES_SECONDS = 1.5
"""From the start of a cell's probes until enough are taken for its load to begin."""
TARGET_START_SECONDS = 5.0

LONGEST_NAME = 60
"""Of a variant that is called by its settings."""


def _checked_path(path: str) -> str:
    if trouble := path_trouble("--probe-path", path):
        raise ValueError(trouble)
    return path


ProbePath = Annotated[str, AfterValidator(_checked_path)]
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


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything a sweep was asked for; kept in run.json so that ``--resume`` needs nothing else.

    The fields' bounds are those of the command line; they hold for what is read (`from_json`).
    """

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")

    name: str
    targets: Annotated[tuple[Target, ...], Field(min_length=1)]
    variants: Annotated[tuple[Variant, ...], Field(min_length=1)]
    levels: tuple[Annotated[int, Field(ge=1, le=MOST_USERS)], ...]
    """Users at a time; none where the loop is open."""
    auto: bool
    grid: tuple[Factor, ...] = ()
    """The factors besides users."""
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
    scrape: tuple[str, ...] = ()
    """What is scraped beside what a target says of itself, as it was given (`records.scrape`)."""
    reference: str | None = None
    """The variant that others are compared with; None: `baseline`, else the first one."""
    scenario: str = STREAM
    workers: Annotated[int, Field(ge=0, le=MOST_WORKERS)] = 0
    """Locust's processes beside its master; none: it is a process by itself."""
    inside: bool = False
    """Is it looked into the processes of what the sweep starts? In no plan older than the option."""
    probes: bool = False
    """Is each target probed from outside? By a plan older than the option it was not."""
    dial: bool = False
    """Does the reference app slow its stages in turn?"""
    probe_paths: Annotated[tuple[ProbePath, ...], Field(max_length=MOST_PATHS)] = ()
    """What they ask for; none: `Target.cheap_path`."""
    fixes: tuple[TriedFix, ...] = ()
    """Which of the variants are fixes of what was found in another run."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, raw: Any) -> Plan:
        """An older plan has ``configs``, names alone. Raises UsageError for what is no plan of ours."""
        if isinstance(raw, dict) and isinstance(names := raw.get("configs"), list):
            known = {"variants": [asdict(MOCKS.get(str(name), Variant(name=str(name)))) for name in names]}
            raw = {key: value for key, value in raw.items() if key != "configs"} | known
        try:
            plan = TypeAdapter(cls).validate_python(raw)
            if not plan.levels and RATE not in dict(plan.grid):
                raise ValueError("there are neither users nor a rate")
            plan.points()
            return plan
        except ValidationError as error:  # a ValueError, too
            wrong = [(".".join(map(str, one["loc"])), one["msg"]) for one in error.errors()]
            said = "; ".join(f"{place}: {why[:1].lower()}{why[1:]}" for place, why in wrong)
            raise UsageError(f"its plan is not one of this version's: {said}") from error
        except ValueError as error:
            raise UsageError(f"its plan is not one of this version's: grid: {error}") from error

    @property
    def starts_targets(self) -> bool:
        return any(target.kind.started for target in self.targets)

    @property
    def has_quota(self) -> bool:
        """Is there a target whose CPU is limited by time? Then none is kept on some CPUs."""
        return any(target.kind.has_quota for target in self.targets)

    def divided(self, usable: Sequence[int]) -> Cpus:
        """The CPUs as they are divided: not at all beside a quota. Raises UsageError."""
        if self.has_quota:
            if self.cpus not in (AUTO, SHARED):
                raise UsageError(
                    f"--cpus {self.cpus} keeps targets on CPUs, which would hide what a quota does"
                )
            return divide(SHARED, usable)
        return divide(self.cpus, usable)

    @property
    def needs_llm(self) -> bool:
        """Is there a target that is told where its LLM is?"""
        return any(target.kind.reaches_loopback for target in self.targets)

    @property
    def cell_seconds(self) -> tuple[float, float]:
        """The shortest and the longest that a cell is measured."""
        return (DIAL_SECONDS, DIAL_SECONDS) if self.dial else (MIN_SECONDS, MAX_SECONDS)

    def requests_at(self, point: Point) -> int:
        if self.dial:  # it ends by the clock
            return MOST_REQUESTS
        rate = point.get(RATE)
        wanted = (
            MIN_SECONDS * rate if isinstance(rate, (int, float)) else REQUESTS_PER_USER * (point.users or 1)
        )
        return max(self.requests, round(wanted))

    def settings_of(self, name: str) -> dict[str, str]:
        """What the variant of that name is set to: the common settings, and its own before them."""
        return {**self.settings, **self.variant(name).settings}

    def variant(self, name: str) -> Variant:
        return next(variant for variant in self.variants if variant.name == name)

    def points(self) -> list[Point]:
        """Those known before the sweep starts (``auto`` may add levels beyond these)."""
        others = list(combinations(self.grid))
        return [point.at(users) for point in others for users in self.levels] if self.levels else others

    def cells(self) -> list[CellKey]:
        """Every cell known before the sweep starts."""
        return [
            CellKey(deployment=deployment, config=config, point=point, repeat=repeat)
            for repeat in range(1, self.repeats + 1)
            for deployment, config in self.services
            for point in self.points()
        ]

    def shuffled(self, cells: Iterable[CellKey]) -> list[CellKey]:
        """Cells of one repeat in random order, the same for the same seed whichever others there are.

        The first repeat begins with the lowest load: what cannot answer few users is not asked by many.
        """
        lowest = min(self.levels) if self.levels else min(dict(self.grid)[RATE])

        def place(cell: CellKey) -> tuple[bool, float]:
            few = lowest in (cell.point.users, cell.point.get(RATE))
            return not (few and cell.repeat == 1), random.Random(f"{self.seed}/{cell.path}").random()

        return sorted(cells, key=place)

    def seconds_of(self, cells: int) -> float:
        """A first guess at what so many cells take, with the starts of all targets."""
        each = sum(self.cell_seconds) / 2 + CELL_OVERHEAD_SECONDS
        each += PROBES_SECONDS if self.probes else 0.0
        starts = self.repeats * len(self.services) if self.starts_targets else 0
        return cells * each + starts * TARGET_START_SECONDS

    def search_levels(self) -> tuple[int, ...]:
        """All levels that ``auto`` may ask a variant at, rising."""
        if not self.auto:
            return ()
        levels = sorted({*self.levels, *ONWARD_LEVELS, *BETWEEN_LEVELS})
        return tuple(n for n in levels if self.max_level is None or n <= self.max_level)

    def onward_levels(self) -> tuple[int, ...]:
        """The levels ``auto`` goes on to, past the ones that are always measured; the highest is the last."""
        above = [n for n in self.search_levels() if n > max(self.levels)]
        return tuple(n for n in above if n in ONWARD_LEVELS or n == above[-1])

    @property
    def services(self) -> tuple[Service, ...]:
        return tuple((target.label, variant.name) for target in self.targets for variant in self.variants)

    @property
    def series(self) -> tuple[Series, ...]:
        return tuple((*service, others) for service in self.services for others in combinations(self.grid))


def resolved(plan: Plan) -> Plan:
    """The plan with its variants: the four mocks where none was given; where not every target knows them, one
    that is called by what is set, or ``as-is`` where nothing is."""
    if plan.variants:
        return plan
    if all(target.kind.has_mocks for target in plan.targets):
        return replace(plan, variants=tuple(MOCKS.values()))
    if plan.settings and all(target.kind.configurable for target in plan.targets):
        return replace(plan, variants=(Variant(name=called(plan.settings), settings=dict(plan.settings)),))
    return replace(plan, variants=(Variant(name=AS_IS),))


def called(settings: Mapping[str, str]) -> str:
    """A name, also of a folder, that says what is set: ``WORKERS-4``; reports tell long ones apart."""
    text = "_".join(f"{name}-{value}" for name, value in settings.items())
    return re.sub(r"[^A-Za-z0-9_.]+", "-", text)[:LONGEST_NAME].rstrip("-._")
