"""What has to be known beside the figures, worst first: in full in the verdict, in brief above all tables."""

from __future__ import annotations

from collections.abc import Iterator

from records.request import GAPS_LEFT_OUT
from records.served import AS_IS
from reports.analysis.analysis import DRIFT_RATIO, Analysis
from reports.caution import Caution, named
from reports.figures.compare import Comparison, DeploymentRatio
from reports.figures.text import listed, number
from reports.machine import disturbed
from reports.refusals import refusals
from reports.unsure import thoughts_only, token_pace, undecided, unknown_ends

CONNECT_SHARE = 0.10
"""Of the TTFT: what connecting may take before it is told."""
LATE_SHARE = 0.05
"""Of a level's requests: from here on those that are late are told above the tables."""
STOOD_STILL_PERCENT = 5.0
"""Of a cell's time: from here on it is told that the load generator did not run."""
NAMED = 3
"""So many of a kind are named, the others counted."""


def cautions(analysis: Analysis) -> Iterator[Caution]:
    """All of them, worst first."""
    for kind in (
        _unproved,
        _unverified,
        _incomplete,
        thoughts_only,
        unknown_ends,
        token_pace,
        undecided,
        _refused,
        _two_loads,
        _reached,
        _overlapping,
        _drifted,
        _impossible,
    ):
        yield from kind(analysis)
    for kind in (_disturbed, _stood_still, _late, _gaps, _again, _connecting, _one_repeat):
        yield from kind(analysis)


def _unproved(analysis: Analysis) -> Iterator[Caution]:
    set_by_us = [one for one in analysis.as_is if one.cell.config != AS_IS]
    if set_by_us:
        count = f"{len(set_by_us)} of {len(analysis.cells)} cells"
        yield Caution(
            sentences=(
                f"{count}: configuration set, not proved (n/a): the service does not say what it runs.",
            ),
            brief=f"the configuration of {count} was set, not proved",
        )
    if len(analysis.as_is) > len(set_by_us):
        count = f"{len(analysis.as_is) - len(set_by_us)} of {len(analysis.cells)} cells"
        yield Caution(
            sentences=(
                f"{count}: configuration as-is: the service does not say what it runs, so it was not "
                "proved (n/a).",
            ),
            brief=f"{count} are as-is, which is not proved",
        )


def _unverified(analysis: Analysis) -> Iterator[Caution]:
    count = sum((cell.cell.requested.get("tls") or {}).get("insecure") is True for cell in analysis.cells)
    if count:
        text = f"{count} of {len(analysis.cells)} cells"
        yield Caution(
            sentences=(f"{text}: --insecure: nobody verified whose service answered.",),
            brief=f"{text} did not verify the service (--insecure)",
        )


def _incomplete(analysis: Analysis) -> Iterator[Caution]:
    if analysis.incomplete:
        text = f"{len(analysis.incomplete)} cells have no end and were left out"
        yield Caution(sentences=(f"{text}.",), brief=text)


def _refused(analysis: Analysis) -> Iterator[Caution]:
    refused = refusals((*analysis.comparisons, *analysis.deployment_ratios))
    if refused:
        brief = refused[0].brief
        if len(refused) > 1:
            brief = f"{len(refused)} pairs are not compared, they also differ in {refused[0].what}"
        yield Caution(sentences=tuple(refusal.sentence for refusal in refused), brief=brief)


def _two_loads(analysis: Analysis) -> Iterator[Caution]:
    pairs: list[Comparison | DeploymentRatio] = [*analysis.comparisons, *analysis.deployment_ratios]
    keys = list(dict.fromkeys(key for ratio in pairs for key in ratio.asked_differently))
    if keys:
        text = f"ratios are of two loads, asked differently ({listed(keys)})"
        yield Caution(sentences=(f"Some {text}.",), brief=f"some {text}")


def _reached(analysis: Analysis) -> Iterator[Caution]:
    """Two deployments at the ends of different ways."""
    apart = [ratio for ratio in analysis.deployment_ratios if ratio.reached_apart]
    if apart:
        ways = listed(list(dict.fromkeys(name for ratio in apart for name in ratio.reached_apart)))
        text = f"{apart[0].first} and {apart[0].second} were reached differently ({ways})"
        yield Caution(sentences=(f"{text}: what that costs is in their ratio.",), brief=text)


def _overlapping(analysis: Analysis) -> Iterator[Caution]:
    """Loads that one service had at the same time, of which each is reported as if it were alone."""
    pairs = analysis.overlapping
    if pairs:
        who = listed([named(cell, analysis) for cell in pairs[0]])
        others = f"; {len(pairs) - 1} more pairs likewise" if len(pairs) > 1 else ""
        yield Caution(
            sentences=(
                f"{who} overlap in time and were not added up: they took from each other, so neither "
                f"shows what the service does alone{others}.",
            ),
            brief=f"{len(pairs)} pairs of cells overlap in time" if others else f"{who} overlap in time",
        )


def _drifted(analysis: Analysis) -> Iterator[Caution]:
    """Repeats that differ more than what is compared."""
    worst = sorted(analysis.drifts, key=lambda drift: -drift.ratio)
    if not worst:
        return
    places = [
        f"{d.figure} of {d.deployment}/{d.config} at {d.load.named} {d.ratio:.2f}x "
        f"({number(d.lowest)} to {number(d.highest)})"
        for d in worst[:NAMED]
    ]
    if len(worst) > NAMED:
        places.append(f"{len(worst) - NAMED} more")
    yield Caution(
        sentences=(
            f"Repeats differ by more than {DRIFT_RATIO}x: {listed(places)}. The service changed between "
            "them, or the machine drifted or was used by others; a difference smaller than that between two "
            "cells measured once means nothing.",
        ),
        brief=f"repeats differ by up to {worst[0].ratio:.2f}x in {worst[0].figure}",
    )


