"""What each mocked part takes, in tables: of the cycle time, and of the median that is compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.analysis.analysis import Analysis
from reports.document.document import Row, Table
from reports.figures.attribution import CYCLE, PartEffect
from reports.figures.effects import FACTORS
from reports.figures.load import Load, heads
from reports.figures.stats import Estimate
from reports.figures.text import NONE, listed, number

BEYOND = "Beyond chance"
NAMES = {"embeddings": "embeddings", "llm": "LLM", "interaction": "interaction"}
CYCLE_NOTE = "Cycle time: users over RPS, what a user waits from one good answer to the next."
SAVES_NOTE = (
    "embeddings, LLM: so many ms less with that part alone mocked. interaction: what mocking both saves "
    "beyond these two. Near 0 the parts just add up; above 0 each hides behind the other, and both must be "
    "fixed; below 0 they slow each other, and fixing one fixes some of both."
)
WITHOUT_REPEATS = (
    "No intervals: no cell was measured twice, so nothing tells an effect from chance. --repeats 2 does."
)


def effect_tables(analysis: Analysis) -> Iterator[Table]:
    groups: dict[tuple[str, str, str, str], list[PartEffect]] = {}
    for effect in analysis.effects:
        if effect.of in (CYCLE, effect.workload.median.key):
            key = (effect.deployment, effect.workload.name, effect.reference, effect.of)
            groups.setdefault(key, []).append(effect)
    yield from map(_table, groups.values())


def _table(own: Sequence[PartEffect]) -> Table:
    """Of one design and one time."""
    loads: dict[Load, dict[str, PartEffect]] = {}
    for effect in own:
        loads.setdefault(effect.load, {})[effect.factor] = effect
    first, title = heads(loads), own[0].title
    row = f" ({own[0].reference})" if own[0].reference != "baseline" else ""
    rows = [
        Row(cells=(
            *load.cells(first), number(effects["llm"].now),
            *(saved_ms(effects[factor].estimate and effects[factor].together) for factor in FACTORS),
            _beyond(list(effects.values())),
        ))
        for load, effects in loads.items()
    ]  # fmt: skip
    return Table(
        title=f"{own[0].deployment}{row}: what each part takes of the {title} (ms a request)",
        columns=(*first, "Baseline", *NAMES.values(), BEYOND),
        rows=tuple(rows),
        notes=tuple(_notes(own)),
    )


def saved_ms(estimate: Estimate | None) -> str:
    """``259 (240 to 278)``: an interval's end may be below nothing."""
    if estimate is None:
        return NONE
    if estimate.low is None or estimate.high is None:
        return number(estimate.value)
    return f"{number(estimate.value)} ({number(estimate.low)} to {number(estimate.high)})"


def _beyond(effects: Sequence[PartEffect]) -> str:
    if all(effect.noise is None or effect.together is None for effect in effects):
        return NONE
    return ", ".join(NAMES[effect.factor] for effect in effects if effect.shown) or "nothing shown"


def _notes(own: Sequence[PartEffect]) -> Iterator[str]:
    if own[0].of == CYCLE:
        yield CYCLE_NOTE
        yield SAVES_NOTE
    noise, family = own[0].noise, own[0].family
    if noise is None:
        yield WITHOUT_REPEATS
    elif family:
        count = f"all {family} effects here are inside them" if family > 1 else "the effect is inside it"
        yield (
            f"In brackets: 95 % sure that {count}. From repeat to repeat this time differs by "
            f"{100 * noise.sd:.1f} %. Beyond chance: whose brackets do not hold 0; "
            "the others may be nothing, or too little for so few repeats."
        )
    without: dict[Load, dict[str, None]] = {}
    for effect in own:
        without.setdefault(effect.load, {}).update(dict.fromkeys(effect.missing))
    for variants in dict.fromkeys(tuple(names) for names in without.values() if names):
        loads = [load.named for load, names in without.items() if tuple(names) == variants]
        yield f"'-' at {listed(loads)}: no valid cell of {listed(variants)}."
    if apart := list(dict.fromkeys(name for effect in own for name in effect.differ_in)):
        yield f"'-' where the variants differ in more than the mock: {listed(apart)}."
