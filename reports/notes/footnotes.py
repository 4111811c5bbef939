"""What is said below a table, where it is so."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence

from records.cells.measure import wanted_answers
from reports.analysis.of_ratios import not_compared
from reports.figures.compare import Comparison, DeploymentRatio
from reports.figures.figures import Figures
from reports.figures.repeats import FEWEST_REPEATS
from reports.figures.stats import order_interval
from reports.figures.summary import OperatingPoint
from reports.figures.text import listed, number
from reports.notes.cautions import refusal


def ratio_notes(ratios: Sequence[Comparison | DeploymentRatio]) -> list[str]:
    """Where what is compared did not have the same load, or is not the same but for its name."""
    notes = [refusal(note) for note in not_compared(ratios)]
    wrong = [ratio for ratio in ratios if ratio.workload_mismatch]
    if wrong:
        levels = [load.named for load in sorted({ratio.load for ratio in wrong})]
        keys = list(dict.fromkeys(key for ratio in wrong for key in ratio.workload_mismatch))
        notes.append(f"The loads differ at {listed(levels)} ({listed(keys)}): such a ratio is of two loads.")
    return [*notes, *_unpaired_notes(ratios)]


def _unpaired_notes(ratios: Sequence[Comparison | DeploymentRatio]) -> Iterator[str]:
    """Where the two do not have the same valid repeats: which of them their ratio is over."""
    there = [one for one in ratios if not one.paired and one.throughput is not None]
    some = [one for one in there if one.common >= FEWEST_REPEATS]
    apart = [one for one in there if one.common < FEWEST_REPEATS]
    if some:
        each = [f"{_pair(one)} ({one.common})" for one in some]
        yield f"Over the repeats alone that both have valid: {listed(each)}."
    alone = [one for one in apart if one.throughput is not None and one.throughput.low is None]
    if noisy := [_pair(one) for one in apart if one not in alone]:
        yield (
            f"Not paired, with fewer than {FEWEST_REPEATS} valid repeats in common, so the interval has the "
            f"noise of both: {listed(noisy)}."
        )
    if alone:
        yield (
            "Not paired, and without an interval, since nothing tells how much repeats differ: "
            f"{listed([_pair(one) for one in alone])}."
        )


def _pair(one: Comparison | DeploymentRatio) -> str:
    which = f"{one.config} " if isinstance(one, Comparison) else ""
    return f"{which}at {one.load.named}"


def answer_notes(levels: Iterable[OperatingPoint]) -> list[str]:
    """Which answers the latencies of a table's levels are not of, with their deployment where there are
    several, and which of the good ones may be none."""
    found = list(levels)
    several = len({level.deployment for level in found}) > 1
    placed = [
        (level.figures, f"{f'in {level.deployment} ' if several else ''}at {level.load.named}")
        for level in found
    ]
    return [*late_note(placed), *_aborted_note(found, placed), *unsure_note(placed)]


def _aborted_note(levels: Sequence[OperatingPoint], placed: Sequence[tuple[Figures, str]]) -> list[str]:
    counts = [sum(cell.aborted for cell in level.valid_cells) for level in levels]
    cut = [f"{count} {where}" for count, (_, where) in zip(counts, placed, strict=True) if count]
    return [f"aborted: {listed(cut)}, without an answer when the load ended, so in no figure."] if cut else []


def late_note(figures: Iterable[tuple[Figures, str]]) -> list[str]:
    """Of figures and where they were measured."""
    late = [f"{one.late} of {one.requests} {where}" for one, where in figures if one.late]
    return (
        [f"late: {listed(late)}, left out of latencies because the load generator stalled."] if late else []
    )


def unsure_note(figures: Iterable[tuple[Figures, str]]) -> list[str]:
    """Good answers without what is compared, and those of which nobody knows why they ended; and where."""
    found, notes = list(figures), []
    if without := [f"{one.without} of {one.good} {where}" for one, where in found if one.without]:
        metric = found[0][0].workload.compared
        lack = f", without {metric.absent}" if metric.absent else ""
        notes.append(f"Without {metric.title}, which is of the others: {listed(without)}{lack}.")
    ends = [(one, where, sum(count for _, count in one.unknown_ends)) for one, where in found]
    if unknown := [f"{count} of {one.good} {where}" for one, where, count in ends if count]:
        reasons = list(dict.fromkeys(reason for one, _ in found for reason, _ in one.unknown_ends))
        notes.append(f"Ended for a reason that is not known ({listed(reasons[:3])}): {listed(unknown)}.")
    return notes


def failure_note(figures: Figures, where: str) -> list[str]:
    """What the failures would make of the compared metric."""
    for quantile in figures.workload.compared.endless[:1]:
        value = figures.endless[quantile.key]
        if figures.failures and value is not None:
            shown = f"{number(value)} {quantile.metric.unit}".rstrip()
            return [f"With failures as never answered, {quantile.title} at {where} is {shown}."]
    return []


def absent_note(figures: Iterable[Figures], shown: Sequence[str]) -> list[str]:
    """Why there is ``-`` in a table's columns, said once; ``shown``: the keys of its columns' figures, which
    are of one workload."""
    found, why = list(figures), []
    compared = found[0].workload.compared if found else None
    measured = [one for one in found if one.median is not None or (compared and compared.absent and one.good)]
    if compared and len(measured) < len(found):
        late = " that is not late" if compared.dated else ""
        what = "latency" if compared.unit == "ms" else compared.title
        why.append(f"there is no {what} without a good answer{late}")
    quantiles = measured[0].workload.estimates if measured else {}
    for quantile in (quantiles[key] for key in shown if key in quantiles):
        metric = quantile.metric
        medians = [each.key for each in metric.estimates if each.q == 0.5 and metric.absent]
        without = [one for one in measured for median in medians if one.at(median) is None]
        if without and (text := f"no {metric.title} without {metric.absent}") not in why:
            why.append(text)
        if quantile.q != 0.5 and any(one.at(quantile.key) is None for one in measured if one not in without):
            wanted = wanted_answers(max(quantile.q, 1 - quantile.q))
            why.append(f"{quantile.title} wants {wanted} {metric.counted}")
    return [f"'-': {'; '.join(why)}."] if why else []


def little_note(figures: Iterable[tuple[Figures, str]], shown: Sequence[str]) -> list[str]:
    """Why a median in a table is next to nothing, as 0.00 ms; ``shown``: the keys of its columns' figures."""
    found, notes = list(figures), []
    quantiles = found[0][0].workload.estimates if found else {}
    for quantile in (quantiles[key] for key in shown if key in quantiles):
        little, unit = quantile.metric.little, quantile.metric.unit
        if little is None or quantile.q != 0.5:
            continue
        medians = [(one.at(quantile.key), where) for one, where in found]
        if where := [at for median, at in medians if median is not None and median.value < little.below]:
            notes.append(
                f"{quantile.title} is below {number(little.below)} {unit} {listed(where)}: {little.why}."
            )
    return notes


def bare_note(figures: Iterable[tuple[Figures, str]]) -> list[str]:
    """Where the compared median stands without an interval: so few answers say little of it."""
    found = list(figures)
    if not found:
        return []
    compared = found[0][0].workload.median
    fewest = next(n for n in itertools.count(1) if order_interval(n, compared.q) is not None)
    where = [at for one, at in found if (median := one.median) is not None and median.low is None]
    wants = f"that wants {fewest} {compared.metric.counted}"
    return [f"{compared.title} has no interval {listed(where)}: {wants}."] if where else []


def trait_notes(figures: Iterable[Figures]) -> list[str]:
    """What the columns are that only some answers have, where there are any."""
    found = list(figures)
    traits = [metric.trait for one in found[:1] for metric in one.workload.metrics if metric.trait]
    return [trait.note for trait in traits if trait.note and any(one.traits[trait.name] for one in found)]
