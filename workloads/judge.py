"""A cell's verdict: the checks of its workload, in their order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from records.cells.cell import Cell, Check
from records.cells.other_programs import TO_DO, OtherProgram
from workloads.catalogue import check_named
from workloads.checks.advice import advised
from workloads.checks.facts import Facts
from workloads.checks.machine import notable
from workloads.workload import Workload

MAY_BE_WHY = f"other programs may be why: {TO_DO}"


def checks_of(workload: Workload, facts: Facts) -> tuple[Check, ...]:
    """All of them, when a load has ended."""
    found = tuple(check for judge in workload.checks if (check := judge(facts)) is not None)
    if _refused(facts):
        found = tuple(_of_no_answer(check) for check in found)
    if not facts.rate:  # there a queue may be why
        found = _of_one_cause(found, facts)
    if facts.shape is not None:
        return _of_no_constant_load(found, f"the shape {facts.shape} changed the load on the way", facts)
    if not workload.constant_load:
        return _of_no_constant_load(found, f"the load of {workload.name} is not constant", facts)
    return found


def _refused(facts: Facts) -> bool:
    """Was there no good answer, by no fault of a late generator? One that was late may let time run out."""
    outcomes = {request.outcome for request in facts.counted}
    return bool(outcomes) and not outcomes & {"ok", "timeout", "aborted"}


def slowed_by_the_machine(cell: Cell) -> bool:
    """Did it fail for a load generator that was behind, or, as a busy machine would fail it, while other
    programs took as much as matters?"""
    failed = [check_named(check.name) for check in cell.verdict.failures]
    busy = bool(notable(cell.other_programs or ())) and any(check.of_the_machine for check in failed)
    return busy or any(check.of_the_generator for check in failed)


def advised_beside(checks: Sequence[Check], programs: Sequence[OtherProgram]) -> tuple[Check, ...]:
    """The checks, where these programs ran meanwhile: if they took as much as matters, more time is the
    second thing to try, unless it is known already that the load generator was behind."""
    behind = any(c.status == "fail" and check_named(c.name).of_the_generator for c in checks)
    if behind or not notable(programs):
        return tuple(checks)
    return tuple(
        advised(replace(c, text=c.found), "; else ".join(filter(None, (MAY_BE_WHY, c.advice))))
        if check_named(c.name).wants_time and not c.advice.startswith(MAY_BE_WHY)
        else c
        for c in checks
    )


def _of_one_cause(found: tuple[Check, ...], facts: Facts) -> tuple[Check, ...]:
    """A load generator that was behind makes its load unsteady, and too little, or lets no request come to
    its end: no more time mends that, and what to do about the one is what to do about all."""
    behind = [c for c in found if c.status == "fail" and check_named(c.name).of_the_generator]
    if not behind:
        return found
    return tuple(
        advised(replace(c, text=c.found), behind[0].advice)
        if check_named(c.name).wants_time or (c.name == "failures" and not facts.counted)
        else c
        for c in found
    )


def _of_no_answer(check: Check) -> Check:
    """A busy machine moved no figure where there is none: the one cause then stands alone."""
    if check.status != "fail" or not check_named(check.name).of_the_machine:
        return check
    return Check(name=check.name, status="n/a", text="there was no good answer that it could have moved")


def _of_no_constant_load(found: Sequence[Check], text: str, facts: Facts) -> tuple[Check, ...]:
    """A load that changes on the way is not asked what only a constant one can be asked, nor, while there
    are good answers at all, for few failures: a shape may go past what the service can do on purpose."""
    on_purpose = bool(facts.good) and facts.shape is not None

    def unjudged(check: Check) -> bool:
        known = check_named(check.name)
        return known.of_one_level or (known.of_good_service and on_purpose)

    return tuple(Check(name=c.name, status="n/a", text=text) if unjudged(c) else c for c in found)
