"""``systematic_results.json``: the whole analysis as plain JSON values (schema version 1)::

    schema_version  1
    runs            [{name, status, deployments, cells, incomplete, lost, budget_ended}]
    configurations  {deployment: {configuration: {levels: {load: figures}}}}
    shapes          [{source, cell, shape, valid, level_unit, sentence, levels: [level]}]
    comparisons     [{deployment, config, reference, concurrency, load, workload, rps, ttft, paired,
                    common, workload_mismatch, differ_in}]
    deployment_ratios  [{config, concurrency, load, workload, first, second, rps, ttft, workload_mismatch,
                    set_apart, paired, common, reached_apart, differ_in, second_is_bottleneck}]
    gaps            [{config, load, first, equal, second, whole, less, wasted, less_share,
                    equal_cores, second_cores}]  of a pod's gap,
                    how much is less CPU, by a deployment that has as much and wastes none
    gap_causes      [{faster, slower, config, load, faster_ms, slower_ms, gap, rest, rest_share, rest_seen,
                    hypotheses: [{code, verdict, why, part, share, seen}]}]  in ms of a cycle (users over RPS)
    effects         [{deployment, config, concurrency, load, point, workload, factor, of, unit, now, effect,
                    all_together, effects_together, shown, noise, missing, differ_in}]  what a part takes
    dial            [{deployment, config, concurrency, load, point, workload, stage, own_ms, made, windows,
                    rps, ttft, signs}]  elasticities to a stage's time, where stages were slowed
    knees           [{deployment, config, workload, concurrency, low, high, reached_share, rps, top,
                    above, step: {few, many, gained, waited}, unsure,
                    predicted: {by, resource, name, users, per_second,
                    measured_per_second, between, inside}, ...}]
    latency_breakdowns  [{deployment, config, concurrency, load, answers, ttft_ms, stages_ms, ...,
                    llm_client_overhead_ms}]
    growth          [{deployment, config, concurrency, load, point, since, ranked, answers, ttft_since_ms,
                    ttft_ms, grown_ms, stages: {stage: {queued_ms, running_ms}}, unattributed_ms}]
    ladder          [{deployment, config, workload, loads, comparison, answers_per_second, unloaded_ms,
                    resources: [{resource, name, capacity, used, demand_ms, told, by_heaviest, ceiling,
                    users}]}]
    drifts          [{deployment, config, concurrency, load, figure, lowest, highest}]  over 1.3x apart
    regions         [{deployment, config, concurrency, load, workload, region, requests, rps_share,
                    ttft_p50_ms, ttft_p95_ms, failures, valid, unanswered, nearest, ttft_ratio}]  of levels
                    whose requests came from more than one
    cold            [{deployment, config, requests, ttft_p50_ms, ttft_max_ms}]  first requests of the loads
    verdicts        [{source, cell, valid, late, noise, other_programs: {name: of a core},
                    checks: [{name, status, figure, bound, text, advice}]}]
    findings        [{code, about: {deployment, config, load ...}, where, binds, confidence, severity,
                    effect: {figure, unit, now, mended, low, high}, evidence: [{figure, value, unit,
                    low, high}], advice}]  the diagnosis, worst first
    acquittals      [{code, about, evidence, comparison}]  what it is not, of services of which that is known
    fixes           [{code, where, deployment, config, reference, settings, predicted, predicted_of,
                    prediction, load, rps, ttft}]  of a run that tried some: gains, predicted and measured
    notes           [{code, ...}]  what has to be known about the measurement, its figures as fields
                    (`reports.analysis.note`)
    says            [sentence]  those that the report begins with

``rps``, ``ttft`` and the figures are those of streams: another ``workload`` has its own throughput, compared
metric and figures in their places, under its own names; of several in one report it stands behind ``load``
in ``levels`` (``10 echo``). ``config``: a variant; where its cells differ in settings,
code, CPUs or what was asked, with that (``baseline RETRIEVAL=async``), of code alone with the run's name
(``baseline before``). ``load``: ``10`` (users), ``10/s`` (an
open loop's rate) or a shape's name, with other factors before it (``size=100 users=10``); ``concurrency`` is
null where it is no number of users; ``point``: all factors.
``level``, of a load with a shape: ``level_from``, ``level_to``, ``start_ns`` and
``end_ns`` (Unix), ``status`` (of a search), ``aborted`` (requests that are in no figure), and figures.
``figures``: ``valid`` (any valid cell), ``repeats`` and ``invalid_repeats`` (counts), ``requests``,
``failures``, ``late`` (requests that are in no latency, since the load generator stalled), ``seconds``,
``answers``, ``thoughts`` (answers in which a thought came before the first token of the answer),
``without_ttft`` (those of thoughts alone, which no TTFT is of), ``unknown_ends`` (good answers that ended for
a reason that is not known), and estimates ``{value, low, high}``: ``rps``, ``ttft_p50_ms`` ...
``first_generated_p50_ms`` (thoughts too); null where there were too few answers, ``rps`` also where a shape's
level was too short (`records.cells.levels.has_rate`).
Figures of a level that is not valid are there to be shown struck out. A percentile that failures made endless
is the string ``"inf"``. An interval is of 95 %.
Both ratios of a comparison are above 1 where ``config`` is faster than ``reference``, those of deployments
where ``first`` is faster than ``second``: ``rps`` is first over second, ``ttft`` (p50) second over first;
null where ``differ_in`` says why there is none. ``noise``: what the machine did meanwhile, in per cent.
Times are milliseconds, rates answers a second, ratios plain numbers. Unrounded.
"""

