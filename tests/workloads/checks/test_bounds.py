"""Bounds of the verdict: each is held by a figure just within it, and one just beyond."""

from collections.abc import Callable
from typing import Any

import pytest

from records.cells.cell import Check, Window
from records.evidence.noise import Noise
from workloads.checks import answers, configuration, load, machine, run, streams
from workloads.checks.buffering import buffering
from workloads.checks.facts import Facts

ALWAYS = Window(start_ns=0, end_ns=10**18)
SECOND = Window(start_ns=0, end_ns=10**9)


def of(requests: list[Any], window: Window = ALWAYS, **more: Any) -> Facts:
    return Facts(requests=requests, window=window, **more)


def failed(record: Any, count: int) -> Check:
    return answers.failures(of([record(outcome="http_error" if n < count else "ok") for n in range(100)]))


def unanswered(record: Any, ms: float) -> Check:
    hung = record(outcome="aborted", ended_at_ns=round(ms * 1e6))
    return answers.unanswered(of([record()] * 95 + [hung]))


def mocked(record: Any, slow: int, ms: float) -> Check:
    """So many of 100 answers whose mocked embedding takes ``ms``; the others' takes none."""
    times = [ms if n < slow else 0.0 for n in range(100)]
    requests = [record(stages={"embed": {"running_ms": one}}) for one in times]
    return configuration.configuration_effect(of(requests, config="mock-embeddings"))


def little(record: Any, ms: float) -> Check:
    """500 requests a second of one user, whose cycles of 2 ms have so much of a request."""
    begun = [n * 2_000_000 for n in range(500)]
    return load.littles_law(
        of([record(sent_at_ns=at, ended_at_ns=at + round(ms * 1e6)) for at in begun], SECOND)
    )


def stages_beyond_ttft(record: Any, ms: float) -> bool:
    return not streams.impossible_stages(record(first_token_at_ns=round((9.0 - ms) * 1e6)))


def profiled(until_s: int) -> bool:
    at_ns = range(0, until_s * 10**9 + 1, 10**9 // 2)
    window = Window(start_ns=0, end_ns=20 * 10**9)
    check = run.profiler_interval(Facts(profiler_s=0.5, profiled_at_ns=at_ns, window=window))
    return check is not None and check.status == "pass"


def lumps(record: Any, *, us: int = 10, held_ms: float | None = None) -> Check:
    gaps, first = [us] * 20 + [160_000] + [us] * 30, 400_000_000
    told: Any = {"flags": ["cut-event"]} if held_ms is None else {"values": {"written_ms": 600.0 + held_ms}}
    one = record(gaps_us=gaps, first_token_at_ns=first, ended_at_ns=10**9, **told)
    return buffering(of([one] * 20))


@pytest.mark.parametrize(("judged", "good", "bad"), [
    (failed, 5, 6),
    (unanswered, 49, 51),
    (lambda record, ms: mocked(record, 100, ms), 0.9, 1.1),
    (lambda record, slow: mocked(record, slow, 9.0), 5, 6),
    (little, 1.02, 0.98),
    (lambda _, percent: not machine.noisy(Noise(steal_percent=percent)), 0.9, 1.1),
    (lambda _, until_s: profiled(until_s), 17, 16),
    (stages_beyond_ttft, 1.9, 2.1),
    (lambda record, us: lumps(record, us=us), 51, 49),
    (lambda record, ms: lumps(record, held_ms=ms), 49, 51),
], ids=["failures", "unanswered", "mock-ms", "mock-share", "little", "steal", "profiled", "stage-excess",
        "together-us", "held-ms"])  # fmt: skip
def test_it_is_good_up_to_the_bound_and_bad_beyond(
    record: Any, judged: Callable[[Any, float], Check | bool], good: float, bad: float
) -> None:
    found = [judged(record, figure) for figure in (good, bad)]
    assert [one.status != "fail" if isinstance(one, Check) else one for one in found] == [True, False]
