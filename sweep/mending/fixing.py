"""From what was found in a run to a plan that measures fixes of it beside the original. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from records.cells.cell import Cell
from records.cells.point import USERS
from records.secrets.urls import BLANK
from records.services.fixes import TriedFix, code_changed
from records.services.served import AS_IS
from records.services.variants import MOCKS, Variant, mocked_by
from sweep.fixes.remedy import Effective, Remedies, Remedy, as_text
from sweep.planning.plan import Plan
from sweep.planning.target import Target
from sweep.running.cpus import Cpus

if TYPE_CHECKING:
    from reports.analysis.analysis import Analysis
    from reports.evidence.loaded import LoadedPoint
    from reports.findings.common.finding import Effect, Finding

MOST_FIXES = 3
SUFFIX = "-fixes"
LONGEST_NAME = 80
CODE_CHANGED = (
    "note: the service's code changed since that run; its findings and predictions may no longer hold"
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """A finding, and the service that it is of as this run had it."""

    finding: Finding
    target: Target
    variant: Variant
    point: LoadedPoint

    @property
    def cell(self) -> Cell:
        return self.point.level.valid_cells[0].cell

    @property
    def service(self) -> tuple[str, str, object]:
        return self.target.label, self.variant.name, self.point.level.load

    @property
    def effective(self) -> Effective:
        """The threads that it was given with its CPUs, then what was set, then what it says itself."""
        requested, machine = self.cell.requested, self.point.machine
        threads, given = Cpus.from_json(requested.get("cpus")).environment(), requested.get("set")
        said = {**threads, **(given if isinstance(given, dict) else {}), **self.cell.settings}
        return Effective(
            settings={name: as_text(value) for name, value in said.items()},
            cores=None if machine is None else max(1, int(machine.cores)),
        )


def fixing_plan(analysis: Analysis, plan: Plan, given: Remedies, *, repeats: int | None = None) -> Plan | str:
    """The plan, of the service whose first finding that has a fix ranks highest; or why there is none.

    ``plan``: that of the run. ``given``: the user's remedies, before those that are known.
    """
    mended = {fix.of for fix in plan.fixes}  # of a run that tried fixes, what binds next is wanted
    found = [one for one in _found(analysis, plan) if one.variant.name not in mended]
    if not found:
        beside = f" beside {', '.join(sorted(mended))}" if mended else ""
        return f"no fix to try: nothing was found that holds a service back{beside}, of those that can be set"
    # What a mock uncovers binds nobody yet.
    found = [one for one in found if not mocked_by(one.variant.name)] or found
    for service in dict.fromkeys(one.service for one in found):
        of_it = [one for one in found if one.service == service]
        if tried := _tried(of_it, given):
            return _planned(plan, of_it[0], tried, repeats)
    codes = ", ".join(dict.fromkeys(one.finding.code for one in found))
    return (
        f"no fix to try: of {codes} no setting is known that fixes it and is not in effect; "
        "--fix CODE:KEY=VALUE names one. What wants other code: change it, sweep again, and compare "
        "by report BEFORE AFTER"
    )


def _found(analysis: Analysis, plan: Plan) -> Iterator[Found]:
    """What was found that costs something, worst first, of what can be set."""
    from reports.findings.catalogue import diagnosis  # here: it needs numpy, and a plan does not

    targets = {target.label: target for target in plan.targets if target.kind.configurable}
    variants = {variant.name: variant for variant in plan.variants}
    for finding in diagnosis(analysis):
        about = finding.about
        for service in analysis.services:
            point = next((p for p in service.points if p.level.load == about.load), service.heavy)
            target, variant = targets.get(service.deployment), variants.get(point.level.row.variant)
            of_it = (service.deployment, service.config) == (about.deployment, about.config)
            if of_it and about.load in (None, point.level.load) and finding.binds != "nothing":
                if target and variant:
                    yield Found(finding=finding, target=target, variant=variant, point=point)
                break


def _tried(found: Sequence[Found], given: Remedies) -> list[TriedFix]:
    """Of one service: the first remedy of each finding, then their second ones, none twice."""
    columns = [[(one, *fix) for fix in _changes(one, given)] for one in found]
    rounds = itertools.chain.from_iterable(itertools.zip_longest(*columns))
    tried: list[TriedFix] = []
    for candidate in rounds:
        if candidate is None or len(tried) == MOST_FIXES:
            continue
        one, remedy, changes = candidate
        if changes not in [fix.settings for fix in tried]:
            names = {one.variant.name, *(fix.variant for fix in tried)}
            name = _free(f"fix-{one.finding.code}", names)
            tried.append(_fix(one, changes, name, whole=not remedy.relieves))
    return tried


def _changes(found: Found, given: Remedies) -> Iterator[tuple[Remedy, dict[str, str]]]:
    """Each remedy that would change settings, with these; those first that act where the finding points."""
    code, where = found.finding.code, found.finding.where
    known = found.target.kind.remedies.get(code, ())
    pointed = sorted(known, key=lambda remedy: not (remedy.at and _is_in(remedy.at, where)))
    for remedy in (*given.get(code, ()), *pointed):
        if changes := remedy.changes(found.effective):
            yield remedy, changes


def _is_in(file: str, where: str) -> bool:
    """Is a line, ``retrieve (target_app/retrieval.py:40)``, one of that file?"""
    return any(f"{before}{file}:" in where for before in "(/")


def _free(name: str, taken: Collection[str]) -> str:
    names = itertools.chain([name], (f"{name}-{number}" for number in itertools.count(2)))
    return next(one for one in names if one not in taken)


def _fix(found: Found, changes: dict[str, str], name: str, *, whole: bool) -> TriedFix:
    """``whole``: it mends all of what the finding is of, so that what that predicts is its gain."""
    finding, effect = found.finding, found.finding.effect if whole else None
    low, best, high = (None, None, None) if effect is None else _gains(effect)
    return TriedFix(
        variant=name,
        of=found.variant.name,
        code=finding.code,
        where=finding.where,
        settings=changes,
        figure="" if effect is None else effect.figure,
        predicted=best,
        predicted_low=low,
        predicted_high=high,
        of_rate=effect is None or not effect.unit,
        found_in=found.cell.code,
    )


def _gains(effect: Effect) -> tuple[float | None, float | None, float | None]:
    """How many times better it gets: lowest, best and highest guess; of a time, less is better."""
    if effect.unit:
        return (
            _times(effect.now, effect.high),
            _times(effect.now, effect.mended),
            _times(effect.now, effect.low),
        )
    return tuple(_times(mended, effect.now) for mended in (effect.low, effect.mended, effect.high))  # type: ignore[return-value]


def _times(above: float | None, below: float | None) -> float | None:
    return above / below if above and below and above > 0 and below > 0 else None


def _planned(plan: Plan, found: Found, tried: Sequence[TriedFix], repeats: int | None) -> Plan:
    original, point = found.variant, found.cell.point
    fixed = [Variant(name=fix.variant, settings={**original.settings, **fix.settings}) for fix in tried]
    return replace(
        plan,
        name=plan.name
        if plan.name.endswith(SUFFIX)
        else f"{plan.name[: LONGEST_NAME - len(SUFFIX)]}{SUFFIX}",
        targets=(found.target,),
        variants=(original, *fixed),
        levels=() if point.users is None else (point.users,),
        grid=tuple((name, (value,)) for name, value in point.factors if name != USERS),
        auto=False,
        max_level=None,
        budget_seconds=None,
        settings={**_of_its_environment(found), **plan.settings},
        reference=original.name,
        repeats=repeats or plan.repeats,
        fixes=tuple(tried),
    )


def _of_its_environment(found: Found) -> dict[str, str]:
    """What the run's environment set of the service, which need not be set now; addresses are not kept."""
    given = found.cell.requested.get("set")
    if found.variant.name == AS_IS or not isinstance(given, dict):
        return {}
    own = {*found.variant.settings, *MOCKS["baseline"].settings, "OPENAI_BASE_URL"}
    return {
        name: text
        for name, text in given.items()
        if name not in own and isinstance(text, str) and BLANK not in text
    }