from __future__ import annotations

import math
from dataclasses import asdict, fields
from typing import Any

from records.cells.cell import SCHEMA_VERSION
from reports.analysis.analysis import Analysis, Source
from reports.analysis.of_loads import Cold
from reports.analysis.of_machine import Drift, noise_of
from reports.as_json.dial import elasticity_json
from reports.as_json.effects import effect_json
from reports.as_json.fixes import fix_json
from reports.as_json.foretold import prediction_json
from reports.as_json.hypotheses import gap_causes_json
from reports.as_json.ladder import ladder_json
from reports.as_json.ttft_growth import ttft_growth_json
from reports.evidence.latency_breakdown import LatencyBreakdown
from reports.figures.compare import Comparison, DeploymentRatio
from reports.figures.figures import Figures
from reports.figures.gap import Gap
from reports.figures.knees import Knee
from reports.figures.others import busiest_others
from reports.figures.regions import Region
from reports.figures.shaped import ShapedCell
from reports.figures.stats import Estimate
from reports.figures.summary import CellSummary, OperatingPoint
from reports.findings.acquitted.acquittal import acquittals
from reports.findings.catalogue import diagnosis
from reports.words.headline import what_this_says
from workloads.metric import Metric
from workloads.stream import STREAM

UNSURE = ("without_ttft", "unknown_ends")


def _number(value: float | None) -> float | str | None:
    if value is None or math.isnan(value):
        return None
    return "inf" if math.isinf(value) else value


def _estimate(estimate: Estimate | None) -> dict[str, Any] | None:
    if estimate is None:
        return None
    return {name: _number(value) for name, value in asdict(estimate).items()}


def _unsure(figures: Figures) -> dict[str, int]:
    """How many of the answers are not quite what their figures say."""
    if figures.workload != STREAM:
        return {}
    return dict(zip(UNSURE, (figures.without, sum(count for _, count in figures.unknown_ends)), strict=True))


def figures_json(figures: Figures) -> dict[str, Any]:
    """The figures under the names of the JSON, units at their ends."""
    return {
        "requests": figures.requests,
        "failures": figures.failures,
        "late": figures.late,
        "seconds": figures.seconds,
        "answers": figures.answers,
        figures.workload.throughput.name: _estimate(figures.throughput),
        **{k: v for metric in figures.workload.metrics for k, v in _metric(metric, figures).items()},
        **_unsure(figures),
    }


def _metric(metric: Metric, figures: Figures) -> dict[str, Any]:
    found: dict[str, Any] = {one.column: _estimate(figures.at(one.key)) for one in metric.estimates}
    found |= {one.column: _number(figures.endless[one.key]) for one in metric.endless}
    if metric.mean:
        found[metric.mean_column] = _number(figures.means[metric.name])
    return found | ({metric.trait.name: figures.traits[metric.trait.name]} if metric.trait else {})


def _level(level: OperatingPoint) -> dict[str, Any]:
    good = len(level.valid_cells)
    counts = {"valid": level.valid, "repeats": good, "invalid_repeats": len(level.cells) - good}
    named = {"workload": level.workload.name, "point": level.load.point.to_json()}
    return {**named, **counts, **figures_json(level.figures)}


def _source(source: Source) -> dict[str, Any]:
    return {
        "name": source.name,
        "status": source.run.meta.get("status"),
        "deployments": sorted({data.cell.deployment for data in source.run.cells}),
        "cells": len(source.run.cells),
        "incomplete": list(source.run.incomplete),
        "lost": [asdict(one) for one in source.run.lost],
        "budget_ended": source.budget_ended,
    }


def _verdict(cell: CellSummary) -> dict[str, Any]:
    checks = [asdict(check) for check in cell.cell.verdict.checks]
    known = {check["name"] for check in checks}
    checks += [asdict(check) for check in cell.failed_checks if check.name not in known]
    return {
        "source": cell.source,
        "cell": cell.cell.name,
        "valid": cell.valid,
        "late": cell.figures.late,
        "noise": noise_of(cell),
        "other_programs": busiest_others([cell]),
        "checks": checks,
    }


def _of_a_load(found: Comparison | DeploymentRatio | LatencyBreakdown | Drift) -> dict[str, Any]:
    return {**_plain(found), **found.load.to_json()}


