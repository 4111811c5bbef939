"""The checks that every workload has, and the place of its own among them."""

from __future__ import annotations

from collections.abc import Sequence

from workloads.checks import answers, configuration, load, machine, run, same_path, streams, too_short
from workloads.checks.body_end import body_end
from workloads.checks.facts import Judge


def among_all(
    *, causes: Sequence[Judge] = (), steady: Sequence[Judge] = (), contents: Sequence[Judge] = ()
) -> tuple[Judge, ...]:
    """All checks in order, those first that would explain the others. A workload's own are the ``causes``
    that explain others, what is to be ``steady``, and what looks into the answers' ``contents``."""
    return (
        *(run.kept, run.workers, answers.failures, too_short.too_short),
        *(configuration.configuration, same_path.same_path),
        *causes,
        *(configuration.tls, run.generator_lag, run.generator_cpu),
        *(load.concurrency, load.littles_law, body_end, load.arrival_rate, load.lateness),
        *(load.steady_state, answers.unanswered, answers.retried, load.dropped),
        *steady,
        *(machine.machine_noise, streams.clock_order),
        *contents,
        run.profiler_interval,
    )
