"""Notes on the answers: they may not be what their figures say. Thoughts, unknown ends, a cache, a buffer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from records.cells import layout
from records.cells.flags import GAPS_LEFT_OUT, MOCK_ANSWER
from reports.analysis.analysis import Analysis
from reports.analysis.note import Note
from reports.analysis.subject import Subject
from reports.columns.requests import Manner, Requests
from reports.figures.compare import deployments_of
from reports.figures.stats import percentile
from reports.figures.summary import CellSummary, OperatingPoint
from workloads.catalogue import check_named
from workloads.checks.body_end import is_held_open
from workloads.checks.definition import Definition
from workloads.checks.facts import TOO_FEW
from workloads.stream import STREAM

SHARE = 0.05
"""Of a level's good answers: more are told above the tables, fewer in a note below one."""
PACE = 5.0
"""So many times is the ITL the TPOT, where the tokens that were counted were not those that were streamed."""
LATE_SHARE = 0.05
"""Of a level's requests: from here on those that are late are told above the tables."""


@dataclass(frozen=True, kw_only=True)
class ThoughtsOnly(Note):
    """Many good answers had no token of an answer: TTFT is that of the others."""

    code = "thoughts-only"
    at: Subject
    answers: int
    of: int


@dataclass(frozen=True, kw_only=True)
class UnknownEnds(Note):
    """Many good answers ended for a reason that is not known, so they may have been given up."""

    code = "unknown-ends"
    at: Subject
    answers: int
    of: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class TokenPace(Note):
    """By the service's count tokens came much faster than what was streamed."""

    code = "token-pace"
    at: Subject
    tpot_ms: float
    itl_ms: float


@dataclass(frozen=True, kw_only=True)
class BodyHeld(Note):
    """For much of what a request takes its user, the connection was held open after the last event."""

    code = "body-held"
    at: Subject
    ms: float


@dataclass(frozen=True, kw_only=True)
class Undecided(Note):
    """A check that is worth telling could not decide."""

    code = "undecided"
    check: str
    cells: tuple[str, ...]
    of: int
    text: str
    """Of the first."""


@dataclass(frozen=True, kw_only=True)
class ImpossibleStages(Note):
    """The server's stages add up to more than the TTFT."""

    code = "impossible-stages"
    at: Subject


@dataclass(frozen=True, kw_only=True)
class NoStageTimes(Note):
    """Good streams came without stage times: which part takes the TTFT is not known."""

    code = "no-stage-times"
    deployments: tuple[str, ...]
    profiles: tuple[str, ...] = ()
    """Of each of them, of the highest load, what the profiler saw; empty where one was not profiled."""
    no_place_for_them: tuple[str, ...] = ()
    """Those of the deployments that were asked in a dialect which has none, so that they cannot send any."""


@dataclass(frozen=True, kw_only=True)
class Late(Note):
    """So many requests are in no latency that the others may not stand for them."""

    code = "late"
    at: Subject
    requests: int
    of: int


@dataclass(frozen=True, kw_only=True)
class GapsLeftOut(Note):
    """So great a share of the answers has gaps over a stall of the load generator, in no ITL."""

    code = "gaps-left-out"
    at: Subject
    share: float


def thoughts_only(analysis: Analysis) -> Iterator[Note]:
    """Levels whose TTFT is that of some of the good answers, the greatest share first."""
    for level, count in _many(analysis, {id(lv): lv.figures.without for lv in analysis.levels}):
        yield ThoughtsOnly(at=Subject.of(level), answers=count, of=level.figures.good)


def unknown_ends(analysis: Analysis) -> Iterator[Note]:
    """Levels of which many good answers may have been given up, the greatest share first."""
    ends = {id(lv): sum(count for _, count in lv.figures.unknown_ends) for lv in analysis.levels}
    for level, count in _many(analysis, ends):
        reasons = tuple(reason for reason, _ in level.figures.unknown_ends)
        yield UnknownEnds(at=Subject.of(level), answers=count, of=level.figures.good, reasons=reasons)


def _many(analysis: Analysis, counts: dict[int, int]) -> list[tuple[OperatingPoint, int]]:
    """The valid levels with more such answers than SHARE, and their number; ``counts``: by the level."""
    found = [
        (level, counts[id(level)])
        for level in analysis.levels
        if level.valid and level.figures.good and counts[id(level)] > SHARE * level.figures.good
    ]
    return sorted(found, key=lambda pair: -pair[1] / pair[0].figures.good)


def token_pace(analysis: Analysis) -> Iterator[Note]:
    """Levels whose tokens, by the service's count, came much faster than what was streamed."""
    found = [
        TokenPace(at=Subject.of(level), tpot_ms=tpot.value, itl_ms=itl.value)
        for level in analysis.levels
        if level.valid
        and level.figures.counted_by_usage
        and (tpot := level.figures.at("tpot_p50")) is not None
        and (itl := level.figures.at("itl_p50")) is not None
        and 0 < PACE * tpot.value < itl.value
    ]
    yield from sorted(found, key=lambda note: -note.itl_ms / note.tpot_ms)


