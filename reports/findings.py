"""What the figures say in plain words, and no more: an effect is shown, a cause is not yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from records.variants import MOCKS, mocked_by
from reports.analysis import Analysis
from reports.compare import Comparison, DeploymentRatio, Knee, deployments_of
from reports.document import listed, number, times
from reports.growth import grown, others_grown
from reports.load import Load
from reports.shaped import ShapedCell

SIDES = {name: parts[0].side for name in MOCKS if len(parts := mocked_by(name) or ()) == 1}
"""The mocks of one side alone."""
LONGEST_CHECK = 200
"""Characters of what a failed check found, above the tables; the verdict has all of it."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A sentence, and a shorter one for where there is no room; empty: then it is left to its section."""

    text: str
    short: str = ""


def findings(analysis: Analysis) -> Iterator[Finding]:
    """The most important first: may it be believed, how far does it grow, what are the mocks worth?"""
    if not analysis.levels:
        yield Finding(text="There is no complete cell: nothing was measured.")
        return
    yield _believed(analysis)
    if analysis.without_valid_cell:
        who = listed([f"{deployment}/{config}" for deployment, config in analysis.without_valid_cell])
        text = f"Nothing can be said about {who}: no cell is valid."
        yield Finding(text=text, short=text)
    for deployment in deployments_of(analysis.levels):
        yield from _deployment(analysis, deployment)
    yield from _deployments(analysis.deployment_ratios)


def _believed(analysis: Analysis) -> Finding:
    cells, invalid = analysis.cells, analysis.invalid
    if not invalid:
        text = f"All {len(cells)} cells are valid." if len(cells) > 1 else "The cell is valid."
        return Finding(text=text, short=text)
    failed = [check for cell in invalid for check in cell.failed_checks]
    short = f"{len(cells) - len(invalid)} of {len(cells)} cells are valid, the others enter no figure"
    if not failed:
        return Finding(text=f"{short}: they were not checked.", short=f"{short}: they were not checked.")
    [(name, count)] = Counter(check.name for check in failed).most_common(1)
    why = " ".join(next(check.text for check in failed if check.name == name).split())
    if len(why) > LONGEST_CHECK:
        why = f"{why[:LONGEST_CHECK].rpartition(' ')[0]} ..."
    told = f"{name} failed in {count} of them" if len(invalid) > 1 else f"{name} failed"
    return Finding(text=f"{short}. {told}: {why}.", short=f"{short} ({told}; see the verdict).")


def _doing(config: str) -> str:
    parts = [switch.part for switch in mocked_by(config) or ()]
    if not parts:
        return f"configuration {config}"
    return f"mocking {parts[0] if len(parts) == 1 else 'both'}"


def _effects(compared: Sequence[Comparison]) -> str:
    """The RPS of each against the reference's, at one load."""
    parts: list[str] = []
    for c in compared:
        of, to = ("", "") if parts else (f" that of {c.reference}", f" in RPS to {c.reference}")
        if c.rps is not None and c.rps.excludes_one:
            parts.append(f"{_doing(c.config)} makes {'it' if parts else 'RPS'} {times(c.rps)}{of}")
        else:
            parts.append(f"{_doing(c.config)} shows no difference{to}, {times(c.rps)}")
    return f"At {compared[0].load.named} {listed(parts)}"


def _limit(at_top: Sequence[Comparison], knee: Knee | None, load: Load) -> str:
    """What the mocks' effects say about the limit at that load."""
    singles = {c.config: c.rps for c in at_top if c.config in SIDES}
    raised = {name: r.value for name, r in singles.items() if r and r.excludes_one and r.value > 1}
    if knee is not None and (knee.asked_differently or knee.other_loads or knee.struck):
        return ""
    if knee is None or knee.concurrency is None:
        return "The limit of throughput was not reached, so what holds it down is not known yet."
    if load.users < knee.concurrency:
        return (
            "That is below where throughput stops growing: users who wait less ask again sooner; what limits "
            "throughput is not known yet."
        )
    missing = [name for name in SIDES if singles.get(name) is None]
    at = f"At {load.named}"
    if len(raised) > 1:
        most = max(raised, key=raised.__getitem__)
        return f"{at} both sides take from throughput, the {SIDES[most]} side more."
    if raised:
        other = "the other was not compared" if missing else "the other side's does not show"
        return f"{at} what the {SIDES[next(iter(raised))]} side takes holds throughput down; {other}."
    if missing:
        return ""
    return f"{at} neither side's mock raises throughput: what limits it lies elsewhere, or is shared."


