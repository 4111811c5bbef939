"""From what the command line and the environment say to a plan that can be measured, or one clear line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import click

from reach.flags import as_words
from records.services.variants import MOCKS
from sweep.beside.llm import named_llm
from sweep.beside.probing import check_paths
from sweep.beside.reaching import check_reach, reach_of_plan, with_whole_paths
from sweep.beside.scraping import check_scrapes
from sweep.beside.seen import check_seen
from sweep.planning import options
from sweep.planning.dialling import check_not_auto, dialled
from sweep.planning.division import divided
from sweep.planning.factors import check_scenario
from sweep.planning.grid import parse_grid
from sweep.planning.load_words import check_min_seconds, parse_locust_args
from sweep.planning.plan import Plan
from sweep.planning.plan_options import as_given
from sweep.planning.regions import regional
from sweep.planning.resolved import called, resolved
from sweep.planning.target import check_settings
from sweep.planning.target_options import with_given
from sweep.planning.variants import (
    check_common,
    check_reference,
    check_told_apart,
    parse_settings,
    parse_variants,
)
from sweep.planning.ways import check_ways
from sweep.running import cpus as division
from sweep.running.errors import UsageError
from sweep.running.redaction import check_not_kept

AUTO_BUDGET = "330s"  # with the report after it, `make sweep` stays under six minutes
DIAL_BUDGET = "540s"  # three cells take six minutes, so that one may be measured again


def planned(given: Mapping[str, Any], locust_args: Sequence[str], environment: Mapping[str, str]) -> Plan:
    """``given``: the command's options by their names. Raises UsageError."""
    name = given["name"]
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}", name):
        raise UsageError(f"--name takes letters, digits, '.', '_' and '-', not {name!r}")
    check_paths(given["probe_paths"], probes=given["probes"])
    max_level = options.max_concurrent(environment)
    points = parse_grid(given["grid"], given["concurrency"], max_level)
    if given["dial"] and points.auto:
        check_not_auto(given["concurrency"], given["grid"])
    budget = given["budget"]
    if budget is None:
        usual = DIAL_BUDGET if given["dial"] else AUTO_BUDGET
        budget = usual if points.auto else "none"
    plan = Plan(
        **as_given(given),
        targets=with_given(
            options.parse_targets(given["deployments"] or options.deployments_of(environment)), given
        ),
        variants=parse_variants(given["variants"]),
        levels=points.levels,
        auto=points.auto,
        grid=points.factors,
        max_level=max_level,
        settings=parse_settings(given["settings"]),
        budget_seconds=options.parse_budget(budget),
        locust_args=_locust_args((*as_words(given), *locust_args), given["scenario"]),
    )
    plan = regional(resolved(dialled(plan)))
    _check(plan, environment)
    return plan


def _locust_args(words: Sequence[str], scenario: str) -> tuple[str, ...]:
    """Raises UsageError, as `parse_locust_args`."""
    return with_whole_paths(parse_locust_args(words, scenario), scenario)


def _check(plan: Plan, environment: Mapping[str, str]) -> None:
    """Raises UsageError for what can't be measured, before anything starts."""
    own = [text for variant in plan.variants for text in variant.settings.values()]
    specs = [word for target in plan.targets for word in (target.label, target.spec, target.ready_path)]
    kept = [*plan.locust_args, *plan.settings.values(), *plan.probe_paths, *plan.scrape]
    check_not_kept([*kept, *own, plan.name, *specs])
    if all(target.kind.has_mocks for target in plan.targets):
        check_told_apart(plan.settings, plan.variants)
    check_scrapes(plan.scrape)
    check_seen(plan)
    check_ways(plan)
    check_reference(plan.reference, plan.variants)
    if not all(target.kind.configurable for target in plan.targets):
        if plan.settings:
            raise UsageError("--set can't change a running service; it goes with what the sweep starts")
        if any(variant.settings for variant in plan.variants if variant != MOCKS.get(variant.name)):
            raise UsageError("--config can't set a running service; settings go with what the sweep starts")
    common = called(plan.settings)  # a variant of that name is made of them
    check_common(plan.settings, [variant for variant in plan.variants if variant.name != common])
    named_llm(plan)
    tls = reach_of_plan(plan, environment).tls.flags()
    if tls and not any(target.kind.tls for target in plan.targets):
        given = " and ".join(tls)
        raise UsageError(f"{given}: no deployment is asked over https://, so that nothing is verified")
    check_reach(plan, environment)
    divided(plan, division.available())
    # The last: other processes are asked.
    check_settings(plan.targets, {one.name: plan.settings_of(one.name) for one in plan.variants})
    check_min_seconds(plan)
    for text in check_scenario(plan):
        click.echo(f"warning: {text}", err=True)
