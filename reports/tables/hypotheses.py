"""Why one deployment answers less than another: each hypothesis, its verdict and its part of the gap."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from reports.analysis.analysis import Analysis
from reports.document.document import Row, Table
from reports.evidence.hypotheses import MATTERS, GapCauses, Hypothesis
from reports.evidence.mechanisms import (
    FEWER_THREADS,
    LONGEST_FAULT_MS,
    MEMORY,
    ONE_PROCESS,
    THROTTLING,
    Seen,
    Why,
)
from reports.figures.stats import Estimate
from reports.figures.text import NONE, number

NAMES: Mapping[str, str] = {
    ONE_PROCESS: "One process serves all",
    FEWER_THREADS: "Fewer threads by default",
    MEMORY: "Memory limit and GC",
    THROTTLING: "CPU limit stops it",
}
WHYS: Mapping[Why, str] = {
    "not-seen-inside": "Nobody saw inside one of the two.",
    "no-counters": "Nothing counts the stops of one of the two.",
    "processor-full": "The slower one's processor is full: what queues in front of it is not told apart.",
    "fewer-to-compute": "The slower one computes with fewer threads: that is not told apart from less CPU.",
    "faults": (
        "How long it waited for pages from a disk is not known (its control groups do not say it), and at "
        f"{LONGEST_FAULT_MS:g} ms each it may matter."
    ),
    "chance": f"The interval holds less than {100 * MATTERS:g} % of the gap, and more: more repeats tell.",
}


def hypothesis_tables(analysis: Analysis) -> Iterator[Table]:
    """Of each pair of deployments; of each configuration the heaviest load that has a gap."""
    groups: dict[tuple[str, str], dict[str, GapCauses]] = {}
    for one in analysis.gap_causes:
        own = groups.setdefault((one.faster, one.slower), {})
        if one.config not in own or own[one.config].load < one.load:
            own[one.config] = one
    for (faster, slower), own in groups.items():
        yield _table(faster, slower, list(own.values()))


def _table(faster: str, slower: str, own: Sequence[GapCauses]) -> Table:
    whys = dict.fromkeys(h.why for one in own for h in one.hypotheses if h.verdict == "untestable")
    cycles = "; ".join(
        f"{one.config} at {one.load.named}: {number(one.faster_ms)} and {number(one.slower_ms)} ms"
        for one in own
    )
    return Table(
        title=f"Where the time goes by which {slower} is slower than {faster}",
        columns=("Configuration", "Hypothesis", "Verdict", "ms of a cycle (95 %)", "Share", "Seen"),
        rows=tuple(row for one in own for row in _rows(one)),
        notes=(
            f"A cycle is users over good answers a second; {cycles}. Parts and rest add up to the gap.",
            f"Seen: in {faster}, and in {slower}. Confirmed: {100 * MATTERS:g} % of the gap or more, and "
            "not by chance.",
            *(f"Untestable: {WHYS[why][0].lower()}{WHYS[why][1:]}" for why in whys if why in WHYS),
        ),
        optional=("Seen",),
        keys=2,
    )


def _rows(one: GapCauses) -> Iterator[Row]:
    yield Row(cells=(f"{one.config} at {one.load.label}", "The gap", "", _ms(one.gap), "100 %", ""))
    for hypothesis in one.hypotheses:
        yield Row(cells=("", *_cells(hypothesis)))
    rest = (_ms(one.rest), _share(one.rest_share), _seen(one.rest_seen))
    yield Row(cells=("", "None of these", "", *rest))


def _cells(one: Hypothesis) -> tuple[str, ...]:
    part = NONE if one.part is None else "0" if one.why == "absent" else _ms(one.part)
    return NAMES[one.code], one.verdict, part, _share(one.share), _seen(one.seen)


def _ms(part: Estimate) -> str:
    """Its interval may begin below nothing."""
    if part.low is None or part.high is None:
        return number(part.value)
    return f"{number(part.value)} ({number(part.low)} to {number(part.high)})"


def _share(share: float | None) -> str:
    return NONE if share is None else f"{100 * share:.0f} %"


def _seen(found: Sequence[Seen]) -> str:
    return ", ".join(
        f"{one.figure} {_figure(one.faster)} and {_figure(one.slower)} {one.unit}".rstrip() for one in found
    )


def _figure(value: float | None) -> str:
    return f"{value:.0f}" if value is not None and value.is_integer() else number(value)
