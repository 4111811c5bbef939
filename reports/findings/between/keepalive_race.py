"""Connections that lay idle are closed just when they are used again: one side keeps them for less long."""

from __future__ import annotations

from collections.abc import Iterator

from reports.analysis.analysis import Analysis
from reports.analysis.subject import Subject
from reports.evidence.reuse import Reuse, reuse
from reports.figures.summary import OperatingPoint
from reports.findings.common.finding import Effect, Evidence, Finding
from reports.findings.common.heaviest import OF_THE_SERVICE, cells_but
from reports.findings.common.held import LOSS

FEWEST, MANY = 3, 0.02
"""So many requests, and this share of those over connections that lay idle, have to meet a closed one."""
RARER = 0.1
"""Of that share, at most what may be among the others: else connections break for another reason."""
OFTEN = 0.05
"""From here on a cell is not believed."""
BY_CHANCE = 0.05
"""How likely it may be that none of the others was closed, if they were closed as often."""


def keepalive_race(analysis: Analysis) -> Iterator[Finding]:
    found: dict[tuple[str, str], tuple[OperatingPoint, Reuse]] = {}
    for level in analysis.levels:
        row, seen = (level.deployment, level.config), reuse(cells_but(level, OF_THE_SERVICE))
        if _races(seen) and (row not in found or found[row][1].rested_broken < seen.rested_broken):
            found[row] = level, seen
    return (_finding(level, seen) for level, seen in found.values())


def _races(seen: Reuse) -> bool:
    enough = seen.rested_broken >= FEWEST and seen.share >= MANY
    return enough and seen.others_share <= RARER * seen.share


def _finding(level: OperatingPoint, seen: Reuse) -> Finding:
    lost = seen.rested_broken - seen.answered
    return Finding(
        code="keepalive-race",
        about=Subject.of(level),
        compares_loads=False,
        binds="throughput" if lost >= LOSS * (seen.rested + seen.others) else "latency",
        confidence="shown" if (1 - seen.share) ** seen.others <= BY_CHANCE else "likely",
        severity="high" if seen.share >= OFTEN else "medium",
        effect=Effect(figure="requests that meet a closed connection", unit="%", 
                      now=100 * seen.share, mended=0),
        evidence=(
            Evidence(figure="requests that met a closed connection", value=seen.rested_broken),
            Evidence(figure="requests over connections that had been idle for a second", value=seen.rested),
            Evidence(figure="others that met one", value=seen.others_broken),
            Evidence(figure="others", value=seen.others),
            Evidence(figure="the least time for which a closed one had been idle", 
                     value=seen.least_idle_s, unit="s"),
            Evidence(figure="requests lost, sent again or not", value=lost),
        ),
        advice="Have the server keep idle connections for longer than whoever asks it: its keep-alive above"
        " the proxy's or the client's, with a second to spare",
    )  # fmt: skip
