"""What a case came to: its real loss, and what the report says of its planted variant, names blanked."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson
from plants.blanking import Blanking
from plants.case import PLANTED, Case
from plants.sweeping import ROOT, Failed

from records.cells import layout
from records.cells.point import Point
from records.files import read_json

LOSS = 0.15
CLEAR_OF = 0.05
REPORT_S = 120.0


@dataclass(frozen=True, kw_only=True)
class Loss:
    """Planted over healthy at the heavy load, with its interval of 95 %: below 1 for RPS, above 1 for TTFT
    where something is lost. ``compared``: both were valid, and the report compared them itself."""

    value: float
    low: float
    high: float
    compared: bool

    @classmethod
    def none(cls) -> Loss:
        """Nothing is lost, for certain."""
        return cls(value=1.0, low=1.0, high=1.0, compared=True)

    def counts(self, *, more_is_better: bool) -> bool:
        if more_is_better:
            return self.value <= 1 - LOSS and self.high <= 1 - CLEAR_OF
        return self.value >= 1 + LOSS and self.low >= 1 + CLEAR_OF


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One case at one dose."""

    case: str
    dose: str
    right_codes: tuple[tuple[str, ...], ...]
    rps: Loss | None
    ttft: Loss | None
    findings: tuple[dict[str, Any], ...]
    """The whole ranked list, as the report gives it."""
    gain: tuple[float, float, float] | None = None
    """How many times the answers a second mending really gives, and its interval; None: it was not measured,
    or the healthy side is not what the advice makes of the planted one (`plants.case.Mending`)."""
    valid_cells: int
    cells: int
    spoiled_by: tuple[str, ...] = ()
    """The checks that cells failed,"""
    own_faults: tuple[str, ...] = ()
    """and those that the plant fails by itself."""
    is_healthy: bool = False

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(str(finding["code"]) for finding in self.findings)

    @property
    def predicted(self) -> tuple[float, float | None, float | None] | None:
        """The same as the first finding predicts it, which may have no interval."""
        effect = self.findings[0].get("effect") if self.findings else None
        if not effect or effect["unit"] or not effect["mended"] or not effect["now"]:
            return None
        low, high = (effect[end] and effect[end] / effect["now"] for end in ("low", "high"))
        return effect["mended"] / effect["now"], low, high

    @property
    def counted(self) -> bool:
        """A healthy app has nothing to lose: it counts as soon as it was measured. A loss of cells that are
        not valid is none, but where the plant itself is what makes them so."""
        if self.is_healthy:
            return self.valid_cells > 0 and not self.spoiled_by
        if not set(self.spoiled_by) <= set(self.own_faults):
            return False
        lost_rps = self.rps is not None and self.rps.counts(more_is_better=True)
        return lost_rps or (self.ttft is not None and self.ttft.counts(more_is_better=False))

    @property
    def right(self) -> bool:
        if len(self.right_codes) == 1:
            return self.codes[:1] != () and self.codes[0] in self.right_codes[0]
        places = [
            min((i for i, code in enumerate(self.codes) if code in group), default=None)
            for group in self.right_codes
        ]
        known = [place for place in places if place is not None]
        return len(known) == len(places) and known[0] == min(known)

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "codes": self.codes, "counted": self.counted, "right": self.right}

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> Judged:
        known = {name: raw[name] for name in cls.__dataclass_fields__ if name in raw}
        for name in ("rps", "ttft"):
            known[name] = None if raw[name] is None else Loss(**raw[name])
        known["gain"] = tuple(raw["gain"]) if raw.get("gain") else None
        for name in ("spoiled_by", "own_faults"):
            known[name] = tuple(raw.get(name, ()))
        known["right_codes"] = tuple(tuple(group) for group in raw["right_codes"])
        return cls(**{**known, "findings": tuple(raw["findings"])})


