"""A finding: what holds a service back, on what that rests, and what mending it would give."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from reports.analysis.analysis import Analysis
from reports.analysis.subject import Subject

Binds = Literal["throughput", "latency", "next", "nothing"]
"""What it holds back. ``next``: throughput, once what does so now is mended; ``nothing``: it is good to know
all the same, as that an app still scales."""
Confidence = Literal["shown", "likely", "possible"]
"""``shown``: chance and other causes are excluded, as by an interval or a comparison; ``likely``: it fits all
that was measured; ``possible``: it fits, as others would. Best first."""
Severity = Literal["high", "medium", "low", "info"]
"""How much it costs whoever uses the service; worst first."""


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What it costs: a figure as it is, and as it would be without this."""

    figure: str
    """By its title: RPS, TTFT p95."""
    unit: str = ""
    now: float
    mended: float | None = None
    """None: not known."""
    low: float | None = None
    high: float | None = None
    """Of ``mended``: an interval of 95 %. Without ``high`` it is known as "at least" only."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """One figure that it rests on."""

    figure: str
    value: float
    unit: str = ""
    low: float | None = None
    high: float | None = None
    """An interval of 95 %, where it has one."""

    def to_json(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One part of the diagnosis. Only the renderer makes sentences of it (`reports.words.diagnosis`)."""

    code: str
    """Its name, small letters and hyphens: ``slow-first-request``. Reports and programs know it by that."""
    about: Subject
    where: str = ""
    """The line of the service's own code, ``retrieve (app.py:12)``; empty: none, or not known."""
    binds: Binds
    confidence: Confidence
    severity: Severity
    effect: Effect | None = None
    """None: it costs nothing, or what it costs is not known."""
    evidence: tuple[Evidence, ...]
    advice: str
    """What to do about it, or to measure next: a sentence without its full stop."""
    compares_loads: bool = True
    """Does it rest on two loads? Then it is hardly sure where no repeat has both. It is in no JSON: what
    follows from it is in the confidence and the evidence."""

    @property
    def rank(self) -> tuple[int, int]:
        """The lowest is the first: by severity, then by confidence."""
        return get_args(Severity).index(self.severity), get_args(Confidence).index(self.confidence)

    def to_json(self) -> dict[str, Any]:
        """Its fields; ``about``: the deployment and the configuration, and the load where it is at one."""
        kept = {name: value for name, value in asdict(self).items() if name != "compares_loads"}
        return kept | {
            "about": self.about.to_json(),
            "evidence": [one.to_json() for one in self.evidence],
        }


Finder = Callable[[Analysis], Iterator[Finding]]
"""A pure function: it reads the analysis and nothing else."""
