"""The derived files: ``systematic_results.json``, ``summary.csv``, ``report.md``, and ``levels.csv`` of
loads with a shape.

``systematic_results.json`` (schema version 1)::

    schema_version  1
    runs            [{name, status, deployments, cells, incomplete, budget_ended}]
    configurations  {deployment: {configuration: {levels: {load: figures}}}}
    shapes          [{source, cell, shape, valid, level_unit, sentence, levels: [level]}]
    comparisons     [{deployment, config, reference, concurrency, load, rps, ttft, paired, asked_differently,
                    differ_in}]
    deployment_ratios  [{config, concurrency, load, first, second, rps, ttft, asked_differently, set_apart,
                    differ_in, second_is_bottleneck}]
    knees           [{deployment, config, concurrency, low, high, reached_share, rps, top, ...}]
    accounts        [{deployment, config, concurrency, load, answers, ttft_ms, stages_ms, ..., sdk_cost_ms}]
    drifts          [{deployment, config, concurrency, load, figure, lowest, highest}]  over 1.3x apart
    regions         [{deployment, config, concurrency, load, region, requests, rps_share, ttft_p50_ms,
                    ttft_p95_ms, failures}]  of levels whose requests came from more than one
    cold            [{deployment, config, requests, ttft_p50_ms, ttft_max_ms}]  first requests of the loads
    verdicts        [{source, cell, valid, late, noise, checks: [{name, status, figure, bound, text}]}]
    findings        [sentence]  those that the report begins with

``config``: a variant; where its cells differ in settings, code, CPUs or what was asked, with that (``baseline
RETRIEVAL=async``). ``load``: ``10`` (users), ``10/s`` (an open loop's rate) or a shape's name, with other
factors before it (``size=100 users=10``); ``concurrency`` is null where it is no number of users; ``point``:
all factors. ``level``, of a load with a shape: ``level_from``, ``level_to``, ``start_ns`` and
``end_ns`` (Unix), ``status`` (of a search), ``cut`` (requests that are in no figure), and figures.
``figures``: ``valid`` (any valid cell), ``repeats`` and ``invalid_repeats`` (counts), ``requests``,
``failures``, ``late`` (requests that are in no latency, since the load generator stalled), ``seconds``,
``answers``, and estimates ``{value, low, high}``: ``rps``, ``ttft_p50_ms`` ... ``headers_p50_ms``; null where
there were too few answers, ``rps`` also where a shape's level was too short (`records.levels.has_rate`).
Figures of a level that is not valid are there to be shown struck out. A percentile that failures made endless
is the string ``"inf"``. An interval is of 95 %.
Both ratios of a comparison are above 1 where ``config`` is faster than ``reference``, those of deployments
where ``first`` is faster than ``second``: ``rps`` is first over second, ``ttft`` (p50) second over first;
null where ``differ_in`` says why there is none. ``noise``: what the machine did meanwhile, in per cent.
Times are milliseconds, rates answers a second, ratios plain numbers. Unrounded.
"""

from __future__ import annotations

import csv
import io
import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from records import layout
from records.cell import SCHEMA_VERSION
from records.files import write_json
from reports.account import Account
from reports.analysis import Analysis, Drift, Source
from reports.blocks import blocks
from reports.compare import Comparison, DeploymentRatio
from reports.document import NONE
from reports.figures import Figures
from reports.headline import what_this_says
from reports.load import Load
from reports.machine import noise_of
from reports.regions import Region
from reports.render import markdown
from reports.shaped import ShapedCell
from reports.stats import Estimate
from reports.summary import CellSummary, Level

ESTIMATES = (
    "ttft_p50", "ttft_p95", "ttft_p99", "e2e_p50", "e2e_p95", "tpot_p50", "itl_p50", "itl_p99",
    "headers_p50", "first_event_p50",
)  # fmt: skip
FIGURE_COLUMNS = (
    "requests", "failures", "rps", "ttft_p50_ms", "ttft_p95_ms", "e2e_p50_ms", "ttft_p99_ms",
    "ttft_p95_with_failures_ms", "ttft_p99_with_failures_ms", "e2e_p95_ms", "tpot_p50_ms", "itl_p50_ms",
    "itl_p99_ms", "headers_p50_ms", "first_event_p50_ms", "documents", "seconds",
)  # fmt: skip
"""Columns of both tables, by their names in the JSON."""
COLUMNS = (
    *("deployment", "config", "concurrency", "repeat", "valid"),
    *FIGURE_COLUMNS,
    *("source", "failed_checks", "load", "late"),
)
LEVEL_COLUMNS = (
    *("source", "cell", "shape", "valid", "level_unit", "level_from", "level_to", "start_ns", "end_ns"),
    *("status", "cut"),
    *FIGURE_COLUMNS,
    "late",
)


def _number(value: float | None) -> float | str | None:
    if value is None or math.isnan(value):
        return None
    return "inf" if math.isinf(value) else value


def _estimate(estimate: Estimate | None) -> dict[str, Any] | None:
    if estimate is None:
        return None
    return {name: _number(value) for name, value in asdict(estimate).items()}


def figures_json(figures: Figures) -> dict[str, Any]:
    """The figures under the names of the JSON, units at their ends."""
    return {
        "requests": figures.requests,
        "failures": figures.failures,
        "late": figures.late,
        "seconds": figures.seconds,
        "answers": figures.answers,
        "rps": _estimate(figures.rps),
        **{f"{name}_ms": _estimate(getattr(figures, name)) for name in ESTIMATES},
        "ttft_p95_with_failures_ms": _number(figures.ttft_p95_with_failures),
        "ttft_p99_with_failures_ms": _number(figures.ttft_p99_with_failures),
        "documents": figures.documents,
    }


