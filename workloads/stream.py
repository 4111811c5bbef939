"""A streamed answer: its tokens one by one, until its end."""

from __future__ import annotations

from records.cells.flags import MOCK_ANSWER
from workloads.checks import answers, configuration, streams
from workloads.checks.buffering import TOGETHER_US, buffering
from workloads.checks.general import among_all
from workloads.checks.load import steady
from workloads.metric import Little, Metric, Trait
from workloads.workload import RPS, Columns, Workload

TTFT = Metric(
    name="ttft",
    title="TTFT",
    unit="ms",
    of="ttft_ms",
    quantiles=(0.5, 0.95, 0.99),
    with_failures=(0.95, 0.99),
    until="first",
    absent="a token of the answer (thoughts only)",
    means="time from a request to its answer's first token",
)
THOUGHTS = Trait(
    name="thoughts",
    of="thought_first",
    note="First: to the first token of any kind, thoughts too; TTFT is to the first token of the answer.",
)
METRICS = (
    TTFT,
    Metric(
        name="e2e",
        title="E2E",
        unit="ms",
        of="e2e_ms",
        quantiles=(0.5, 0.95),
        until="end",
        means="time from a request to its answer's end",
    ),
    Metric(
        name="tpot", title="TPOT", unit="ms", of="tpot_ms", unless=MOCK_ANSWER, quantiles=(0.5,), tabled=False
    ),
    Metric(
        name="itl",
        title="ITL",
        unit="ms",
        of="gaps_us",
        unless=MOCK_ANSWER,
        divisor=1000,
        quantiles=(0.5, 0.99),
        each="gaps",
        means="time from a token to the next",
        absent="gaps between tokens (answers of one token, or written at once)",
        little=Little(
            below=TOGETHER_US / 1000,
            why="half of the tokens or more came together with the one before: the service sends several "
            "at a time, or something on the way holds them back",
        ),
    ),
    Metric(
        name="headers",
        title="Headers",
        unit="ms",
        of="headers_ms",
        quantiles=(0.5,),
        tabled=False,
    ),
    Metric(
        name="first_event",
        title="First event",
        unit="ms",
        of="first_event_ms",
        quantiles=(0.5,),
        tabled=False,
    ),
    Metric(
        name="first_generated",
        title="First",
        unit="ms",
        of="first_generated_ms",
        quantiles=(0.5,),
        trait=THOUGHTS,
    ),
    Metric(
        name="documents",
        title="Documents",
        unit="",
        of="documents",
        mean=True,
        dated=False,
        tabled=False,
    ),
)
STREAM = Workload(
    name="stream",
    metrics=METRICS,
    compared=TTFT,
    throughput=RPS,
    checks=among_all(
        causes=(
            *(configuration.configuration_effect, answers.retrieval, answers.tokens),
            *(answers.thoughts_only, answers.finish_reason),
        ),
        steady=(steady(TTFT, "steady-ttft"),),
        contents=(streams.compressed, streams.stage_times, buffering, streams.cached),
    ),
    columns=Columns(
        main=("ttft_p50", "ttft_p95"),
        side=("first_generated_p50", "itl_p50", "itl_p99", "e2e_p50"),
        of_levels=("e2e_p95",),
        of_levels_last=("first_generated_p50", "itl_p50", "itl_p99", "ttft_p99"),
        leading=("ttft_p50", "ttft_p95", "e2e_p50"),
    ),
)
