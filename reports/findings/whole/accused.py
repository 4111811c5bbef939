"""Which services the findings explain: of these nothing is said that holds where no cause is known."""

from __future__ import annotations

from collections.abc import Iterable

from reports.analysis.subject import Subject
from reports.findings.common.finding import Finding

BESIDE = frozenset(("noisy-neighbour",))
"""What comes from outside: while nobody saw what it takes, it explains nothing of a throughput."""


def accused(found: Iterable[Finding]) -> set[Subject]:
    """The services whose throughput something holds down; what comes from outside, and nobody saw what it
    takes, explains nothing of one."""
    return {
        one.about
        for one in found
        if one.binds == "throughput" and not (one.code in BESIDE and one.confidence == "possible")
    }