def judge(case: Case, dose: str, run: Path, blanked: Path) -> Judged:
    """The copy is made in ``blanked``, and stays there. Raises Failed, OSError, RecordError."""
    results = read_json(run / layout.RESULTS)
    rps = loss(results, case.heavy, "rps")
    blanked.mkdir(parents=True)
    Blanking().copy(run, PLANTED, blanked)
    verdicts = results["verdicts"]
    return Judged(
        case=case.name,
        dose=dose,
        right_codes=case.right,
        rps=rps,
        gain=_gain(results, case, rps),
        ttft=loss(results, case.heavy, "ttft"),
        findings=tuple(reported(blanked)["findings"]),
        valid_cells=sum(verdict["valid"] for verdict in verdicts),
        cells=len(verdicts),
        spoiled_by=_spoiled_by(results, case.heavy),
        own_faults=case.own_faults,
        is_healthy=case.is_healthy,
    )


def _gain(results: dict[str, Any], case: Case, rps: Loss | None) -> tuple[float, float, float] | None:
    """Healthy over planted; where what was planted still takes its time once nobody queues for it, as many
    times less as a light load gets with it. The two ratios' half-widths, in logarithms, add as squares do."""
    if rps is None or not rps.compared or case.mending == "other":
        return None
    alone = loss(results, case.light, "rps") if case.mending == "waits" else Loss.none()
    if alone is None or not alone.compared:
        return None
    value = alone.value / rps.value
    below = math.hypot(math.log(alone.value / alone.low), math.log(rps.high / rps.value))
    above = math.hypot(math.log(alone.high / alone.value), math.log(rps.value / rps.low))
    return value, value * math.exp(-below), value * math.exp(above)


def _spoiled_by(results: dict[str, Any], heavy: Point) -> tuple[str, ...]:
    """What cells of a heavy load failed that has no valid one of each variant."""
    compared = [one for one in results["comparisons"] if one["load"] == heavy.label and one["rps"]]
    failed = {
        check["name"]
        for verdict in results["verdicts"]
        if not compared and verdict["cell"].rpartition("/")[2].startswith(f"{heavy.folder}-")
        for check in verdict["checks"]
        if check["status"] == "fail"
    }
    return tuple(sorted(failed))


def reported(directory: Path) -> dict[str, Any]:
    """What `report --json` says. Raises Failed."""
    argv = [sys.executable, "-m", "reports", str(directory), "--json"]
    ran = subprocess.run(argv, cwd=ROOT, capture_output=True, timeout=REPORT_S)
    if ran.returncode not in (0, 3):
        raise Failed(f"report ended with {ran.returncode}: {ran.stderr.decode(errors='replace')[-300:]}")
    found: dict[str, Any] = orjson.loads(ran.stdout)
    return found


def loss(results: dict[str, Any], heavy: Point, figure: str) -> Loss | None:
    """From the report's comparison; where a cell was not valid (as one behind a buffer is), from both sides'
    own figures, whose intervals make a wider one."""
    for compared in results["comparisons"]:
        ratio = compared[figure]
        if compared["load"] != heavy.label or compared["config"] != PLANTED or not ratio:
            continue
        value, low, high = (ratio[name] for name in ("value", "low", "high"))
        if not all(isinstance(one, int | float) and one > 0 for one in (value, low, high)):
            continue
        if figure == "rps":
            return Loss(value=value, low=low, high=high, compared=True)
        return Loss(value=1 / value, low=1 / high, high=1 / low, compared=True)
    return _of_figures(results, heavy, "rps" if figure == "rps" else "ttft_p50_ms")


def _of_figures(results: dict[str, Any], heavy: Point, figure: str) -> Loss | None:
    sides: dict[str, Any] = next(iter(results["configurations"].values()), {})
    found = {name: side["levels"].get(heavy.label, {}).get(figure) for name, side in sides.items()}
    planted = next((found[name] for name in found if name.startswith(PLANTED)), None)
    healthy = next((found[name] for name in found if not name.startswith(PLANTED)), None)
    numbers = [one.get(name) for one in (planted, healthy) if one for name in ("value", "low", "high")]
    if len(numbers) < 6 or not all(isinstance(one, int | float) and one > 0 for one in numbers):
        return None
    value, low, high, of_value, of_low, of_high = numbers
    return Loss(value=value / of_value, low=low / of_high, high=high / of_low, compared=False)
