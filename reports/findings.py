"""What the figures say in plain words, and no more: an effect is shown, a cause is not yet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.analysis import DRIFT_RATIO, Analysis
from reports.compare import Comparison, Knee, deployments_of
from reports.document import listed, number, spread, times, users
from reports.load import Load
from reports.shaped import ShapedCell
from reports.stats import Estimate
from reports.summary import Level

MOCKED = {
    "mock-embeddings": "mocking the embeddings",
    "mock-llm": "mocking the LLM",
    "mock-both": "mocking both",
}
DRIFTS_NAMED = 3
SIDES = {"mock-embeddings": "embedding and retrieval", "mock-llm": "LLM"}


def _doing(config: str) -> str:
    return MOCKED.get(config, f"configuration {config}")


def _effect(ratio: Estimate | None, reference: str) -> str:
    if ratio is None:
        return "could not be compared"
    if not ratio.excludes_one:
        return f"shows no difference in RPS, {times(ratio)}"
    return f"makes RPS {times(ratio)} that of {reference}"


def _limit(at_top: Sequence[Comparison], knee: Knee | None, load: Load) -> str:
    """What the mocks' effects say about the limit at that load."""
    singles = {c.config: c.rps for c in at_top if c.config in SIDES}
    if not singles:
        return ""
    raised = {name: r.value for name, r in singles.items() if r and r.excludes_one and r.value > 1}
    if knee is not None and (knee.asked_differently or knee.other_loads or knee.struck):
        return ""
    if knee is None or knee.concurrency is None or load.users < knee.concurrency:
        return (
            "Throughput had not stopped growing there, so these differences are latency; "
            "what would limit throughput was not reached."
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


def _growth(levels: Sequence[Level]) -> str:
    """How much of the last step up in users came out as throughput."""
    found = sorted((lv.load.users, lv.figures.rps.value) for lv in levels if lv.valid and lv.figures.rps)
    if len(found) < 2 or not found[-2][1]:
        return ""
    (few, low), (many, high) = found[-2:]
    gained = high / low
    said = f" ({gained:.1f}x the RPS for {many / few:.1f}x the users since {few}"
    if gained - 1 < (many / few - 1) / 2:
        return f"{said}, much less than the users: measure between {few} and {many}, the knee may lie there)"
    return f"{said})"


def _grown(who: str, knee: Knee | None, levels: Sequence[Level]) -> str:
    """How far its throughput grew."""
    if knee is None:
        return f"{who} has no valid cell, so nothing follows from it."
    if knee.asked_differently:
        return (
            f"{who} was asked differently from level to level ({listed(knee.asked_differently)}): "
            "nothing follows about its growth."
        )
    if knee.other_loads:
        return (
            f"{who} was measured by {listed(knee.other_loads)}: nothing follows about its growth with users."
        )
    if knee.struck:
        return (
            f"{who} had {spread(knee.rps)} RPS at {users(knee.top)}; above, "
            f"{', '.join(map(str, knee.struck))} users were measured and are not valid: "
            "nothing follows about where it stops growing."
        )
    if knee.concurrency is not None:
        return f"{who} stops growing at {users(knee.concurrency)}, at {spread(knee.rps)} RPS."
    if knee.levels == 1:
        return f"{who} was measured at {users(knee.top)} only, {spread(knee.rps)} RPS."
    top = f"{users(knee.top)}, {spread(knee.rps)} RPS{_growth(levels)}"
    return f"{who} still grew at {top}: its limit was not reached."


def _shape(found: ShapedCell) -> str:
    """The RPS of each level that has one."""
    who = f"{found.cell.cell.deployment}: {found.cell.cell.config}"
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


def _deployment(analysis: Analysis, deployment: str) -> Iterator[str]:
    own = [c for c in analysis.comparisons if c.deployment == deployment and not c.asked_differently]
    levels = [level for level in analysis.levels if level.deployment == deployment]
    reference = own[0].reference if own else levels[0].config
    knee = next((k for k in analysis.knees if (k.deployment, k.config) == (deployment, reference)), None)
    yield _grown(f"{deployment}: {reference}", knee, [lv for lv in levels if lv.config == reference])
    for shaped in analysis.shaped:  # a search's answer stands below its table
        if shaped.cell.valid and shaped.cell.cell.deployment == deployment and not shaped.is_search:
            yield _shape(shaped)
    compared = [c.load for c in own if c.rps is not None]
    if not compared:
        return
    load = max(compared)
    at_top = [c for c in own if c.load == load]
    yield f"At {load.named} {listed([f'{_doing(c.config)} {_effect(c.rps, c.reference)}' for c in at_top])}."
    limit = _limit(at_top, knee, load)
    if limit:
        yield limit


def _drifted(analysis: Analysis) -> Iterator[str]:
    """Repeats that differ more than what is compared."""
    worst = sorted(analysis.drifts, key=lambda drift: -drift.ratio)
    if not worst:
        return
    places = [
        f"{d.figure} of {d.deployment}/{d.config} at {d.load.named} {d.ratio:.2f}x "
        f"({number(d.lowest)} to {number(d.highest)})"
        for d in worst[:DRIFTS_NAMED]
    ]
    if len(worst) > DRIFTS_NAMED:
        places.append(f"{len(worst) - DRIFTS_NAMED} more")
    yield (
        f"Repeats differ by more than {DRIFT_RATIO}x: {listed(places)}. The service changed between them, or "
        "the machine drifted or was used by others; a difference smaller than that between two cells "
        "measured once means nothing."
    )


def _impossible(analysis: Analysis) -> Iterator[str]:
    wrong = [a for a in analysis.accounts if a.unexplained_ms is None]
    if wrong:
        where = listed(list(dict.fromkeys(f"{a.deployment}/{a.config}" for a in wrong)))
        yield f"The server's stage times of {where} add up to more than the TTFT: do not draw from them."


def what_this_says(analysis: Analysis) -> Iterator[str]:
    """The closing sentences."""
    if not analysis.levels:
        yield "There is no complete cell: nothing was measured."
        return
    for deployment in deployments_of(analysis.levels):
        yield from _deployment(analysis, deployment)
    slower = [r for r in analysis.deployment_ratios if r.second_is_bottleneck]
    if slower:
        where = ", ".join(dict.fromkeys(r.config for r in slower))
        first, second = slower[0].first, slower[0].second
        yield f"{second} has a bottleneck of its own ({where}): {first} answers more there."
    yield from _drifted(analysis)
    yield from _impossible(analysis)
    if analysis.comparisons:
        yield (
            "An effect is not yet a cause: mocking a stage also relieves whatever only waits for it, and "
            "below the level where growth stops a faster stage saves latency, not capacity."
        )
