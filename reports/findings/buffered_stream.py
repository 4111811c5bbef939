"""Something in between holds the stream: an answer that was made in pieces comes all at once, at its end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from statistics import fmean

from records.cells.request import RequestRecord
from reports.analysis.analysis import Analysis
from reports.analysis.subject import Subject
from reports.evidence.upstream import Upstream, upstream_of
from reports.figures.summary import CellSummary, OperatingPoint
from reports.findings.finding import Effect, Evidence, Finding
from reports.findings.heaviest import heaviest

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
        if answers and upstream is not None:
            yield from _found(level, answers, upstream)


def streamed(cells: Iterable[CellSummary]) -> list[RequestRecord]:
    """The answers by which it can be told."""
    return [r for cell in cells for r in cell.timed if r.ttft_ms and r.tokens >= TOKENS]


def times_of(answers: Sequence[RequestRecord], upstream: Upstream) -> tuple[float, float, float]:
    """Means in ms: an answer's whole time, that in which its tokens came, and that for which the LLM server
    streamed it."""
    return fmean(r.e2e_ms for r in answers), fmean(map(_came_ms, answers)), upstream.streaming_ms


def _found(level: OperatingPoint, answers: Sequence[RequestRecord], upstream: Upstream) -> Iterator[Finding]:
    e2e_ms, came_ms, made_ms = times_of(answers, upstream)
    if came_ms > AT_ONCE * e2e_ms or made_ms < MADE * e2e_ms:
        return
    ttft_ms = fmean(r.ttft_ms or 0.0 for r in answers)
    effect = Effect(figure="mean TTFT", unit="ms", now=ttft_ms)
    possible = made_ms <= ttft_ms  # else the server's record is of others' answers, too
    yield Finding(
        code="buffered-stream",
        about=Subject.of(level),
        binds="latency",
        confidence="shown" if possible else "likely",
        severity="high",
        effect=replace(effect, mended=ttft_ms - made_ms) if possible else effect,
        evidence=(
            Evidence(figure="the LLM server streamed an answer for", value=made_ms, unit="ms"),
            Evidence(figure="its tokens came to the client within", value=came_ms, unit="ms"),
            Evidence(figure="of an answer's", value=e2e_ms, unit="ms"),
        ),
        advice="Switch off buffering and compression of event streams in what stands in between"
        " (proxy_buffering off, X-Accel-Buffering: no; no gzip, no body-reading middleware)",
    )


def _came_ms(answer: RequestRecord) -> float:
    return ((answer.last_token_at_ns or 0) - (answer.first_token_at_ns or 0)) / 1e6
