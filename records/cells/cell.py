"""cell.json: what one cell was asked for, what it achieved, and whether to believe it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, get_args

from records.cells.cpus import CpuDivision
from records.cells.layout import cell_name
from records.cells.levels import LoadStages
from records.cells.other_programs import OtherProgram
from records.cells.point import Point
from records.errors import RecordError
from records.services.served import paths_of

SCHEMA_VERSION = 1
Status = Literal["pass", "fail", "n/a"]
STATUSES: frozenset[str] = frozenset(get_args(Status))


@dataclass(frozen=True, kw_only=True)
class Check:
    """One reason to believe a cell or not: a figure held against a bound, in a sentence."""

    name: str
    status: Status
    figure: float | str | None = None
    bound: float | str | None = None
    text: str = ""
    """What was found; where it failed, with ``advice`` behind a semicolon."""
    advice: str = ""
    """What to do about it; empty in older cells, where it stands in the text alone."""

    @property
    def found(self) -> str:
        """The text without the advice."""
        return self.text.removesuffix(f"; {self.advice}") if self.advice else self.text

    @classmethod
    def bounded(
        cls, name: str, figure: float, bound: float, text: str, *, at_most: bool = True, advice: str = ""
    ) -> Check:
        """Passes while ``figure`` is at most (or, without ``at_most``, at least) ``bound``. ``advice``: what
        to do where it fails."""
        good = figure <= bound if at_most else figure >= bound
        status: Status = "pass" if good else "fail"
        said = text if good or not advice else f"{text}; {advice}"
        return cls(
            name=name,
            status=status,
            figure=round(figure, 4),
            bound=bound,
            text=said,
            advice="" if good else advice,
        )


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A cell is valid when it was checked, and none of its checks failed."""

    checks: tuple[Check, ...] = ()

    @property
    def valid(self) -> bool:
        return bool(self.checks) and not self.failures

    @property
    def failures(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if check.status == "fail")

    def merged(self, other: tuple[Check, ...]) -> Verdict:
        """This verdict with ``other``'s checks in place of those of the same name, or added."""
        by_name = {check.name: check for check in self.checks} | {check.name: check for check in other}
        return Verdict(checks=tuple(by_name.values()))


@dataclass(frozen=True, kw_only=True)
class Window:
    """When a cell's rate is counted: from the end of warm-up to the first idle user (Unix ns)."""

    start_ns: int
    end_ns: int

    @property
    def seconds(self) -> float:
        return (self.end_ns - self.start_ns) / 1e9


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One measurement: one configuration of one deployment at one concurrency, once."""

    deployment: str
    config: str
    concurrency: int
    repeat: int
    complete: bool = False
    requested: dict[str, Any] = field(default_factory=dict)
    achieved: dict[str, Any] = field(default_factory=dict)
    """At least ``window`` {start_ns, end_ns} or None, ``records``, ``requests``, ``failures``,
    ``aborted``; with a shape ``level_unit`` and ``levels`` (`records.cells.levels`)."""
    settings: dict[str, Any] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)
    """``Class@executor`` of each stage, as the service said; empty where it did not, as in older cells."""
    verdict: Verdict = field(default_factory=Verdict)
    workload: str = "stream"
    """What kind of request it asks: by that it is measured and believed."""
    factors: Point | None = None
    """Where it stands, if more than its number of users says that."""
    other_programs: tuple[OtherProgram, ...] | None = None
    """The busiest of the machine meanwhile. None: nobody looked, as of a load that no sweep made, or that was
    made elsewhere."""

    @property
    def point(self) -> Point:
        return (self.factors or Point.of_users(self.concurrency)).with_users(self.concurrency)

    @property
    def code(self) -> str:
        """The digest of the service's code; empty: not known."""
        service = self.requested.get("service")
        return str(service.get("code") or "") if isinstance(service, dict) else ""

    @property
    def division(self) -> CpuDivision:
        """How the CPUs were divided for it."""
        return CpuDivision.from_json(self.requested.get("cpus"))

    @property
    def window(self) -> Window | None:
        raw = self.achieved.get("window")
        return Window(**raw) if raw else None

    @property
    def levels(self) -> LoadStages | None:
        """Those that a shape went through; None of a load without one."""
        return LoadStages.from_achieved(self.achieved)

    @property
    def name(self) -> str:
        return cell_name(self.deployment, self.config, self.point, self.repeat)

    def to_json(self) -> dict[str, Any]:
        checks = [asdict(check) for check in self.verdict.checks]
        raw = asdict(replace(self, verdict=Verdict(), factors=None))
        del raw["factors"]
        return {
            "schema_version": SCHEMA_VERSION,
            **raw,
            "point": self.point.to_json(),
            "verdict": {"valid": self.verdict.valid, "checks": checks},
        }

    @classmethod
    def from_json(cls, raw: Any) -> Cell:
        """Raises RecordError for what is not a cell of this schema version."""
        if not isinstance(raw, dict) or raw.get("schema_version") != SCHEMA_VERSION:
            found = raw.get("schema_version") if isinstance(raw, dict) else type(raw).__name__
            raise RecordError(f"cell.json has schema version {found!r}; this version reads {SCHEMA_VERSION}")
        try:
            checks = tuple(Check(**check) for check in raw["verdict"]["checks"])
            if strange := [check.status for check in checks if check.status not in STATUSES]:
                raise ValueError(f"unknown status {strange[0]!r}")
            if any(
                type(text) is not str for check in checks for text in (check.name, check.text, check.advice)
            ):
                raise ValueError("the name, the text or the advice of a check is none")
            cell = cls(
                deployment=str(raw["deployment"]),
                config=str(raw["config"]),
                concurrency=int(raw["concurrency"]),
                repeat=int(raw["repeat"]),
                complete=bool(raw["complete"]),
                requested=dict(raw["requested"]),
                achieved=dict(raw["achieved"]),
                settings=dict(raw["settings"]),
                paths=paths_of(raw.get("paths")),
                verdict=Verdict(checks=checks),
                workload=str(raw.get("workload", "stream")),
                factors=Point.from_json(raw.get("point"), int(raw["concurrency"])),
                other_programs=_others(raw.get("other_programs")),
            )
            window = cell.window
            if window and not (type(window.start_ns) is type(window.end_ns) is int):
                raise ValueError(f"the window is {cell.achieved['window']!r}")
            _ = cell.levels  # raises, if they are none
            for key, none in (("connects", 0), ("connect_ms", None)):
                value = cell.achieved.get(key, none)
                if value is not none and type(value) not in (int, float):
                    raise ValueError(f"{key} is {value!r}")
            return cell
        except (KeyError, TypeError, ValueError) as error:
            raise RecordError(f"cell.json is not a cell: {error!r}") from error


def _others(raw: Any) -> tuple[OtherProgram, ...] | None:
    """Raises KeyError, TypeError or ValueError for what is none."""
    return None if raw is None else tuple(map(OtherProgram.from_json, raw))
