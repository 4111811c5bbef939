"""What the figures say in plain words, and no more: an effect is shown, a cause is not yet. What is judged
of them, `reports.findings` judges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from records.cells.cell import Check
from records.services.variants import mocked_by
from reports.analysis.analysis import Analysis
from reports.analysis.of_answers import NoStageTimes
from reports.document.sentence import Sentence
from reports.figures.compare import Comparison, deployments_of
from reports.figures.knees import Knee
from reports.figures.load import Load
from reports.figures.shaped import ShapedCell
from reports.figures.text import listed, number, times
from reports.findings.common.finding import Finding
from reports.findings.whole.limit import SIDES, Limit, limit
from reports.findings.whole.waiting import queueing, waiting
from reports.notes.meanwhile import meanwhile
from reports.notes.said_above import failed_in_words
from reports.notes.valid_count import valid_count
from reports.words import offered
from reports.words import unexplained as unexplained_words
from reports.words.ahead import ahead
from reports.words.diagnosis import causes
from reports.words.dial import dial_sentences
from reports.words.full import full_at_top
from reports.words.gap_causes import gap_cause_sentences
from reports.words.growth import grown, others_grown

LONGEST_FOUND, LONG_FOUND = 200, 90
"""Characters of what a failed check found, above the tables, and where there is no room; the verdict has all
of it. What to do about it is never cut."""


ARE = (" (a measurement)", " (measurements)")
"""A cell, and cells."""
MOST_COMPARED = 2
"""So many deployments beside the first have a sentence of their own, whatever the room."""


def sentences(analysis: Analysis, found: Sequence[Finding]) -> Iterator[Sentence]:
    """The most important first: which of two deployments is ahead, may it be believed, how far does it grow,
    what are the mocks worth?"""
    if not analysis.levels:
        yield Sentence(text=_without_end(analysis), kept=True)
        return
    compared = list(ahead(analysis))
    many = len({ratio.second for ratio in analysis.deployment_ratios}) > MOST_COMPARED
    if many:  # the table has them all
        compared = [replace(sentence, kept=False) for sentence in compared]
    behind = many or bool(analysis.without_valid_cell)
    if not behind:
        yield from compared
    why = causes(analysis, found)
    yield _believed(analysis, why)
    if behind:
        yield from compared
    yield from gap_cause_sentences(analysis)
    if any(cell.valid for cell in analysis.cells):
        yield from _without_figures(analysis, why)
    for deployment in deployments_of(analysis.levels):
        yield from _deployment(analysis, deployment)
    yield from dial_sentences(analysis)
    yield from unexplained(analysis, found)


def _without_figures(analysis: Analysis, why: Mapping[tuple[str, str], str]) -> Iterator[Sentence]:
    """Services without a valid cell: those of which nothing is known, and those of which it was found why."""
    names = {pair: "/".join(pair) for pair in analysis.without_valid_cell}
    if unknown := [name for pair, name in names.items() if pair not in why]:
        text = f"Nothing can be said about {listed(unknown)}: no cell is valid."
        yield Sentence(text=text, short=text)
    if known := [f"{name} ({why[pair]})" for pair, name in names.items() if pair in why]:
        text = f"No cell is valid of {listed(known)}: nothing else can be said about it."
        yield Sentence(text=text, short=text)


def _without_end(analysis: Analysis) -> str:
    count = sum(source.run.recorded for source in analysis.sources)
    if not count:
        return "There is no complete cell: nothing was measured."
    requests = "1 request is" if count == 1 else f"{count} requests are"
    why = "the load has no end (it was killed?): no verdict, no figures"
    return f"{requests} recorded, but {why}; measure again."


def unexplained(analysis: Analysis, found: Sequence[Finding]) -> Iterator[Sentence]:
    """Deployments of which nobody knows what takes their time. ``found``: the diagnosis."""
    named = {finding.about.deployment for finding in found if finding.where}
    for note in analysis.noted(NoStageTimes):
        if left := [one for one in note.deployments if one not in named]:
            can_send = not set(left) <= set(note.no_place_for_them)
            yield unexplained_words.blind(left, note.profiles, can_send=can_send)


def _believed(analysis: Analysis, why: Mapping[tuple[str, str], str]) -> Sentence:
    """``why``: what was found of services that have no valid cell for it."""
    cells, invalid = analysis.cells, analysis.invalid
    if not invalid:
        text = f"{valid_count(len(cells), len(cells), ARE[len(cells) > 1])}."
        return Sentence(text=text, short=text, kept=True)
    failed = [check for cell in invalid for check in cell.failed_checks]
    good = len(cells) - len(invalid)
    first = valid_count(good, len(cells), ARE[1] if len(cells) > 1 else "")
    if good:
        first += ", the other is in no figure" if len(invalid) == 1 else ", the others are in no figure"
    elif len(cells) > 1:
        first += ", so there is no figure to believe"
        first += (
            f" but those of what was found, which is why ({listed(sorted(set(why.values())))})" if why else ""
        )
    if not failed:
        return Sentence(
            text=f"{first}: it was not checked.", short=f"{first}: it was not checked.", kept=True
        )
    [(name, count)] = Counter(check.name for check in failed).most_common(1)
    worst = next(check for check in failed if check.name == name)
    told = f"{failed_in_words(name)}{f' in {count} of them' if len(invalid) > 1 else ''}"
    those = [cell for cell in invalid if any(check.name == name for check in cell.failed_checks)]
    who = meanwhile(those, [worst])
    text, short = (f"{first}. {told}: {_why(worst, room, who)}" for room in (LONGEST_FOUND, LONG_FOUND))
    return Sentence(text=text, short=short, least=f"{first}. {told}; see the verdict.", kept=True)


def _why(check: Check, room: int, who: str) -> str:
    """What it found, as much as there is room for, all of what to do about it, and ``who`` was at work."""
    found = " ".join(check.found.split())
    if len(found) > room:
        found = f"{found[:room].rpartition(' ')[0] or found[:room]} ..."
        found += ")" * (found.count("(") > found.count(")"))
    why = "; ".join(filter(None, (found, check.advice, who)))
    return why if why.endswith(("?", "...", "...)")) else f"{why}."


def _doing(config: str) -> str:
    parts = [switch.part for switch in mocked_by(config) or ()]
    if not parts:
        return f"configuration {config}"
    return f"mocking {parts[0] if len(parts) == 1 else 'both'}"


def _effects(analysis: Analysis, compared: Sequence[Comparison]) -> str:
    """The throughput of each against the reference's, at one load; at a rate the latency."""
    if offered.is_offered(compared[0].load):
        each = [f"{_doing(c.config)} {offered.gained(c)}" for c in compared]
        return f"At {compared[0].load.named} {listed(each)}; {offered.served_by(analysis, compared)}"
    parts: list[str] = []
    for c in compared:
        per = c.workload.throughput.title
        of, to = ("", "") if parts else (f" that of {c.reference}", f" in {per} to {c.reference}")
        if c.throughput is not None and c.throughput.excludes_one:
            parts.append(f"{_doing(c.config)} makes {'it' if parts else per} {times(c.throughput)}{of}")
        else:
            parts.append(f"{_doing(c.config)} shows no difference{to}, {times(c.throughput)}")
    return f"At {compared[0].load.named} {listed(parts)}"


