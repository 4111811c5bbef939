"""What the machine did to the measurement, over all cells: who took its time, and which CPUs were whose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median
from typing import Any

from records.noise import Noise
from reports.figures.summary import CellSummary
from reports.figures.text import listed

STEAL_PERCENT = 2.0
GENERATOR_DELAY_PERCENT = 5.0
"""In the median of the cells: from here on it matters to whoever reads the figures."""


def noise_of(cell: CellSummary) -> dict[str, float | None]:
    """What was noted while the cell was measured; of several masters' machines the worst of each figure."""
    seen = [Noise.from_json(part.data.cell.achieved.get("noise")).to_json() for part in cell.parts]
    return {name: max((v for one in seen if (v := one[name]) is not None), default=None) for name in seen[0]}


def disturbed(cells: Sequence[CellSummary]) -> Iterator[str]:
    """Sentences, only where it matters."""
    noise = [noise_of(cell) for cell in cells]
    for name, bound, who in (
        ("steal_percent", STEAL_PERCENT, "The host took {} % of this machine's time"),
        (
            "generator_delay_percent",
            GENERATOR_DELAY_PERCENT,
            "The load generator waited {} % of the time for a CPU",
        ),
    ):
        known = [value for one in noise if (value := one[name]) is not None]
        if known and median(known) >= bound:
            yield (
                f"{who.format(f'{median(known):.0f}')} (median over cells; at most {max(known):.0f} %): "
                "absolute figures are low, ratios hold."
            )


def cpus(cells: Sequence[CellSummary]) -> str:
    """Where the load and the target ran; empty where it was not kept."""
    asked = [part.data.cell.requested.get("cpus") for cell in cells for part in cell.parts]
    told = dict.fromkeys(text for one in asked if (text := _divided(one)))
    return f"CPUs: {listed(list(told))}." if told else ""


def _divided(cpus: Any) -> str:
    if isinstance(cpus, dict) and cpus.get("target", ()) is None and _numbers(cpus.get("load")):
        return f"load on {_ranges(cpus['load'])}, the target wherever it runs"
    if not isinstance(cpus, dict) or not all(_numbers(cpus.get(side)) for side in ("load", "target")):
        return ""
    if cpus["load"] == cpus["target"]:
        return f"load and target shared {_ranges(cpus['load'])}"
    first = " before all else there" if cpus.get("realtime") is True else ""
    return f"load on {_ranges(cpus['load'])}{first}, target on {_ranges(cpus['target'])}"


def _numbers(found: Any) -> bool:
    return isinstance(found, list) and bool(found) and {type(n) for n in found} == {int}


def _ranges(numbers: Sequence[int]) -> str:
    """``CPU 0``, ``CPUs 1-3,5``, as taskset lists them."""
    runs: list[list[int]] = []
    for n in sorted(set(numbers)):
        if runs and n == runs[-1][-1] + 1:
            runs[-1].append(n)
        else:
            runs.append([n])
    text = ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
    return f"CPU {text}" if text.isdigit() else f"CPUs {text}"
