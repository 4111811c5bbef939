"""What was seen beside a cell's requests: brought into its folder when its load has ended."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from records.cells import layout
from records.cells.other_programs import OtherProgram
from records.cells.reader import CellData
from records.evidence.dial import began_at_ns
from records.evidence.inside import sampled_at_ns
from sweep.beside.ended import Ended
from sweep.beside.llm import LlmServer
from sweep.deployments.protocol import Endpoint
from sweep.measuring.added import with_added
from sweep.measuring.limited import limits_here, used_by, write_limits
from sweep.measuring.parts import collect
from sweep.measuring.watching import end_watch
from sweep.running import logs
from sweep.running.cgroups.used import Usage
from sweep.running.dial import LONGEST_NS
from sweep.running.inside import copy_between
from sweep.running.others import Programs, busiest, listeners, ours
from sweep.running.redaction import blank
from sweep.running.spans import SpanReceiver

_LOG_TAIL_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Before:
    """What there was already when a cell began."""

    log_bytes: int
    mark: int
    """In the file of spans."""
    used: Usage
    programs: Programs | None
    """Of this machine; None: the load is made elsewhere than here."""

    @classmethod
    def of(cls, endpoint: Endpoint, spans: SpanReceiver | None) -> Self:
        return cls(
            log_bytes=logs.written(endpoint.log) if endpoint.log else 0,
            mark=spans.mark() if spans else 0,
            used=used_by(endpoint),
            programs=None if endpoint.load else Programs.now(),
        )

    def others(self, endpoint: Endpoint) -> tuple[OtherProgram, ...] | None:
        """Those that took most of this machine's CPUs since, without the sweep's and the service's; None: the
        load was made elsewhere."""
        if self.programs is None:
            return None
        own = ours((*endpoint.as_it_is().pids, *listeners(endpoint.base_url)))
        return busiest(self.programs, Programs.now(), own)


def with_evidence(
    folder: Path,
    endpoint: Endpoint,
    before: Before,
    gone: Ended,
    *,
    llm: LlmServer | None,
    spans: SpanReceiver | None,
) -> CellData:
    """The cell, with what that adds to its record, and all of it in its folder.

    Raises:
        RecordError: it cannot be read back.
        OSError: it cannot be written.
    """
    others = before.others(endpoint)
    collect(folder)
    used = limits_here(endpoint, before.used)
    seen = end_watch(endpoint, folder)
    write_limits(folder, endpoint, seen.limits or used)
    data = with_added(folder, endpoint, checks=(*seen.checks, *gone.checks()), programs=others)
    if endpoint.log:
        tail = logs.since(endpoint.log, before.log_bytes, _LOG_TAIL_BYTES)
        (folder / layout.TARGET_LOG).write_bytes(blank(tail))
    if data.requests:
        start_ns = min(request.sent_at_ns for request in data.requests)
        end_ns = max(request.ended_at_ns for request in data.requests)
        if llm and (lines := llm.between(start_ns, end_ns)):  # what it sent in that time
            (folder / layout.LLM).write_bytes(lines)
        if endpoint.inside:
            copy_between(endpoint.inside, start_ns, end_ns, folder / layout.INSIDE, sampled_at_ns)
        if endpoint.dial:
            copy_between(endpoint.dial, start_ns - LONGEST_NS, end_ns, folder / layout.DIAL, began_at_ns)
        if spans and endpoint.pids:
            spans.collect(before.mark, data.requests, folder / layout.SPANS)
    return data
