"""What a sweep will do, decided once before anything starts. Values only: no clock, no I/O."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from itertools import product
from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from records.cells.cpus import SHARED
from records.cells.point import RATE, Point
from records.evidence.probe import MOST_PATHS
from records.evidence.scrape import METAVAR
from records.options.seed import SWEEPS, drawn
from records.services.fixes import TriedFix
from records.services.variants import MOCKS, Variant
from sweep.planning import bounds
from sweep.planning.auto_levels import ONWARD_LEVELS, levels_of, through
from sweep.planning.cell_key import CellKey, Series, Service
from sweep.planning.grid import MOST_USERS, Factor, combinations
from sweep.planning.option import Option
from sweep.planning.target import Target
from sweep.running.cpus import AUTO
from sweep.running.errors import UsageError

STREAM = "stream"
"""The scenario that is driven where no other one is named."""
REQUESTS_PER_USER = 10
MIN_SECONDS = 3.0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything a sweep was asked for; kept in run.json so that ``--resume`` needs nothing else.

    The fields' bounds are those of the command line; they hold for what is read (`from_json`).
    """

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")

    targets: Annotated[tuple[Target, ...], Field(min_length=1)]
    variants: Annotated[tuple[Variant, ...], Field(min_length=1)]
    levels: tuple[Annotated[int, Field(ge=1, le=MOST_USERS)], ...]
    """Users at a time; none where the loop is open."""
    auto: bool
    grid: tuple[Factor, ...] = ()
    """The factors besides users."""
    max_level: Annotated[int | None, Field(ge=1)] = None
    settings: dict[str, str] = field(default_factory=dict)
    budget_seconds: Annotated[float | None, Field(gt=0, le=bounds.MOST_SECONDS)] = None
    locust_args: tuple[str, ...] = ()
    # Options of the command, in the order of its help; it is more than they that made the fields above.
    reference: Annotated[
        str | None,
        Option(
            "The variant that the others are compared with. [default: baseline, else the first one given]",
            metavar="NAME",
        ),
    ] = None
    scenario: Annotated[str, Option("What is asked: locustfiles/NAME.py.", metavar="NAME")] = STREAM
    workers: Annotated[
        int,
        Field(ge=0, le=bounds.MOST_WORKERS),
        Option("Load workers, a process each (locust --processes); 0: one process makes the whole load."),
    ] = 0
    regions: Annotated[
        str,
        Option(
            "Load workers in each of these, behind links (mocks.wan) with this round trip, bandwidth and "
            "loss: us-east-1=5ms,eu-west-1=35ms/10mbit/0.1%; /cut@4s: cut off so long after its first "
            "connection. --workers is then how many a region. [default: none, and no link]",
            metavar="NAME=DELAY,...",
        ),
    ] = ""
    requests: Annotated[
        int,
        Field(ge=1, le=bounds.MOST_REQUESTS),
        Option(
            "Requests a cell (one measurement), at least 10 a user, as far as --max-seconds allows.",
            envvar="TOTAL_REQUESTS",
        ),
    ] = 50
    max_seconds: Annotated[
        int,
        Field(ge=1, le=bounds.MOST_SECONDS),
        Option("End a cell this long after its warm-up, its requests done or not.", metavar="SECONDS"),
    ] = bounds.MAX_SECONDS
    warmup_requests: Annotated[
        int,
        Field(ge=0, le=bounds.MOST_REQUESTS),
        Option("Requests left out at a cell's start (at least one a user).", envvar="WARMUP_REQUESTS"),
    ] = 5
    repeats: Annotated[
        int,
        Field(ge=1, le=bounds.MOST_REPEATS),
        Option("How often everything is measured, each time with fresh targets."),
    ] = 2
    seed: Annotated[
        int,
        Field(ge=0, le=bounds.MOST_SEED),
        Option(SWEEPS, default=drawn),  # 0 in a plan older than that
    ] = 0
    name: Annotated[str, Option("The end of the results directory's name.", default="sweep")]
    cpus: Annotated[
        str,
        Option(
            "CPUs of the load (Locust, LLM server, profiler) and of the targets, as taskset lists them "
            "(0:1, 0,2:1,3-5). auto: the first for the load, the rest for the targets; shared where there "
            "is only one, and with a running service, which is not ours to pin: there only LOAD of "
            "LOAD:TARGET counts.",
            metavar="auto|shared|LOAD:TARGET",
            default=AUTO,  # a plan older than the option had them shared
        ),
    ] = SHARED
    inside: Annotated[
        bool,
        Option(
            "Look into what is started, if that is Python with an asyncio loop or a server that answers in "
            "threads (gunicorn, waitress, Werkzeug): where requests wait, and what holds the loop, into "
            "inside.jsonl of each cell. A thread that PYTHONPATH brings into each process.",
            default=True,  # in no plan older than the option
        ),
    ] = False
    dial: Annotated[
        bool,
        Option(
            "Have the reference app slow one stage at a time by 10, 20 and 40 %, in short windows of "
            "random order: how much does each stage matter? A cell takes 100 s then, and the defaults are "
            "--repeats 1, --concurrency 1,10,20 and --config baseline.",
        ),
    ] = False
    probes: Annotated[
        bool,
        Option(
            "Connect to the service and GET --probe-path in turn, every 100 ms, each on its own connection.",
            default=True,  # in no plan older than the option
        ),
    ] = False
    probe_paths: Annotated[
        tuple[bounds.ProbePath, ...],
        Field(max_length=MOST_PATHS),
        Option(
            "A cheap path of the service, probed some times a second while it is loaded; repeatable, "
            f"{MOST_PATHS} at most. [default: --ready-path; /health of local and url:]",
            flag="--probe-path",
            metavar="PATH",
        ),
    ] = ()
    scrape: Annotated[
        tuple[str, ...],
        Option(
            "Keep with each cell what a service says at a URL in Prometheus's format, as vLLM, TEI and "
            "Qdrant do: {target} in it is where the target is; SERIES are names, * is any text. "
            "Repeatable. [default: what the reference app says of itself, as app]",
            metavar=METAVAR,
        ),
    ] = ()
    otlp: Annotated[
        bool,
        Option(
            "Have what is started send its OpenTelemetry spans here (OTLP over HTTP), into spans.jsonl of "
            "each cell: stage times by the GenAI conventions' names (embeddings, retrieval, chat), where the "
            "service gives none. An app has to take the header traceparent.",
        ),
    ] = False
    stacks: Annotated[
        bool,
        Option(
            "Take stacks of all threads of what is started, from outside by py-spy, once in 4 seconds: for "
            "Python apps that --inside cannot enter, and to see who holds the interpreter's lock.",
        ),
    ] = False
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
    def starts_here(self) -> bool:
        """Is any started on this machine, whose CPUs are then divided?"""
        return any(target.kind.started and not target.kind.elsewhere for target in self.targets)

    @property
    def starts_targets(self) -> bool:
        return any(target.kind.started for target in self.targets)

    @property
    def has_quota(self) -> bool:
        """Is there a target whose CPU is limited by time? Then none is kept on some CPUs."""
        return any(target.kind.has_quota for target in self.targets)

    @property
    def needs_llm(self) -> bool:
        """Is there a target that is told where its LLM is?"""
        return any(target.kind.reaches_loopback for target in self.targets)

    @property
    def processes(self) -> int:
        """Of load workers; 0: one process makes all of the load."""
        regions = self.regions.count(",") + 1 if self.regions else 0
        return regions * max(1, self.workers) if regions else self.workers

    @property
    def cell_seconds(self) -> tuple[float, float]:
        """The shortest and the longest that a cell is measured."""
        longest = bounds.DIAL_SECONDS if self.dial else float(self.max_seconds)
        return (longest if self.dial else min(MIN_SECONDS, longest)), longest

    def requests_at(self, point: Point) -> int:
        if self.dial:  # it ends by the clock
            return bounds.MOST_REQUESTS
        rate = point.get(RATE)
        users = REQUESTS_PER_USER * (point.users or 1)
        return max(self.requests, round(MIN_SECONDS * rate) if isinstance(rate, (int, float)) else users)

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
        keys = product(range(1, self.repeats + 1), self.services, self.points())
        return [CellKey(deployment=where, config=what, point=at, repeat=n) for n, (where, what), at in keys]

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
        each = sum(self.cell_seconds) / 2 + bounds.CELL_OVERHEAD_SECONDS
        each += bounds.PROBES_SECONDS if self.probes else 0.0
        starts = self.repeats * len(self.services) if self.starts_targets else 0
        return cells * each + starts * bounds.TARGET_START_SECONDS

    def search_levels(self, knee: int | None = None) -> tuple[int, ...]:
        """All levels that ``auto`` may ask a variant at, rising; ``knee``: a predicted one has its own."""
        if not self.auto:
            return ()
        levels = [n for n in levels_of(self.levels, knee) if n >= self.levels[0]]  # each region has a user
        return tuple(n for n in levels if self.max_level is None or n <= self.max_level)

    def onward_levels(self, knee: int | None = None) -> tuple[int, ...]:
        """The levels ``auto`` goes on to, past the ones that are always measured; the highest is the last."""
        if not self.auto:
            return ()  # an open loop's has none at all
        top = max(self.levels)
        above = [n for n in self.search_levels(knee) if n > top]
        beyond = through(knee, top)
        return tuple(n for n in above if n in (beyond or ONWARD_LEVELS) or n == above[-1])

    @property
    def services(self) -> tuple[Service, ...]:
        return tuple((target.label, variant.name) for target in self.targets for variant in self.variants)

    @property
    def series(self) -> tuple[Series, ...]:
        return tuple((*service, others) for service in self.services for others in combinations(self.grid))
