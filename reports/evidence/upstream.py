"""What the LLM server's own record says of the time in which cells were measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from reports.evidence.llm_record import has_record, llm_lines, milliseconds
from reports.figures.summary import CellSummary

MOST_NS = 1 << 62


@dataclass(frozen=True, kw_only=True)
class Upstream:
    """Of the LLM server; means over the requests that it received in that time."""

    requests: int
    in_flight: float
    """How many it had at a time."""
    busiest: int
    """The most that it answered at a time, those that waited left out."""
    ttft_ms: float
    queued_ms: float
    """Of that, before it began with them."""
    streaming_ms: float
    """From the first token to the last."""


NOTHING = Upstream(requests=0, in_flight=0.0, busiest=0, ttft_ms=0.0, queued_ms=0.0, streaming_ms=0.0)


def upstream_of(cells: Sequence[CellSummary]) -> Upstream | None:
    """None without a record; of one that got no request, zeros."""
    lines: list[dict[str, Any]] = []
    seconds = 0.0
    busiest = 0
    for cell in cells:
        own = [line for line in llm_lines(cell) if _whole(line)]
        if own and (window := cell.window) is not None:
            seconds += (window.end_ns - window.start_ns) / 1e9
            busiest = max(busiest, _busiest(own))
            lines += own
    if not lines or not seconds:
        return NOTHING if any(map(has_record, cells)) else None
    spent_s = sum((line["ended_at_ns"] - line["received_at_ns"]) / 1e9 for line in lines)
    return Upstream(
        requests=len(lines),
        in_flight=spent_s / seconds,
        busiest=busiest,
        ttft_ms=fmean(line["ttft_ms"] for line in lines),
        queued_ms=fmean(line.get("queued_ms") or 0.0 for line in lines),
        streaming_ms=fmean((line["ended_at_ns"] - line["first_token_at_ns"]) / 1e6 for line in lines),
    )


def _whole(line: dict[str, Any]) -> bool:
    """With times that can be reckoned with: the record is another program's."""
    at = [line.get(name) for name in ("received_at_ns", "first_token_at_ns", "ended_at_ns")]
    if not all(isinstance(one, int) and 0 <= one < MOST_NS for one in at):
        return False
    took = (line.get("ttft_ms"), line.get("queued_ms") or 0.0)
    return all(milliseconds(one) is not None for one in took)


def _busiest(lines: Sequence[dict[str, Any]]) -> int:
    begun = [(line["received_at_ns"] + int(1e6 * (line.get("queued_ms") or 0.0)), 1) for line in lines]
    events = sorted([*begun, *((line["ended_at_ns"], -1) for line in lines)])
    now = most = 0
    for _, change in events:
        now += change
        most = max(most, now)
    return most