def body_held(analysis: Analysis) -> Iterator[Note]:
    """Levels whose bodies end long after the answers, the longest first."""
    found = [
        BodyHeld(at=Subject.of(level), ms=ms)
        for level in analysis.levels
        if level.valid and (ms := _held_open_ms(level.timed)) is not None
    ]
    yield from sorted(found, key=lambda note: -note.ms)


def _held_open_ms(good: Requests) -> float | None:
    """The median time between an answer's last event and its body's end, where that is much of the whole."""
    if not len(good):
        return None
    held_ms = percentile(good.free_at_ns - good.ended_ns, 0.5) / 1e6
    whole_ms = float((good.free_at_ns - good.sent_ns).mean()) / 1e6
    return held_ms if is_held_open(held_ms, whole_ms) else None


def undecided(analysis: Analysis) -> Iterator[Note]:
    """What a load's own last line says too; what it says aloud has a note of its own."""
    named = dict.fromkeys(check.name for cell in analysis.cells for check in cell.cell.verdict.checks)
    for known in map(check_named, named):
        if not known.worth_telling or known.aloud or known.of_levels:
            continue
        found = [(c, text) for c in analysis.cells if (text := _could_not_decide(c, known)) is not None]
        if found:
            cells = tuple(analysis.named(cell) for cell, _ in found)
            yield Undecided(check=known.name, cells=cells, of=len(analysis.cells), text=found[0][1])


def _could_not_decide(cell: CellSummary, known: Definition) -> str | None:
    """What such a check of a valid cell says. How a mock's answers came, written at once, is no question, nor
    is how few answers of some length came."""
    if not cell.valid or (known.of_pace and cell.timed.mask(_is_mocked).all()):
        return None
    checks = cell.cell.verdict.checks
    found = (check.text for check in checks if (check.name, check.status) == (known.name, "n/a"))
    text = next(found, None)
    return None if text is None or text.startswith(TOO_FEW) else text


def _is_mocked(one: Manner) -> bool:
    return MOCK_ANSWER in one.flags


def impossible_stages(analysis: Analysis) -> Iterator[Note]:
    wrong = dict.fromkeys(
        (a.deployment, a.config) for a in analysis.latency_breakdowns if a.unattributed_ms is None
    )
    for deployment, config in wrong:
        yield ImpossibleStages(at=Subject(deployment=deployment, config=config))


def no_stage_times(analysis: Analysis) -> Iterator[Note]:
    found = tuple(name for name in deployments_of(analysis.levels) if _without_stages(analysis, name))
    if found:
        profiles = tuple(_profile(analysis, name) for name in found)
        yield NoStageTimes(
            deployments=found,
            profiles=profiles if all(profiles) else (),
            no_place_for_them=tuple(name for name in found if not _could_send(analysis, name)),
        )


def _could_send(analysis: Analysis, deployment: str) -> bool:
    """Is there a place for them in what it was asked to send? By its last cell; older ones do not say it."""
    own = [cell for level in analysis.levels if level.deployment == deployment for cell in level.valid_cells]
    return not own or own[-1].cell.requested.get("stage_times") is not False


def _profile(analysis: Analysis, deployment: str) -> str:
    """Where a load's profile lies in the directory of its run; empty: there is none."""
    cells = [c for level in analysis.levels if level.deployment == deployment for c in level.valid_cells]
    for cell in reversed(cells):
        if any((part.data.path / layout.PROFILE).exists() for part in cell.parts):
            run = f"{cell.source}/" if len(analysis.sources) > 1 else ""
            return f"{run}{layout.CELLS}/{cell.cell.name}/{layout.PROFILE}"
    return ""


def _without_stages(analysis: Analysis, deployment: str) -> bool:
    """Were there good streams, and none of them with stage times?"""
    own = [level for level in analysis.levels if level.deployment == deployment]
    streams = [level for level in own if level.workload.name == STREAM.name]
    good = [cell.timed for level in streams for cell in level.valid_cells if len(cell.timed)]
    return bool(good) and not any(one.stages.there.any() for one in good)


def late(analysis: Analysis) -> Iterator[Note]:
    """Levels of which so many requests have no times that the others may not stand for them, worst first."""
    found = [
        Late(at=Subject.of(level), requests=level.figures.late, of=level.figures.requests)
        for level in analysis.levels
        if level.figures.late and level.figures.late >= LATE_SHARE * level.figures.requests
    ]
    yield from sorted(found, key=lambda note: -note.requests / note.of)


def gaps_left_out(analysis: Analysis) -> Iterator[Note]:
    """Levels with many answers whose gaps over a stall are longer than others by chance, worst first."""
    found = []
    for level in analysis.levels:
        timed = level.timed
        left_out = timed.mask(lambda one: GAPS_LEFT_OUT in one.flags)
        if not left_out.any():
            continue
        has_gaps = timed.gaps_us.counts > 0
        share = int((left_out & has_gaps).sum()) / max(1, int(has_gaps.sum()))
        if share >= LATE_SHARE:
            found.append(GapsLeftOut(at=Subject.of(level), share=share))
    yield from sorted(found, key=lambda note: -note.share)
