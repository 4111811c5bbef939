"""Something in between holds the stream: an answer that was made in pieces comes all at once, at its end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from statistics import fmean

import numpy as np

from reports.analysis.analysis import Analysis
from reports.analysis.subject import Subject
from reports.columns.kinds import Floats
from reports.columns.requests import Requests
from reports.evidence.upstream import Upstream, upstream_of
from reports.figures.summary import CellSummary, OperatingPoint, timed_of
from reports.findings.common.finding import Effect, Evidence, Finding
from reports.findings.common.heaviest import heaviest

TOKENS = 4
"""Of an answer of fewer nobody can tell."""
AT_ONCE = 0.1
"""The share of an answer's time in which all its tokens come."""
MADE = 0.3
"""The share that the LLM server took from its first token to its last."""


def buffered_stream(analysis: Analysis) -> Iterator[Finding]:
    for level, cells in heaviest(analysis, but=("buffering",)):
        answers = streamed(cells)
        upstream = upstream_of(cells)
        if len(answers) and upstream is not None:
            yield from _found(level, answers, upstream)


def streamed(cells: Iterable[CellSummary]) -> Requests:
    """The answers by which it can be told."""
    timed = timed_of(cells)
    in_time = timed.has("first_token_at_ns") & (timed.ttft_ms != 0)
    return timed.where(in_time & (timed.integers("tokens") >= TOKENS))


def times_of(answers: Requests, upstream: Upstream) -> tuple[float, float, float]:
    """Means in ms: an answer's whole time, that in which its tokens came, and that for which the LLM server
    streamed it."""
    return fmean(answers.e2e_ms.tolist()), fmean(_came_ms(answers).tolist()), upstream.streaming_ms


def _found(level: OperatingPoint, answers: Requests, upstream: Upstream) -> Iterator[Finding]:
    e2e_ms, came_ms, made_ms = times_of(answers, upstream)
    if came_ms > AT_ONCE * e2e_ms or made_ms < MADE * e2e_ms:
        return
    ttft_ms = fmean(answers.ttft_ms.tolist())
    effect = Effect(figure="mean TTFT", unit="ms", now=ttft_ms)
    possible = made_ms <= ttft_ms  # else the server's record is of others' answers, too
    yield Finding(
        code="buffered-stream",
        about=Subject.of(level),
        compares_loads=False,
        binds="latency",
        confidence="shown" if possible else "likely",
        severity="high",
        effect=replace(effect, mended=ttft_ms - made_ms) if possible else effect,
        evidence=(
            Evidence(figure="the LLM server streamed an answer for", value=made_ms, unit="ms"),
            Evidence(figure="its tokens came to the client within", value=came_ms, unit="ms"),
            Evidence(figure="an answer took", value=e2e_ms, unit="ms"),
        ),
        advice="Switch off buffering and compression of event streams in what stands in between"
        " (proxy_buffering off, X-Accel-Buffering: no; no gzip, no body-reading middleware)",
    )


def _came_ms(answers: Requests) -> Floats:
    last_ns = np.where(answers.has("last_token_at_ns"), answers.integers("last_token_at_ns"), 0)
    return (last_ns - answers.integers("first_token_at_ns")) / 1e6
