"""What between the load and a service is not what holds it: who ends it, the load itself, its memory."""

from __future__ import annotations

from collections.abc import Iterator

from records.cells.cpus import SHARED
from reports.evidence.memory import memory_of
from reports.evidence.outages import outages, slowest_ms
from reports.evidence.reuse import reuse
from reports.evidence.service import Service
from reports.findings.between.buffered_stream import MADE, streamed, times_of
from reports.findings.between.generator_limited import CPU
from reports.findings.between.liveness_kill import TIMEOUT_MS
from reports.findings.common.finding import Evidence
from reports.findings.common.held import is_held
from reports.findings.machine.autoscaler_blind import HIGHEST
from workloads.checks.run import GENERATOR_CPU_PERCENT

HARMLESS, BESIDE = 0.5, 0.2
"""The share of a bound up to which it is nothing."""
LITTLE = 0.02
STREAMED = 0.5
"""The share of the time for which the LLM server streamed in which the answer came to the client, too."""
ENOUGH = 59
"""So many, and none of them: then it is not one in twenty."""


def not_between(service: Service) -> Iterator[tuple[str, tuple[Evidence, ...]]]:
    """By the codes that it is not."""
    cells = service.heavy.level.valid_cells
    slowest = slowest_ms(cells)
    if slowest is not None and slowest <= HARMLESS * TIMEOUT_MS and not any(map(outages, cells)):
        yield (
            "liveness-kill",
            (Evidence(figure="the latest answer of a cheap path", value=slowest, unit="ms"),),
        )
    used = reuse(cell for point in service.points for cell in point.level.valid_cells)
    if used.rested >= ENOUGH and not used.rested_broken:
        yield (
            "keepalive-race",
            (
                Evidence(figure="requests that met a closed connection", value=0),
                Evidence(figure="requests over connections that had been idle", value=used.rested),
            ),
        )
    checks = [check for cell in cells for check in cell.cell.verdict.checks if check.name == CPU]
    percent = max((float(c.figure) for c in checks if isinstance(c.figure, (int, float))), default=None)
    shared = any(cell.cell.division.mode == SHARED for cell in cells)
    if percent is not None and percent <= (BESIDE if shared else HARMLESS) * GENERATOR_CPU_PERCENT:
        yield (
            "generator-limited",
            (
                Evidence(
                    figure="share of a core that the load's busiest process used", value=percent, unit="%"
                ),
            ),
        )
    machine = service.heavy.machine
    if machine is not None and is_held(service) and machine.busy >= HIGHEST:
        yield (
            "autoscaler-blind",
            (
                Evidence(figure="processor time", value=machine.cpu_cores, unit="cores"),
                Evidence(figure="cores that it may take", value=machine.cores),
            ),
        )
    yield from _not_held_back(service)
    memory = memory_of(cells)
    if memory is not None and memory.pressure is not None and memory.pressure <= LITTLE and not memory.kills:
        yield (
            "memory-pressure",
            (
                Evidence(
                    figure="share of the time in which something waited for memory",
                    value=100 * memory.pressure,
                    unit="%",
                ),
            ),
        )


def _not_held_back(service: Service) -> Iterator[tuple[str, tuple[Evidence, ...]]]:
    """Answers come in pieces, as they are made. Where the LLM streams for a short time nobody sees that."""
    cells = service.heavy.level.valid_cells
    answers, upstream = streamed(cells), service.heavy.upstream
    if not answers or upstream is None or not upstream.requests:
        return
    e2e_ms, came_ms, made_ms = times_of(answers, upstream)
    if made_ms >= MADE * e2e_ms and came_ms >= STREAMED * made_ms:
        yield (
            "buffered-stream",
            (
                Evidence(figure="its tokens came to the client within", value=came_ms, unit="ms"),
                Evidence(figure="the LLM server streamed an answer for", value=made_ms, unit="ms"),
            ),
        )