def _level(level: Level) -> dict[str, Any]:
    good = len(level.valid_cells)
    counts = {"valid": level.valid, "repeats": good, "invalid_repeats": len(level.cells) - good}
    return {"point": level.load.point.to_json(), **counts, **figures_json(level.figures)}


def _source(source: Source) -> dict[str, Any]:
    return {
        "name": source.name,
        "status": source.run.meta.get("status"),
        "deployments": sorted({data.cell.deployment for data in source.run.cells}),
        "cells": len(source.run.cells),
        "incomplete": list(source.run.incomplete),
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
        "checks": checks,
    }


def _of_a_load(found: Comparison | DeploymentRatio | Account | Drift | Region) -> dict[str, Any]:
    load = found.load
    named = {"concurrency": load.users or None, "load": load.label, "point": load.point.to_json()}
    return {**asdict(found), **named}


def _region(region: Region) -> dict[str, Any]:
    raw = _of_a_load(region)
    estimates = {f"{name}_ms": _estimate(getattr(region, name)) for name in ("ttft_p50", "ttft_p95")}
    return {**{name: raw[name] for name in raw if name not in ("ttft_p50", "ttft_p95")}, **estimates}


def _shaped(shaped: ShapedCell) -> dict[str, Any]:
    return {
        "source": shaped.cell.source,
        "cell": shaped.cell.cell.name,
        "shape": shaped.shape,
        "valid": shaped.cell.valid,
        "level_unit": shaped.unit,
        "sentence": shaped.sentence,
        "levels": [
            {**asdict(level.held), "cut": level.cut, **figures_json(level.figures)} for level in shaped.levels
        ],
    }


def results_json(analysis: Analysis) -> dict[str, Any]:
    """The whole analysis as plain JSON values (the module's docstring documents them)."""
    configurations: dict[str, dict[str, dict[str, Any]]] = {}
    for level in analysis.levels:
        config = configurations.setdefault(level.deployment, {}).setdefault(level.config, {"levels": {}})
        config["levels"][level.load.label] = _level(level)
    ratios = [
        {**_of_a_load(r), "second_is_bottleneck": r.second_is_bottleneck} for r in analysis.deployment_ratios
    ]
    return {
        "schema_version": SCHEMA_VERSION,
        "runs": [_source(source) for source in analysis.sources],
        "configurations": configurations,
        "shapes": [_shaped(shaped) for shaped in analysis.shaped],
        "comparisons": [_of_a_load(comparison) for comparison in analysis.comparisons],
        "deployment_ratios": ratios,
        "knees": [asdict(knee) for knee in analysis.knees],
        "accounts": [_of_a_load(account) for account in analysis.accounts],
        "drifts": [_of_a_load(drift) for drift in analysis.drifts],
        "regions": [_region(region) for region in analysis.regions],
        "cold": [asdict(cold) for cold in analysis.cold],
        "verdicts": [_verdict(cell) for cell in analysis.cells],
        "findings": list(what_this_says(analysis)),
    }


def _place(value: Any) -> str:
    """A CSV field: ``-`` for too few answers, ``inf`` for endless, at most three decimals."""
    if value is None:
        return NONE
    if isinstance(value, dict):
        return _place(value["value"])
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.3f}"
    return str(value)


def summary_csv(analysis: Analysis) -> str:
    """A row a cell, invalid ones too; times in ms, ``-`` where there were too few answers. ``concurrency``:
    always locust's users, a whole number; ``load`` tells whether they were what was asked of the service. A
    column more for each other factor, last."""
    rows, factors = [], _factors(analysis)
    for summary in analysis.cells:
        row = {
            **figures_json(summary.figures),
            **{name: getattr(summary.cell, name) for name in COLUMNS[:4]},
            "load": Load.of(summary.cell).label,
            "valid": summary.valid,
            "source": summary.source,
            "failed_checks": " ".join(check.name for check in summary.failed_checks),
            **{name: summary.cell.point.get(name) for name in factors},
        }
        rows.append(row)
    return _table((*COLUMNS, *factors), rows)


def _factors(analysis: Analysis) -> list[str]:
    """The factors of all cells besides users; one that has the name of a column is that column's."""
    points = [summary.cell.point.others.to_json() for summary in analysis.cells]
    return [name for name in dict.fromkeys(n for point in points for n in point) if name not in COLUMNS]


def levels_csv(analysis: Analysis) -> str:
    """A row a level of each load with a shape, as ``summary_csv``."""
    shapes = [_shaped(shaped) for shaped in analysis.shaped]
    return _table(LEVEL_COLUMNS, [{**shape, **level} for shape in shapes for level in shape["levels"]])


def _table(columns: Sequence[str], rows: Iterable[dict[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _place(row[name]) for name in columns} for row in rows)
    return out.getvalue()


def _write_text(path: Path, text: str) -> None:
    """Replace ``path`` whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def write_files(analysis: Analysis, directory: Path) -> None:
    """Raises OSError where the directory cannot be made or written."""
    directory.mkdir(parents=True, exist_ok=True)
    write_json(directory / layout.RESULTS, results_json(analysis))
    _write_text(directory / layout.SUMMARY, summary_csv(analysis))
    if analysis.shaped:
        _write_text(directory / layout.LEVELS, levels_csv(analysis))
    else:  # one of an earlier report is of other loads
        (directory / layout.LEVELS).unlink(missing_ok=True)
    names = ", ".join(source.name for source in analysis.sources)
    _write_text(directory / layout.REPORT, markdown(blocks(analysis), f"Report of {names}"))
