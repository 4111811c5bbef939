"""What things are called in a results directory."""

from __future__ import annotations

import re
from pathlib import Path

from records.cells.point import Point

# In a run's folder.
RUN = "run.json"
LOCK = ".lock"
"""Held by the sweep that is at work in the folder."""
PROCESSES = "processes.jsonl"
"""What the sweep started."""
TARGETS = "targets"
"""The folder of the targets' own logs, below it one of each deployment."""
LLM_LOG = "llm.log"
CELLS = "cells"
"""The folder of a run below which the cells lie, each in the folder of its name."""
SPEC = "spec.json"
"""Beside a cell's folder (`beside`): what Locust is told of it. A sweep takes it away when the folder has all
that is kept of the cell."""
# In a cell's folder.
CELL = "cell.json"
PARTIAL = ".partial-"
"""In the name of a cell's folder that was set aside, with a number after it: it is never read."""
TRY = ".try-"
"""The same of a cell that the machine spoiled: the last try has its name, and the earlier ones this. Which of
them is read says `records.cells.folders`."""
REQUESTS = "requests.jsonl"
SAMPLES = "profile.jsonl"
"""The profiler's samples of a cell, and what is made of them when it ends:"""
PROFILE = "profile.json"
PROBES = "probes.jsonl"
"""What new connections met at the service while the cell ran, and before."""
SCRAPED = "profile.scraped.jsonl"
"""What services said of themselves meanwhile, a line a scrape; beside any profile it is called so."""
SEARCH = "search.json"
"""What a search found, beside its cell."""
ENDED = "ended.json"
"""How the target ended in the cell's time, which it was not to; there is none where it did not."""
TARGET_LOG = "target.log"
"""What a target wrote in the cell's time, and what locust, the profiler and the probes wrote:"""
LOCUST_LOG = "locust.log"
PROFILER_LOG = "profiler.log"
DIAL = "dial.jsonl"
"""Which stage the target slowed when, in the cell's time: `records.evidence.dial` reads it."""
INSIDE = "inside.jsonl"
"""What was seen inside the target's processes in the cell's time: `records.evidence.inside` reads it."""
PROBES_LOG = "probes.log"
PODS = "pods.json"
"""The pods of a cluster that a cell was measured on: `records.evidence.pods` reads it."""
SPANS = "spans.jsonl"
"""The target's spans: in a run's folder all, in a cell's those of its requests: `records.cells.spans`
reads these."""
SPANS_LOG = "spans.log"
STACKS = "stacks.jsonl"
"""Stacks of the target's threads, taken from outside: `records.evidence.stacks` reads them."""
STACKS_LOG = "stacks.log"
LIMITS = "limits.json"
"""What a target was allowed in the cell's time, and used of it: `records.evidence.limits` reads it."""
LINK_LOG = "link-{}.log"
"""What a region's link wrote; its last line says what went over it."""
LLM = "llm.jsonl"
"""What the LLM sent: in a run's folder all of it, in a cell's what falls in its time."""
# Derived: made again by every report.
RESULTS = "systematic_results.json"
SUMMARY = "summary.csv"
LEVELS = "levels.csv"
"""Of loads with a shape only."""
REPORT = "report.md"


def deployment_name(base_url: str) -> str:
    """What a service is called that nobody gave a name: ``127.0.0.1-8001``."""
    return re.sub(r"[^A-Za-z0-9._]+", "-", base_url.split("://", 1)[-1])[:80].strip("-._") or "url"


def beside(folder: Path, name: str) -> Path:
    """Where a part of a cell is until it is moved into the cell's folder."""
    return folder.with_name(f".{folder.name}.{name}")


def link_log(region: str) -> str:
    return LINK_LOG.format(region)


def cell_name(deployment: str, config: str, point: Point, repeat: int) -> str:
    """A cell's name, which is also its folder below ``CELLS``."""
    return f"{deployment}/{config}/{point.folder}-r{repeat}"
