"""The processor is full: requests wait, wherever they do, for something that computes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from records.evidence.inside import Work
from reports.analysis.analysis import Analysis
from reports.evidence.behind import computes
from reports.evidence.inside import InsideOfCells
from reports.evidence.libraries import TURN_WAIT, by_family
from reports.evidence.loaded import LoadedPoint
from reports.evidence.machine import FILLED, GotOfMachine
from reports.findings.common.binding import about, binds
from reports.findings.common.finding import Effect, Evidence, Finding
from reports.findings.common.held import FEWEST_SEEN, held, is_held
from reports.findings.loop.on_loop import SMALLER_INDEX

CORES_FULL = 0.8
"""The share of its cores that the service takes, or waits for, from which on they are full."""
MOST_WORK = 0.5
"""The share of its threads' work that has to be of one kind for the processor to be full of that."""
CODES = {
    "embedding": (
        "embedding-cpu-bound",
        "Embed in batches, on more cores or a GPU, with a smaller model, or in a service of its own",
    ),
    "search": ("search-bound", SMALLER_INDEX),
}


@dataclass(frozen=True, kw_only=True)
class Filled:
    """What a service's processor is full of."""

    machine: GotOfMachine
    kind: str
    of_all: float
    """The share of its threads' work that is this,"""
    line: str
    """most of it here."""


def filled(point: LoadedPoint) -> Filled | None:
    """None: it has room, or nobody knows the kind of work."""
    inside, machine = point.inside, point.machine
    if inside is None or machine is None or not is_full(machine):
        return None
    kind, of_all, line, seen = _work(inside)
    if kind not in CODES or of_all < MOST_WORK or seen < FEWEST_SEEN:
        return None
    return Filled(machine=machine, kind=kind, of_all=of_all, line=line)


def is_full(machine: GotOfMachine) -> bool:
    """What others take of its CPUs makes it wait for them, too, and is no work of its own."""
    return machine.full >= CORES_FULL and machine.busy >= FILLED


def fills_it(point: LoadedPoint) -> bool:
    """Is the processor full, and do most threads besides the loop's compute? Then more get no more of it."""
    inside, machine = point.inside, point.machine
    if inside is None or machine is None or not is_full(machine):
        return False
    computing = sum(count for work, count in inside.in_threads if _wants_cpu(work))
    return computing > 0 and computing >= MOST_WORK * sum(count for _, count in inside.in_threads)


def _wants_cpu(work: Work) -> bool:
    return computes(work) or work.doing == TURN_WAIT


def compute(analysis: Analysis) -> Iterator[Finding]:
    for service in held(analysis):
        if (found := filled(service.heavy)) is None:
            continue
        machine, (code, advice) = found.machine, CODES[found.kind]
        yield Finding(
            code=code,
            about=about(service),
            where=found.line,
            binds=binds(service),
            confidence="likely",
            severity="high" if is_held(service) else "medium",
            effect=Effect(figure="answers a second", now=service.heavy.answers_per_second),
            evidence=(
                Evidence(figure="processor time", value=machine.cpu_cores, unit="cores"),
                Evidence(figure="cores that it may take", value=machine.cores),
                Evidence(
                    figure="share of its threads' work that is this", value=100 * found.of_all, unit="%"
                ),
                Evidence(
                    figure="processor time an answer",
                    value=1e3 * machine.cpu_cores / service.heavy.per_second,
                    unit="ms",
                ),
            ),
            advice=advice,
        )


def _work(inside: InsideOfCells) -> tuple[str, float, str, float]:
    """The kind of work that most threads do, its share of all, the app's line that does it, and how often any
    thread was seen at work."""
    kinds: Counter[str] = Counter()
    lines: Counter[tuple[str, str]] = Counter()
    for kind, work, count in by_family((*inside.running, *inside.in_threads)):
        kinds[kind] += count  # type: ignore[assignment]
        lines[kind, work.where] += count  # type: ignore[assignment]
    if not kinds:
        return "", 0.0, "", 0.0
    most = max(kinds, key=lambda kind: kinds[kind])
    line = max((one for one in lines if one[0] == most), key=lambda one: lines[one])[1]
    total = sum(kinds.values())
    return most, kinds[most] / total, line, total * inside.samples
