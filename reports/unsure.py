"""What the answers were may not be what their figures say: thoughts, unknown ends, a cache, a buffer."""

from __future__ import annotations

from collections.abc import Iterator

from reports.analysis.analysis import Analysis
from reports.caution import Caution, named
from reports.figures.summary import CellSummary, Level
from reports.figures.text import number
from workloads.checks.general import WORTH_TELLING

SHARE = 0.05
"""Of a level's good answers: from here on they are told above the tables, below it in a note."""
PACE = 5.0
"""So many times is the ITL the TPOT, where the tokens that were counted were not those that were streamed."""
OF_ANSWERS = {"thoughts-only", "finish-reason"}
"""The checks whose figures are made here, of levels."""


def _at(level: Level) -> str:
    return f"{level.deployment}/{level.config} at {level.load.named}"


def _most(analysis: Analysis, counts: dict[int, int]) -> tuple[Level, int, str] | None:
    """The valid level with the greatest share of such answers, their number, and how many more levels have
    as much as is worth a caution; ``counts``: by the level's place."""
    found = [
        (count / level.figures.good, level, count)
        for i, level in enumerate(analysis.levels)
        if level.valid and level.figures.good and (count := counts[i]) > SHARE * level.figures.good
    ]
    if not found:
        return None
    _, level, count = max(found, key=lambda entry: entry[0])
    return level, count, f"; {len(found) - 1} more levels likewise" if len(found) > 1 else ""


def thoughts_only(analysis: Analysis) -> Iterator[Caution]:
    """Levels whose TTFT is that of some of the good answers."""
    most = _most(analysis, {i: level.figures.without for i, level in enumerate(analysis.levels)})
    if most is not None:
        level, count, others = most
        text = f"{count} of {level.figures.good} good answers of {_at(level)} held thoughts only"
        rest = level.figures.good - count
        of = f"TTFT is that of the other {rest}" if rest else "there is no TTFT"
        yield Caution(sentences=(f"{text}: {of}{others}.",), brief=f"{text}, without TTFT")


def unknown_ends(analysis: Analysis) -> Iterator[Caution]:
    """Levels of which many good answers may have been given up."""
    ends = {
        i: sum(count for _, count in level.figures.unknown_ends) for i, level in enumerate(analysis.levels)
    }
    most = _most(analysis, ends)
    if most is not None:
        level, count, others = most
        text = f"{count} of {level.figures.good} good answers of {_at(level)} ended for a reason not known"
        reasons = ", ".join(reason for reason, _ in level.figures.unknown_ends[:3])
        yield Caution(
            sentences=(f"{text} ({reasons}): they may have been given up, and are in the figures{others}.",),
            brief=f"{text} ({reasons})",
        )


def _could_not_decide(cell: CellSummary, name: str) -> str | None:
    """What such a check of a valid cell says. How a mock's answers came, written at once, is no question."""
    if not cell.valid or (name == "buffering" and all("mock-answer" in r.flags for r in cell.timed)):
        return None
    found = (check.text for check in cell.cell.verdict.checks if (check.name, check.status) == (name, "n/a"))
    return next(found, None)


def undecided(analysis: Analysis) -> Iterator[Caution]:
    """What a load's own last line says too."""
    for name in WORTH_TELLING:
        if name in OF_ANSWERS:
            continue
        found = [
            (cell, text) for cell in analysis.cells if (text := _could_not_decide(cell, name)) is not None
        ]
        if found:
            cell, text = found[0]
            others = f"; {len(found) - 1} more cells likewise" if len(found) > 1 else ""
            where = f" in {len(found)} of {len(analysis.cells)} cells" if len(analysis.cells) > 1 else ""
            yield Caution(
                sentences=(f"{named(cell, analysis)}: {name} was not decided: {text}{others}.",),
                brief=f"{name} was not decided{where}",
            )


def token_pace(analysis: Analysis) -> Iterator[Caution]:
    """Levels whose tokens, by the service's count, came much faster than what was streamed."""
    found = [
        (itl.value / tpot.value, level, tpot.value, itl.value)
        for level in analysis.levels
        if level.valid
        and level.figures.counted_by_usage
        and (tpot := level.figures.at("tpot_p50")) is not None
        and (itl := level.figures.at("itl_p50")) is not None
        and 0 < PACE * tpot.value < itl.value
    ]
    if found:
        _, level, tpot_ms, itl_ms = max(found, key=lambda entry: entry[0])
        yield Caution(
            sentences=(
                f"{_at(level)}: TPOT p50 is {number(tpot_ms)} ms, ITL p50 {number(itl_ms)} ms: the service's "
                "token counts (usage) hold tokens that were not streamed one by one, such as hidden "
                "thoughts, or several at a time; believe the ITL.",
            ),
            brief=f"TPOT is of more tokens than were streamed ({_at(level)})",
        )
