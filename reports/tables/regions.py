"""Tables of where the load came from."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence

from reports.document.document import Row, Table
from reports.figures.load import Load, heads
from reports.figures.regions import Region
from reports.figures.text import NONE, listed, number, spread, times, value
from reports.notes.not_valid import DO_NOT_HOLD
from reports.tables import columns
from workloads.workload import Workload

_SHADES = (" ", "░", "▒", "▓", "█")


def region_tables(found: Sequence[Region]) -> Iterator[Table]:
    """Of each row of the report, and workload, that has regions: one with all, and where there are several
    loads one with the median of each region at each."""
    groups: dict[tuple[str, str, str], list[Region]] = {}
    for region in found:
        groups.setdefault((region.deployment, region.config, region.workload.name), []).append(region)
    for (deployment, config, _), own in groups.items():
        first, workload = heads(region.load for region in own), own[0].workload
        unanswered = ("Unanswered",) if any(region.unanswered for region in own) else ()
        per, metrics = workload.throughput.title, columns.heads(workload, workload.main)
        yield Table(
            title=f"{deployment}: {config}: by region",
            columns=(
                *first,
                "Region",
                "Requests",
                f"{per} share",
                *metrics,
                *_last(workload),
                *unanswered,
            ),
            rows=tuple(_row(region, first, unanswered=bool(unanswered)) for region in own),
            notes=(*_notes(own[0], unanswered), *_not_valid(own)),
            optional=(f"{per} share", _last(workload)[0]),
            keys=len(first) + 1,
        )
        yield from _by_load(f"{deployment}: {config}", own)


def _row(region: Region, first: Sequence[str], *, unanswered: bool) -> Row:
    figures = region.figures
    share = NONE if region.share is None else f"{number(100 * region.share)} %"
    show = spread if region.valid else value
    main = (show(figures.at(key)) for key in region.workload.main)
    return Row(
        cells=(
            *(*region.load.cells(first), region.name, str(figures.requests), share),
            *(*main, times(region.better), str(figures.failures)),
            *([str(region.unanswered)] if unanswered else []),
        ),
        invalid=not region.valid,
    )


def _notes(one: Region, unanswered: Sequence[str]) -> Iterator[str]:
    per, (ratio, _) = one.workload.throughput.title, _last(one.workload)
    yield f"{per} share: of the good answers. A region is what REGION said where a load worker ran."
    if one.nearest:
        median = one.workload.median.title
        yield f"{ratio}: how many times better {median} is in the nearest region, {one.nearest}."
    for head in unanswered:
        yield f"{head}: with neither an answer nor a timeout when the load ended; in no other figure."


def _not_valid(own: Sequence[Region]) -> Iterator[str]:
    loads = dict.fromkeys(region.load.named for region in own if not region.valid)
    if loads:
        yield f"No cell is valid at {listed(list(loads))}: the figures {DO_NOT_HOLD}."


def _last(workload: Workload) -> tuple[str, str]:
    """Heads of the last columns that are always there."""
    return f"{workload.compared.title} ratio", "Fail"


def _by_load(row: str, own: Sequence[Region]) -> Iterator[Table]:
    """A region a row, a load a column, shaded: nothing where there is one load alone."""
    own = [region for region in own if region.valid]
    loads = list(dict.fromkeys(region.load for region in own))
    if len(loads) < 2:
        return
    median = own[0].workload.median
    values = {(r.name, r.load): r.figures.median.value for r in own if r.figures.median}
    shade = _shades(values.values(), higher_is_better=median.metric.higher_is_better)

    def cell(name: str, load: Load) -> str:
        median = values.get((name, load))
        return NONE if median is None else f"{number(median)} {shade(median)}".rstrip()

    yield Table(
        title=f"{row}: {own[0].workload.heading(median.key)} by region and load",
        columns=("Region", *(load.label for load in loads)),
        rows=tuple(
            Row(cells=(name, *(cell(name, load) for load in loads)))
            for name in dict.fromkeys(region.name for region in own)
        ),
        notes=(f"From the best of them (blank) to the worst ({_SHADES[-1]}), on the scale of ratios.",),
    )


def _shades(values: Iterable[float], *, higher_is_better: bool) -> Callable[[float], str]:
    known = [math.log(value) for value in values if value > 0]
    low, width = (min(known), max(known) - min(known)) if known else (0.0, 0.0)

    def shade(value: float) -> str:
        if not value > 0 or not width:
            return _SHADES[0]
        place = (math.log(value) - low) / width
        return _SHADES[round((1 - place if higher_is_better else place) * (len(_SHADES) - 1))]

    return shade
