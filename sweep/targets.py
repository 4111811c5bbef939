"""The targets of one repeat: started one after the other, and asked what they run."""

from __future__ import annotations

import os
import time
from collections.abc import Collection
from contextlib import ExitStack

from records import layout
from records.served import AS_IS
from sweep.cell import Workplace
from sweep.deployments import Endpoint, Setup, deployment_of
from sweep.plan import Service, Target
from sweep.progress import Progress
from sweep.reaching import reach_of_plan
from sweep.usage import UsageError


def start_targets(
    stack: ExitStack,
    place: Workplace,
    wanted: Collection[Service],
    *,
    repeat: int,
    llm_url: str,
    progress: Progress,
) -> dict[Service, Endpoint]:
    """Start what is wanted; ``stack`` stops it.

    Raises:
        UsageError: one never got ready, or cannot prove what it runs.
    """
    endpoints: dict[Service, Endpoint] = {}
    began = time.monotonic()
    for target in place.plan.targets:
        for config in (variant.name for variant in place.plan.variants):
            if (target.label, config) not in wanted:
                continue
            setup = Setup(
                config=config,
                settings=place.plan.settings_of(config),
                cpus=place.cpus,
                llm_url=llm_url,
                log=place.run / layout.TARGETS / target.label / f"{config}-r{repeat}.log",
                ledger=place.ledger,
                say=progress.say,
                reach=reach_of_plan(place.plan, os.environ),
            )
            _say_start(progress, target, config, repeat)
            deployment = deployment_of(target, setup)
            stack.callback(deployment.stop)
            endpoint = deployment.start()
            _must_be_provable(target, config, endpoint)
            endpoints[target.label, config] = endpoint
    if place.plan.starts_targets:
        progress.step(f"all targets are ready, {time.monotonic() - began:.0f} s")
    return endpoints


def _say_start(progress: Progress, target: Target, config: str, repeat: int) -> None:
    what = f"starting {config} ({target.label})"
    progress.say(what)
    if target.ours:
        progress.step(f"{what}, repeat {repeat}")


def _must_be_provable(target: Target, config: str, endpoint: Endpoint) -> None:
    if config != AS_IS and endpoint.served.config is None:
        raise UsageError(
            f"{target.label} has no /config, so {config} can't be proved there; use --config {AS_IS}"
        )