def _impossible(analysis: Analysis) -> Iterator[Caution]:
    wrong = [a for a in analysis.accounts if a.unexplained_ms is None]
    if wrong:
        places = list(dict.fromkeys(f"{a.deployment}/{a.config}" for a in wrong))
        text = f"stage times of {listed(places)} add up to more than the TTFT"
        brief = text if len(places) == 1 else f"stage times of {len(places)} configurations exceed the TTFT"
        yield Caution(sentences=(f"The server's {text}: do not draw from them.",), brief=brief)


def _disturbed(analysis: Analysis) -> Iterator[Caution]:
    for sentence in disturbed(analysis.cells):
        brief = sentence.partition(" (")[0]
        yield Caution(sentences=(sentence,), brief=brief[0].lower() + brief[1:])


def _late(analysis: Analysis) -> Iterator[Caution]:
    """Levels of which so many requests have no times that the others may not stand for them."""
    many = [level for level in analysis.levels if level.figures.late >= LATE_SHARE * level.figures.requests]
    worst = max(
        (level for level in many if level.figures.late),
        key=lambda level: level.figures.late / level.figures.requests,
        default=None,
    )
    if worst is not None:
        where = (
            f"{worst.figures.late} of {worst.figures.requests} requests of {worst.deployment}/{worst.config}"
        )
        yield Caution(
            sentences=(
                f"Late: {where} at {worst.load.named} are in no latency: the load generator stalled. Where "
                "the service stalled with it, as on a shared machine, its slowest answers are among them.",
            ),
            brief=f"up to {worst.figures.late / worst.figures.requests:.0%} of a level's requests were late",
        )


def _gaps(analysis: Analysis) -> Iterator[Caution]:
    """Answers with gaps over a stall of the load generator, which are longer than others by chance."""
    found = []
    for level in analysis.levels:
        good = [r for cell in level.valid_cells for r in cell.timed if r.gaps_us]
        if good:
            found.append((sum(GAPS_LEFT_OUT in r.flags for r in good) / len(good), level))
    share, worst = max(found, key=lambda pair: pair[0], default=(0.0, None))
    if worst is not None and share >= LATE_SHARE:
        text = f"in {share:.0%} of the answers gaps over a stall are left out of the ITL"
        who = f"{worst.deployment}/{worst.config} at {worst.load.named}"
        yield Caution(
            sentences=(f"{who}: {text}, whose p99 may be higher.",), brief=f"ITL p99 may be higher ({who})"
        )


def _stood_still(analysis: Analysis) -> Iterator[Caution]:
    """Users of a generator that stands still ask late, so that there are fewer requests."""
    found = [
        (percent, cell)
        for cell in analysis.cells
        if cell.valid
        for part in cell.parts
        for worker in part.data.cell.achieved.get("load_workers") or ()
        if isinstance(worker, dict) and isinstance(percent := worker.get("stood_still_percent"), (int, float))
    ]
    percent, cell = max(found, key=lambda pair: pair[0], default=(0.0, None))
    if cell is not None and percent >= STOOD_STILL_PERCENT:
        text = f"the load generator stood still for up to {percent:.0f} % of a cell's time"
        yield Caution(
            sentences=(
                f"{text[0].upper()}{text[1:]} ({named(cell, analysis)}): its RPS may be as much low.",
            ),
            brief=f"{text}, so RPS may be low",
        )


def _again(analysis: Analysis) -> Iterator[Caution]:
    """A cell that failed before it was valid: the machine was no quiet one."""
    retried = [c for c in analysis.cells if any(p.data.cell.achieved.get("earlier_tries") for p in c.parts)]
    if retried:
        count = (
            f"{len(retried)} of {len(analysis.cells)} cells were measured again: the machine had spoiled them"
        )
        who = listed([named(cell, analysis) for cell in retried])
        yield Caution(
            sentences=(f"{count}: {who}. What came before is kept beside each, as .try-1.",), brief=count
        )


def _connecting(analysis: Analysis) -> Iterator[Caution]:
    """Waiting for a connection ends before a request is sent: no latency of a closed loop has it."""
    found = []
    for cell in analysis.cells:
        parts, latency = [part.data for part in cell.parts], cell.figures.median
        counts = [data.cell.achieved for data in parts]
        # An open loop's latency counts from when the request was due, so it has it.
        if cell.cell.requested.get("rate") or latency is None or not all(c.get("connect_ms") for c in counts):
            continue
        ms = sum(c.get("connects", 0) * c["connect_ms"] for c in counts) / sum(len(d.requests) for d in parts)
        if cell.workload.compared.unit == "ms" and ms > CONNECT_SHARE * latency.value:
            found.append((ms, cell.cell.name))
    if found:
        ms, name = max(found)
        others = f"; {len(found) - 1} more cells likewise" if len(found) > 1 else ""
        text = f"connecting took {number(ms)} ms a request on average, which is in no figure"
        yield Caution(sentences=(f"{name}: {text}{others}.",), brief=f"{text} ({name})")


def _one_repeat(analysis: Analysis) -> Iterator[Caution]:
    if analysis.repeats == 1:
        whole = "One repeat" if analysis.most_repeats == 1 else "Some levels have one repeat"
        yield Caution(
            sentences=(f"{whole}: such intervals cover noise within a run only, not between runs.",),
            brief=f"{whole[0].lower()}{whole[1:]}: no noise between runs is known",
        )