def _limit(found: Limit) -> str:
    at = f"At {found.load.named}"
    match found.is_it:
        case "unsure":
            return "Where the limit of throughput is, these levels cannot tell, nor what holds it down."
        case "not reached":
            return (
                f"The limit of throughput was not reached by {found.side}: measure it with more load to"
                " learn what sets it."
            )
        case "below":
            return (
                "That is below where throughput stops growing: users who wait less ask again sooner; what "
                "limits throughput is not known yet."
            )
        case "both":
            return f"{at} both sides take from throughput, the {found.side} side more."
        case "one":
            other = "the other side's does not show" if found.other_compared else "the other was not compared"
            return f"{at} what the {found.side} side takes holds throughput down; {other}."
        case "neither":
            return f"{at} neither side's mock raises throughput: what limits it lies elsewhere, or is shared."


def _shape(found: ShapedCell) -> str:
    """The throughput of each level that has one; of a search its answer."""
    who = f"{found.cell.cell.deployment}: {found.cell.cell.config}"
    if found.is_search:
        return f"{who}: {found.sentence}."
    known = [
        (level.held.label(found.unit), best.value)
        for level in found.levels
        if (best := level.figures.throughput)
    ]
    per = found.cell.workload.throughput.title
    if not known:
        return f"{who} has no level of {found.shape} that lasted long enough for its {per}."
    labels, values = zip(*known, strict=True)
    unit = " users" if found.unit == "users" else ""
    return (
        f"{who} had {listed(list(map(number, values)))} {per} at {listed(list(labels))}{unit}, in that order."
    )


