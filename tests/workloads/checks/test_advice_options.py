"""Advice names options that the command has which was run: locust's, or a sweep's behind ``sweep:``."""

import re

import pytest

from records.cells.cell import Window
from records.cells.load_worker import LoadWorker
from records.cells.request import RequestRecord
from records.evidence.noise import Noise
from sweep.cli import command
from sweep.planning.load_words import OWN
from workloads.checks import load
from workloads.checks.facts import Apart, Facts
from workloads.checks.failure_advice import OF_OUTCOMES, OF_STATUSES
from workloads.checks.generator_advice import relief
from workloads.checks.steady_advice import more_time, unsteady_advice

WINDOW = Window(start_ns=0, end_ns=10**9)
OF_SWEEP = {name for option in command.params for name in option.opts}
LOCUSTS_ALONE = {"-t", "-u", "-H", *(OWN.keys() - OF_SWEEP)}
_OPTION = re.compile(r"(?<![\w-])(?:--[a-z][a-z-]*|-[tuH]\b)")


def _record(n: int = 0, **changes: object) -> RequestRecord:
    given: dict[str, object] = {
        "run": "r", "cell": "c", "worker": "w", "region": "", "user": 0, "seq": n, "outcome": "ok",
        "sent_at_ns": n * 10**8, "ended_at_ns": n * 10**8 + 10**6, "due_at_ns": n * 10**8,
    }  # fmt: skip
    return RequestRecord(**{**given, **changes})  # type: ignore[arg-type]


def _advice_of_loads() -> list[str]:
    few = [_record(n) for n in range(10)]
    dropped = [_record(n, outcome="dropped") for n in range(10)]
    facts = Facts(requests=few, window=WINDOW)
    checks = [
        load.concurrency(Facts(window=WINDOW)), load.concurrency(facts), load.littles_law(facts),
        load.dropped(Facts(requests=dropped, window=WINDOW, rate=10)),
        load.arrival_rate(Facts(requests=few, window=WINDOW, rate=99)),
    ]  # fmt: skip
    assert {check.status for check in checks} == {"fail"}
    return [check.advice for check in checks]


def _advice_of_generators() -> list[str]:
    busy = LoadWorker(worker="w", region="", loop_lag_p99_ms=None, cpu_percent=99.0)
    return [
        relief(Facts(apart=apart, load_workers=workers, noise=Noise(generator_delay_percent=delay)))
        for apart in Apart
        for workers in ([], [busy])
        for delay in (None, 50.0)
    ]


@pytest.mark.parametrize("advice", dict.fromkeys([
    *_advice_of_loads(), *_advice_of_generators(), *OF_OUTCOMES.values(), *OF_STATUSES.values(), more_time(5),
    unsteady_advice(Facts(window=WINDOW)), unsteady_advice(Facts(window=WINDOW, rate=9.0)),
]))  # fmt: skip
def test_who_runs_a_sweep_is_told_a_sweeps_options(advice: str) -> None:
    of_sweeps = [said for said in re.findall(r"sweep:? ([^);]*)", advice) if not said.startswith("-- ")]
    for option in _OPTION.findall(" ".join(of_sweeps)):
        assert option in OF_SWEEP, f"no sweep has {option}"
    for option in re.findall(r"sweep: -- (--[a-z-]+)", advice):
        assert option not in OWN, f"{option} does not go after --"
    if "sweep" not in advice:
        alone = LOCUSTS_ALONE.intersection(_OPTION.findall(advice))
        assert not alone, f"no sweep has {alone}"
        load_s = set(_OPTION.findall(advice)) - OF_SWEEP
        assert not load_s, f"a sweep has {load_s} after -- only"


def test_more_time_for_users_that_start_slowly_is_given_in_both_ways() -> None:
    advice = load.concurrency(Facts(window=WINDOW)).advice
    assert advice.endswith(
        "give it more time: -t 10s (sweep: --max-seconds 10), and more requests: --requests"
    )
