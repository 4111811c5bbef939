"""The targets of one repeat: started one after the other, and asked what they run."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path

from records.cells import layout
from records.cells.folders import cell_directories
from records.services.served import AS_IS, Served
from sweep.beside.reaching import headers_of_plan, reach_of_plan
from sweep.deployments.protocol import Deployment, Endpoint, Setup
from sweep.measuring.progress import Progress
from sweep.measuring.workplace import Workplace
from sweep.planning.cell_key import Service
from sweep.planning.plan import Plan
from sweep.planning.target import Target
from sweep.planning.ways import ways_of
from sweep.running.errors import OutOfMemory, OutOfTime, UsageError
from sweep.running.inside import blank_inside
from sweep.running.lent import take_back
from sweep.running.redaction import blank_file

KILLED_AS_IT_STARTED = "killed for want of memory as it started"
"""Why a target is left out."""


@dataclass(kw_only=True)
class Start:
    """Of one target: what it reports is said with its name, and for how long it has been starting."""

    name: str
    progress: Progress
    began: float = field(default_factory=time.monotonic)
    is_over: bool = False
    """What is reported now is of its load."""

    def report(self, what: str) -> None:
        # The time comes first, and in few words: a terminal may have no room for the rest.
        start = "" if self.is_over else f"{time.monotonic() - self.began:.0f} s: "
        self.progress.report(f"{start}{self.name}{' starts' if start else ''}: {what}")

    def note(self, what: str) -> None:
        self.progress.note(f"{self.name}: {what}")


def start_targets(
    stack: ExitStack,
    place: Workplace,
    wanted: Collection[Service],
    *,
    repeat: int,
    llm_url: str,
    progress: Progress,
    budget_ends: float = math.inf,
) -> dict[Service, Endpoint]:
    """Start what is wanted; ``stack`` stops it.

    Raises:
        OutOfTime: the budget ended before all were ready.
        UsageError: one never got ready, or cannot prove what it runs. What is killed at its memory limit is
            left out, unless nothing else is there or was measured.
    """
    plan, began = place.plan, time.monotonic()
    endpoints: dict[Service, Endpoint] = {}
    killed: OutOfMemory | None = None
    for target, config in product(plan.targets, (variant.name for variant in plan.variants)):
        if (target.label, config) not in wanted:
            continue
        if target.kind.started and time.monotonic() >= budget_ends:
            raise OutOfTime(f"the budget ended before {config} ({target.label}) was started")
        start = Start(name=f"{config} ({target.label})", progress=progress)
        setup = _setup(
            place,
            target,
            f"{config}-r{repeat}",
            llm_url=llm_url,
            start=start,
            budget_ends=budget_ends,
        )
        progress.report(f"starting {start.name}")
        if target.kind.started:
            progress.step(f"starting {start.name}, repeat {repeat}")
        try:
            endpoints[target.label, config] = _started(stack, plan, target, config, setup)
            start.is_over = True
        except OutOfMemory as error:
            killed = error
            progress.note(f"{error}; it is not measured in repeat {repeat}")
    if killed is not None and not endpoints and not any(cell_directories(place.run)):
        raise killed
    if repeat == 1 and (unproved := list(_unproved(plan, endpoints))):
        progress.note(f"set, not proved, without a /config that says it: {', '.join(unproved)}")
    if plan.starts_targets:
        progress.step(f"all targets are ready, {time.monotonic() - began:.0f} s")
    return endpoints


def _started(stack: ExitStack, plan: Plan, target: Target, config: str, setup: Setup) -> Endpoint:
    """One of them, ready; ``stack`` stops it. Raises as `start_targets`; OutOfMemory once it is stopped."""
    deployment = deployment_of(target, setup)
    stack.callback(_stop, deployment, setup)
    kept = target.kept()  # files that change while it runs are not what runs
    try:
        endpoint = deployment.start(config, plan.settings_of(config))
    except OutOfMemory:
        _stop(deployment, setup)
        raise
    except OutOfTime as error:
        raise OutOfTime(f"{config} ({target.label}): {error}") from error
    _must_be_provable(target, config, endpoint.served)
    return replace(endpoint, kept=kept)


def _unproved(plan: Plan, endpoints: Mapping[Service, Endpoint]) -> Iterator[str]:
    """Those that were set to something, and do not say that they are."""
    configurable = {target.label for target in plan.targets if target.kind.configurable}
    for (label, config), endpoint in endpoints.items():
        if label in configurable and endpoint.served.config is None and plan.settings_of(config):
            yield f"{label}/{config}"


def _stop(deployment: Deployment, setup: Setup) -> None:
    """It has ended then, and what its processes wrote holds no secret."""
    try:
        deployment.stop()
    finally:
        if setup.dial is not None:
            take_back(setup.dial)
        if setup.inside is not None:
            blank_inside(setup.inside)


def blank_left(run: Path) -> None:
    """What targets of before wrote, who were left running when their sweep was killed, and are gone now."""
    for folder in (run / layout.TARGETS).glob("*/*.dial"):
        take_back(folder)
    for folder in (run / layout.TARGETS).glob("*/*.inside"):
        blank_inside(folder)
    for log in (run / layout.TARGETS).glob("*/*.log"):
        blank_file(log)


def _setup(
    place: Workplace,
    target: Target,
    name: str,
    *,
    llm_url: str,
    start: Start,
    budget_ends: float,
) -> Setup:
    """``name``: of its variant and repeat, by which its files are called."""
    folder = place.run / layout.TARGETS / target.label
    return Setup(
        cpus=place.cpus,
        llm_url=llm_url if target.kind.reaches_loopback else "",
        log=folder / f"{name}.log",
        inside=folder / f"{name}.inside" if place.plan.inside else None,
        dial=folder / f"{name}.dial" if place.plan.dial else None,
        otlp_url=place.spans.url if place.spans else "",
        ledger=place.ledger,
        report=start.report,
        note=start.note,
        reach=reach_of_plan(place.plan, os.environ),
        headers=headers_of_plan(place.plan, os.environ),
        ways=ways_of(place.plan),
        budget_ends=budget_ends,
        **target.start_options(),
    )


def check_services(plan: Plan, environment: Mapping[str, str], *, ask: bool = True) -> None:
    """Ask the running services, and look for the commands, before there is a folder in which nothing would be
    measured. ``ask``: False asks nobody who is not on this machine.

    Raises:
        UsageError: nobody answers, one cannot prove what it runs, or there is no such command.
    """
    reach, headers = reach_of_plan(plan, environment), headers_of_plan(plan, environment)
    for target in plan.targets:
        if target.kind.alone and len(plan.variants) > 1:
            raise UsageError(f"{target.label} is one variant at a time: give one --config, or measure clones")
        if not ask and (target.kind.elsewhere or not target.kind.started):
            continue
        said = target.kind.check(reach, headers)
        if said is not None:
            for variant in plan.variants:
                _must_be_provable(target, variant.name, said)


def deployment_of(target: Target, setup: Setup) -> Deployment:
    """A target of its kind, not started yet."""
    return target.kind.deployment(setup)


def _must_be_provable(target: Target, config: str, said: Served) -> None:
    """What is not started with a configuration has to say that it runs it."""
    if config != AS_IS and said.config is None and not target.kind.configurable:
        raise UsageError(
            f"{target.label} has no /config, so {config} can't be proved there; use --config {AS_IS}"
        )
