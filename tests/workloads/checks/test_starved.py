"""A generator that gets no CPU is named first, before a service that seems not to answer."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from loadgen.process import target
from records.cells.load_worker import LoadWorker
from records.cells.request import RequestRecord
from records.evidence.noise import Counters, Noise
from workloads.checks import answers, run
from workloads.checks.facts import Facts

IDLE = LoadWorker(worker="w", region="", loop_lag_p99_ms=45.0, cpu_percent=None, priority="idle priority")


@pytest.mark.parametrize(("outcome", "delay", "ours"), [
    ("timeout", 51.0, True), ("timeout", 49.0, False), ("http_error", 99.8, False),
])  # fmt: skip
def test_what_fails_for_want_of_a_cpu_is_advised_so(
    record: Callable[..., RequestRecord], facts: Callable[..., Facts], outcome: str, delay: float, ours: bool
) -> None:
    noise, requests = Noise(generator_delay_percent=delay), [record(outcome=outcome, error="HTTP 500")]
    advice = answers.failures(facts(requests, noise=noise, load_workers=[IDLE])).advice
    assert ("it runs at idle priority" in advice and advice.startswith("the load generator itself")) == ours


@pytest.mark.parametrize(("delay", "lag", "failed"), [(99.8, "fail", "n/a"), (49.0, "n/a", "fail")])
def test_no_request_for_want_of_a_cpu_is_the_generator_s_failure_alone(
    facts: Callable[..., Facts], delay: float, lag: str, failed: str
) -> None:
    known = facts(noise=Noise(generator_delay_percent=delay), load_workers=[IDLE])
    found = run.generator_lag(known)
    assert (found.status, answers.failures(known).status) == (lag, failed)
    assert ("start it at the usual priority" in found.advice) == (lag == "fail")


@pytest.mark.parametrize(
    ("waited_s", "said"), [(0.1, "connect timed out"), (2.9, "itself waited 97 % of that")]
)
def test_a_connect_that_timed_out_without_this_process_says_so(
    monkeypatch: pytest.MonkeyPatch, waited_s: float, said: str
) -> None:
    def late(*_: Any) -> None:
        raise TimeoutError

    reads = iter(
        [Counters(at_ns=0, delay_ns={1: 0}), Counters(at_ns=3 * 10**9, delay_ns={1: int(waited_s * 1e9)})]
    )
    monkeypatch.setattr(target, "connected", late)
    monkeypatch.setattr(target.noise, "read", lambda pids: next(reads))
    found = target.trouble(SimpleNamespace(), {})  # type: ignore[arg-type]
    assert found is not None
    assert found.startswith("connect timed out")
    assert said in found
    assert ("waited" in found) == (waited_s > 1)