def _shape(found: ShapedCell) -> str:
    """The RPS of each level that has one; of a search its answer."""
    who = f"{found.cell.cell.deployment}: {found.cell.cell.config}"
    if found.is_search:
        return f"{who}: {found.sentence}."
    known = [
        (level.held.label(found.unit), rps.value) for level in found.levels if (rps := level.figures.rps)
    ]
    if not known:
        return f"{who} has no level of {found.shape} that lasted long enough for its RPS."
    labels, rps_of = zip(*known, strict=True)
    unit = " users" if found.unit == "users" else ""
    return (
        f"{who} had {listed(list(map(number, rps_of)))} RPS at {listed(list(labels))}{unit}, in that order."
    )


def _deployment(analysis: Analysis, deployment: str) -> Iterator[Finding]:
    own = [c for c in analysis.comparisons if c.deployment == deployment and not c.asked_differently]
    levels = [level for level in analysis.levels if level.deployment == deployment]
    reference = own[0].reference if own else levels[0].config
    knees = [knee for knee in analysis.knees if knee.deployment == deployment]
    knee = next((k for k in knees if k.config == reference), None)
    mine = [lv for lv in levels if lv.config == reference and (knee is None or knee.has(lv))]
    first = grown(f"{deployment}: {knee.name if knee else reference}", knee, mine)
    others = list(others_grown([k for k in knees if k is not knee]))
    yield Finding(text="; ".join([first, *others]) + ".", short=f"{first}.")
    for shaped in analysis.shaped:
        if shaped.cell.valid and shaped.cell.cell.deployment == deployment:
            yield Finding(text=_shape(shaped))
    for name in dict.fromkeys(c.reference for c in own):
        of_it = [c for c in own if c.reference == name]
        yield from _mocks(of_it, next((k for k in knees if k.config == name), None))


def _mocks(own: Sequence[Comparison], knee: Knee | None) -> Iterator[Finding]:
    """What each mock is worth at the highest load at which both sides were compared, of any other at the
    highest of its own; and what follows."""
    compared = [c for c in sorted(own, key=lambda c: c.load) if c.rps is not None]
    if not compared:
        return
    by_load: dict[Load, set[str]] = {}
    for c in compared:
        by_load.setdefault(c.load, set()).add(c.config)
    top = max(by_load, key=lambda load: (by_load[load] >= SIDES.keys(), load))
    highest = {c.config: c.load for c in compared} | {c.config: top for c in compared if c.load == top}
    others = sorted({*highest.values()} - {top}, reverse=True)
    said = [_effects([c for c in compared if c.load == load == highest[c.config]]) for load in (top, *others)]
    yield Finding(
        text="; ".join([said[0], *(f"a{text[1:]}" for text in said[1:])]) + ".", short=f"{said[0]}."
    )
    limit = _limit([c for c in own if c.load == top], knee, top)
    if limit:
        yield Finding(text=limit, short=limit)


def _deployments(ratios: Sequence[DeploymentRatio]) -> Iterator[Finding]:
    """Which of two is ahead, at the highest load of the first configuration that has both."""
    known = [ratio for ratio in ratios if ratio.rps is not None and not ratio.asked_differently]
    if not known:
        return
    top = max((r for r in known if r.config == known[0].config), key=lambda r: r.load)
    ttft = f", and the TTFT of {top.second} is {times(top.ttft)} that of {top.first}" if top.ttft else ""
    text = (
        f"{top.config} at {top.load.named}: {top.first} has {times(top.rps)} the RPS of {top.second}{ttft}."
    )
    yield Finding(text=text, short=text)
    slower = list(dict.fromkeys(r.config for r in known if r.second_is_bottleneck))
    if slower:
        text = f"{top.second} has a bottleneck of its own ({listed(slower)}): {top.first} answers more there."
        yield Finding(text=text, short=text)
