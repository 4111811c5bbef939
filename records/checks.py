"""Every check of a cell, in order. Each is a pure function from facts to a Check, its bound beside it: in
``run_checks``, ``config_checks``, ``load_checks``, ``answer_checks`` and ``stream_checks``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from records import answer_checks, config_checks, load_checks, noise, run_checks, stream_checks
from records.cell import Check, Window
from records.measure import measured
from records.noise import Noise
from records.request import RequestRecord
from records.run_checks import LoadWorker
from records.served import AS_IS, Served

OF_ONE_LEVEL = {
    "concurrency",
    "littles-law",
    "arrival-rate",
    "dropped",
    "unanswered",
    "steady-state",
    "steady-ttft",
}
"""The checks that hold a run against the one constant load that was asked for."""
OF_THE_MACHINE = {
    *("generator-lag", "generator-cpu", "lateness", "profiler"),
    *("concurrency", "littles-law", "arrival-rate", "steady-state", "steady-ttft"),
}
"""The checks that a busy machine fails, whatever the service does."""
WORTH_TELLING = ("thoughts-only", "finish-reason", "cached-answers", "buffering")
"""The checks whose sentence matters even where they could not decide."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a cell is judged by besides its records."""

    window: Window | None
    fault: OSError | None
    """Why records could not be kept."""
    workers_expected: int
    workers_fewest: int
    load_workers: Sequence[LoadWorker]
    served: Served
    noise: Noise
    users: int
    think_time_s: float
    free: bool
    """So many requests are in flight as it falls out: users think, or the loop is open."""
    rate: float
    """Requests a second that an open loop asks for; 0 in a closed one."""
    chance: bool
    """They are due at random (Poisson)."""
    documents: bool
    """Answers are to bring documents."""
    fields: tuple[str, ...] = ()
    """Those of a request's body, besides the question."""
    headers: tuple[str, ...] = ()
    """The names of those that were sent."""
    shape: str | None
    """What changed the load on the way."""
    insecure: bool | None = None
    """Was nobody's certificate verified? None: there was none, without TLS."""


def of_load(requests: Sequence[RequestRecord], facts: Facts) -> tuple[Check, ...]:
    """When a load has ended; those first that would explain the others. ``requests``: warm-up too."""
    window, counted = facts.window, measured(requests, facts.window)
    served = facts.served
    config = served.config or AS_IS
    generator = run_checks.generator(facts.load_workers, facts.noise)
    found = (
        run_checks.kept(facts.fault),
        run_checks.workers(facts.workers_expected, facts.workers_fewest),
        answer_checks.failures(
            counted,
            sum(r.outcome == "cut" and "dropped" not in r.flags for r in requests),
            fields=facts.fields,
            headers=facts.headers,
        ),
        config_checks.configuration(None, served.config, [r.config for r in counted], served.settings, {}),
        config_checks.configuration_effect(config, counted),
        config_checks.same_path(served),
        answer_checks.retrieval(counted, expected=facts.documents),
        answer_checks.tokens(counted),
        answer_checks.thoughts_only(counted),
        answer_checks.finish_reason(counted),
        *config_checks.tls(facts.insecure, requests),
        run_checks.generator_lag(counted, facts.load_workers, generator),
        run_checks.generator_cpu(facts.load_workers),
        load_checks.concurrency(requests, window, facts.users, free=facts.free),
        load_checks.littles_law(
            requests,
            window,
            facts.users,
            think_time_s=facts.think_time_s,
            closed=not facts.rate,
            generator=generator,
        ),
        load_checks.arrival_rate(requests, window, facts.rate, chance=facts.chance, generator=generator),
        load_checks.lateness(requests, generator),
        load_checks.steady_state(requests, window),
        answer_checks.unanswered(requests, window),
        answer_checks.resent(counted),
        load_checks.dropped(requests, window),
        load_checks.steady_ttft(requests, window, facts.rate),
        noise.machine_noise(facts.noise),
        stream_checks.clock_order(requests),
        stream_checks.compressed(requests),
        stream_checks.stage_times(counted),
        stream_checks.buffering(counted),
        stream_checks.cached(requests, counted),
    )
    if facts.shape is None:
        return found
    return _of_a_shape(found, facts.shape, any(r.outcome == "ok" for r in counted))


def _of_a_shape(found: Sequence[Check], shape: str, any_good: bool) -> tuple[Check, ...]:
    """A load that changes on the way is not asked what only a constant one can be asked, nor, while there
    are good answers at all, for few failures: it may go past what the service can do on purpose."""
    free = OF_ONE_LEVEL | ({"failures"} if any_good else set())
    text = f"the shape {shape} changed the load on the way"
    return tuple(Check(name=c.name, status="n/a", text=text) if c.name in free else c for c in found)


def of_plan(
    counted: Sequence[RequestRecord],
    *,
    config: str | None,
    served: Served,
    settings: Mapping[str, Any],
    profiler_s: float,
    gaps_s: Sequence[float],
) -> tuple[Check, ...]:
    """What a sweep adds, which knows what was asked for: ``config`` (None: whatever the service runs), and
    ``settings`` over its defaults.
    ``gaps_s``: between the samples of a profiler that was to take one each ``profiler_s``."""
    named = [r.config for r in counted]
    return (
        config_checks.configuration(config, served.config, named, served.settings, settings),
        config_checks.configuration_effect(config or served.config or AS_IS, counted),
        config_checks.same_path(served),
        run_checks.profiler_interval(profiler_s, gaps_s),
    )