def _deployment(analysis: Analysis, deployment: str) -> Iterator[Sentence]:
    own = [c for c in analysis.comparisons if c.deployment == deployment and not c.workload_mismatch]
    levels = [level for level in analysis.levels if level.deployment == deployment]
    reference = own[0].reference if own else levels[0].config
    knees = [knee for knee in analysis.knees if knee.deployment == deployment]
    knee = next((k for k in knees if k.config == reference), None)
    others = list(others_grown([k for k in knees if k is not knee]))
    if knee is None and not others:
        return  # that no cell is valid is said already
    who = f"{deployment}: {knee.name if knee else reference}"
    full = full_at_top(analysis.ladders, knee) if knee else None
    first, brief = (grown(who, knee, full=full, brief=short) for short in (False, True))
    if knee and knee.other_loads and (text := offered.offered(who, [lv for lv in levels if knee.has(lv)])):
        first = brief = text
    yield Sentence(text="; ".join([first, *others]) + ".", short=f"{brief}.")
    blind_to_it = any(deployment in note.deployments for note in analysis.noted(NoStageTimes))
    if blind_to_it and (waits := waiting(knee, levels)):
        yield unexplained_words.waiting(deployment, waits)
    breakdowns = [
        one for one in analysis.latency_breakdowns if (one.deployment, one.config) == (deployment, reference)
    ]
    if queues := queueing(breakdowns):
        yield unexplained_words.queueing(queues)
    for shaped in analysis.shaped:
        if shaped.cell.valid and shaped.cell.cell.deployment == deployment:
            yield Sentence(text=_shape(shaped))
    fixes = {(fix.tried.variant, fix.tried.of) for fix in analysis.fixes}  # said already, as are changes
    for of_it in _alike([c for c in own if (c.config, c.reference) not in fixes and not c.of_one_variant]):
        name, workload = of_it[0].reference, of_it[0].workload
        its = (k for k in knees if (k.config, k.workload) == (name, workload))
        yield from _mocks(analysis, of_it, next(its, None))


def _alike(compared: Sequence[Comparison]) -> list[list[Comparison]]:
    """Those with one reference and of one workload together."""
    groups: dict[tuple[str, str], list[Comparison]] = {}
    for c in compared:
        groups.setdefault((c.reference, c.workload.name), []).append(c)
    return list(groups.values())


def _mocks(analysis: Analysis, own: Sequence[Comparison], knee: Knee | None) -> Iterator[Sentence]:
    """What each mock is worth at the highest load at which both sides were compared, of any other at the
    highest of its own; and what follows."""
    compared = [c for c in sorted(own, key=lambda c: c.load) if c.throughput is not None]
    if not compared:
        return
    by_load: dict[Load, set[str]] = {}
    for c in compared:
        by_load.setdefault(c.load, set()).add(c.config)
    top = max(by_load, key=lambda load: (by_load[load] >= SIDES.keys(), load))
    highest = {c.config: c.load for c in compared} | {c.config: top for c in compared if c.load == top}
    others = sorted({*highest.values()} - {top}, reverse=True)
    said = [
        _effects(analysis, [c for c in compared if c.load == load == highest[c.config]])
        for load in (top, *others)
    ]
    yield Sentence(
        text="; ".join([said[0], *(f"a{text[1:]}" for text in said[1:])]) + ".", short=f"{said[0]}."
    )
    if found := limit([c for c in own if c.load == top], knee, top):
        text = _limit(found)
        yield Sentence(text=text, short=text)