def _region(region: Region) -> dict[str, Any]:
    workload, figures = region.workload, region.figures
    main = (workload.estimates[key] for key in workload.main)
    return {
        **{name: getattr(region, name) for name in ("deployment", "config", "region")},
        **region.load.to_json(),
        "workload": workload.name,
        "requests": figures.requests,
        f"{workload.throughput.name}_share": region.share,
        **{one.column: _estimate(figures.at(one.key)) for one in main},
        "failures": figures.failures,
        "valid": region.valid,
        "unanswered": region.unanswered,
        "nearest": region.nearest,
        f"{workload.compared.name}_ratio": _estimate(region.better),
    }


def _plain(found: Comparison | DeploymentRatio | LatencyBreakdown | Drift | Knee | Cold) -> dict[str, Any]:
    """Its fields; throughput and the compared metric under their names in the workload."""
    raw = {field.name: getattr(found, field.name) for field in fields(found) if field.name != "load"}
    if isinstance(found, LatencyBreakdown):
        return raw
    names = {"throughput": found.workload.throughput.name, "compared": found.workload.compared.name}
    if isinstance(found, Cold):
        median = found.workload.median
        worst = "min" if found.workload.compared.higher_is_better else "max"
        names = {"median": median.column, "worst": f"{median.metric.name}_{worst}{median.metric.suffix}"}
    named = {names.get(name, name): value for name, value in raw.items()}
    named["workload"] = found.workload.name
    if isinstance(found, Knee):
        named |= {"step": found.step and asdict(found.step), "unsure": found.unsure}
    return {name: _estimate(x) if isinstance(x, Estimate) else x for name, x in named.items()}


def _gap(gap: Gap) -> dict[str, Any]:
    names = {"config": gap.config, "first": gap.first, "equal": gap.equal, "second": gap.second}
    parts = {"whole": gap.whole, "less": gap.less, "wasted": gap.wasted}
    estimates = {name: _estimate(part) for name, part in parts.items()}
    return {
        **names,
        **gap.load.to_json(),
        **estimates,
        "less_share": gap.less_share,
        "equal_cores": gap.equal_cores,
        "second_cores": gap.second_cores,
    }


def shaped_json(shaped: ShapedCell) -> dict[str, Any]:
    return {
        "source": shaped.cell.source,
        "cell": shaped.cell.cell.name,
        "shape": shaped.shape,
        "workload": shaped.cell.workload.name,
        "valid": shaped.cell.valid,
        "level_unit": shaped.unit,
        "sentence": shaped.sentence,
        "levels": [
            {**asdict(level.held), "aborted": level.aborted, **figures_json(level.figures)}
            for level in shaped.levels
        ],
    }


def results_json(analysis: Analysis) -> dict[str, Any]:
    """The whole analysis as plain JSON values (the module's docstring documents them)."""
    configurations: dict[str, dict[str, dict[str, Any]]] = {}
    found = diagnosis(analysis)
    for level in analysis.levels:
        config = configurations.setdefault(level.deployment, {}).setdefault(level.config, {"levels": {}})
        # Of several workloads each but the stream says so, so that none takes another's place.
        other = len(analysis.workloads) > 1 and level.workload.name != STREAM.name
        label = level.load.label + (f" {level.workload.name}" if other else "")
        config["levels"][label] = _level(level)
    ratios = [
        {**_of_a_load(r), "second_is_bottleneck": r.second_is_bottleneck} for r in analysis.deployment_ratios
    ]
    return {
        "schema_version": SCHEMA_VERSION,
        "runs": [_source(source) for source in analysis.sources],
        "configurations": configurations,
        "shapes": [shaped_json(shaped) for shaped in analysis.shaped],
        "comparisons": [_of_a_load(comparison) for comparison in analysis.comparisons],
        "deployment_ratios": ratios,
        "gaps": [_gap(gap) for gap in analysis.gaps],
        "gap_causes": [gap_causes_json(one) for one in analysis.gap_causes],
        "effects": [effect_json(effect) for effect in analysis.effects],
        "dial": [elasticity_json(found) for found in analysis.dials],
        "knees": [{**_plain(knee), **prediction_json(knee, analysis.foretold)} for knee in analysis.knees],
        "latency_breakdowns": [_of_a_load(breakdown) for breakdown in analysis.latency_breakdowns],
        "growth": [ttft_growth_json(growth) for growth in analysis.ttft_growths],
        "ladder": [ladder_json(ladder) for ladder in analysis.ladders if ladder.rungs],
        "drifts": [_of_a_load(drift) for drift in analysis.noted(Drift)],
        "regions": [_region(region) for region in analysis.regions],
        "cold": [_plain(cold) for cold in analysis.noted(Cold)],
        "verdicts": [_verdict(cell) for cell in analysis.cells],
        "findings": [finding.to_json() for finding in found],
        "acquittals": [one.to_json() for one in acquittals(analysis, found)],
        "fixes": [fix_json(one) for one in analysis.fixes],
        "notes": [note.to_json() for note in analysis.notes],
        "says": list(what_this_says(analysis, found)),
    }