def announced(plan: Plan, cells: int, given: Remedies, *, code: str = "") -> list[str]:
    """What is about to be measured, and how long that takes; and which of the user's remedies are for none
    of it. ``code``: the digest of the service's code by now; empty: not known."""
    [point] = plan.points()
    lines = [
        f"  {fix.variant}: {', '.join(f'{name}={value}' for name, value in fix.settings.items())}"
        f"{f' (at {fix.where})' if fix.where else ''}; {predicted(fix)}"
        for fix in plan.fixes
    ]
    seconds = round(plan.seconds_of(cells))
    fixes = f"{len(lines)} {'fix' if len(lines) == 1 else 'fixes'}"
    repeats = f"{plan.repeats} {'repeat' if plan.repeats == 1 else 'repeats'}"
    return [
        f"trying {fixes} beside {plan.variants[0].name} of {plan.targets[0].label} at {point.named}:",
        *([CODE_CHANGED] if any(code_changed(fix, code) for fix in plan.fixes) else []),
        *lines,
        *(f"--fix {code} is not tried: that was not found there" for code in _of_none(plan, given)),
        f"{cells} cells, {repeats}, about {seconds // 60}:{seconds % 60:02d}",
    ]


def _of_none(plan: Plan, given: Remedies) -> list[str]:
    return [code for code in given if code not in {fix.code for fix in plan.fixes}]


def predicted(fix: TriedFix) -> str:
    if fix.predicted is None:
        return "what it gains is not predictable"
    return f"predicted {fix.predicted:.2f}x {fix.figure}"
