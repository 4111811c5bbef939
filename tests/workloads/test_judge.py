"""The list of a cell's checks: which, in which order, and which of them a changing load is not asked."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from records.cells.cell import Check, Window
from records.cells.load_worker import LoadWorker
from records.cells.other_programs import OtherProgram
from records.cells.request import RequestRecord
from records.services.served import Served
from workloads import judge
from workloads.catalogue import check_named, checks_that
from workloads.checks.advice import advised
from workloads.checks.definition import DEFINITIONS, Definition, declared
from workloads.checks.facts import Facts
from workloads.stream import STREAM

Record = Callable[..., RequestRecord]
OF_ONE_LEVEL = set(checks_that(lambda check: check.of_one_level))
WINDOW = Window(start_ns=0, end_ns=1_000_000_000)
IN_ORDER = [
    "records", "workers", "failures", "configuration", "same-path", "configuration-effect", "retrieval",
    "tokens", "thoughts-only", "finish-reason", "generator-lag", "generator-cpu", "concurrency",
    "littles-law", "arrival-rate", "lateness",
    "steady-state", "unanswered", "retried", "dropped", "steady-ttft", "machine-noise", "clock-order",
    "compressed", "stage-times", "buffering", "cached-answers",
]  # fmt: skip


def _judged(requests: Sequence[RequestRecord], **changes: Any) -> tuple[Check, ...]:
    known: dict[str, Any] = {"requests": requests, "window": WINDOW, "documents": True}
    return judge.checks_of(STREAM, Facts(**{**known, **changes}))


def test_each_check_is_made_once_those_first_that_would_explain_the_others(record: Record) -> None:
    assert [check.name for check in _judged([record()])] == IN_ORDER
    found = _judged([], window=None)
    assert [check.name for check in found] == IN_ORDER
    assert [check.name for check in found if check.status == "fail"] == ["failures"]


def test_warm_up_is_not_judged_by_its_answers(record: Record) -> None:
    bad = record(seq=1, flags=["warmup"], outcome="http_error", documents=0)
    failed = {check.name for check in _judged([record(first_token_at_ns=5), bad]) if check.status == "fail"}
    assert not failed & {"failures", "retrieval", "tokens"}


@pytest.mark.parametrize(("outcome", "failed"), [
    ("http_error", {"failures"}), ("connect_error", {"failures"}), ("timeout", {"failures", "generator-lag"}),
])  # fmt: skip
def test_where_a_service_refuses_all_that_alone_is_the_cause(
    record: Record, outcome: Any, failed: set[str]
) -> None:
    still = LoadWorker(worker="w", region="", loop_lag_p99_ms=None, cpu_percent=9.0, stood_still_percent=40.0)
    found = _judged([record(outcome=outcome, error="HTTP 404")], load_workers=[still])
    assert {check.name for check in found if check.status == "fail"} == failed


def test_a_load_that_changes_is_not_held_against_one_level(record: Record) -> None:
    requests = [record(first_token_at_ns=5), record(seq=1, outcome="http_error")]
    constant = {check.name: check.status for check in _judged(requests)}
    assert (constant["concurrency"], constant["failures"]) == ("n/a", "fail")
    found = {check.name: check for check in _judged(requests, shape="Ramp")}
    assert list(found) == IN_ORDER
    (failed,) = (
        one for one in _judged([record(outcome="http_error")], shape="Ramp") if one.name == "failures"
    )
    assert failed.status == "fail"  # not one good answer
    of_one = {name for name in found if found[name].text == "the shape Ramp changed the load on the way"}
    assert of_one == (OF_ONE_LEVEL & set(IN_ORDER)) | {"failures"}
    assert {found[name].status for name in of_one} == {"n/a"}


def test_a_cell_is_held_against_what_was_expected_of_it(record: Record) -> None:
    known = {"served": Served(config="baseline", settings={"RETRIEVAL": "async"}), "profiler_s": 0.5}
    expected = {"config": "mock-llm", "settings": {"RETRIEVAL": "blocking"}}
    found = _judged([record()], **known, **expected, profiled_at_ns=[0, 15 * 10**8, 30 * 10**8])
    assert [check.name for check in found] == [*IN_ORDER, "profiler"]
    status = {check.name: check.status for check in found}
    assert [status[name] for name in ("configuration", "configuration-effect", "profiler")] == ["fail"] * 3


def test_a_workload_whose_load_is_not_constant_is_not_held_against_one(record: Record) -> None:
    jobs = replace(STREAM, name="jobs", constant_load=False)
    failed = Facts(requests=[record(), record(seq=1, outcome="http_error")], window=WINDOW)
    found = {check.name: check for check in judge.checks_of(jobs, failed)}
    assert {found[name].status for name in OF_ONE_LEVEL & set(found)} == {"n/a"}
    assert found["concurrency"].text == "the load of jobs is not constant"
    assert found["failures"].status == "fail"


def test_every_check_declares_what_it_is() -> None:
    assert DEFINITIONS.keys() >= {check.name for check in _judged([], shape="Ramp")}
    assert check_named("generator-lag").of_the_machine
    assert check_named("of another version") == Definition(name="of another version")
    with pytest.raises(ValueError, match="two checks are called lateness"):
        declared("lateness", aloud=True)(lambda facts: None)


def test_a_new_check_is_its_own_line_alone(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workloads.checks.definition.DEFINITIONS", defined := dict(DEFINITIONS))
    monkeypatch.setattr("workloads.catalogue.DEFINITIONS", defined)

    @declared("new", of_one_level=True)
    def new(facts: Facts) -> Check:
        return Check(name="new", status="fail", text="bad")

    facts = Facts(requests=[record()], shape="Ramp")
    (found,) = judge.checks_of(replace(STREAM, checks=(new,)), facts)
    assert found.status == "n/a"


def test_a_late_generator_is_why_a_cell_is_not_steady_and_the_advice_is_of_that(record: Record) -> None:
    answers = [record(seq=n, ended_at_ns=900_000_000 + n) for n in range(40)]  # all in its second half
    still = LoadWorker(worker="w", region="", loop_lag_p99_ms=None, cpu_percent=9.0, stood_still_percent=40.0)
    found = {check.name: check for check in _judged(answers, load_workers=[still])}
    lag, unsteady = found["generator-lag"], found["steady-state"]
    assert (lag.status, unsteady.status) == ("fail", "fail")
    assert unsteady.advice == lag.advice
    assert unsteady.text == f"{unsteady.found}; {lag.advice}"
    alone = {check.name: check for check in _judged(answers)}["steady-state"]
    assert "give it more time" in alone.advice
    assert alone.found == unsteady.found


@pytest.mark.parametrize("ended", [True, False])
def test_a_late_generator_is_why_it_asked_too_little_or_got_no_answer(record: Record, ended: bool) -> None:
    still = LoadWorker(worker="w", region="", loop_lag_p99_ms=None, cpu_percent=9.0, stood_still_percent=40.0)
    outcome = "ok" if ended else "aborted"
    answers = [record(seq=n, ended_at_ns=90_000_000, outcome=outcome) for n in range(2)]
    found = {check.name: check for check in _judged(answers, users=20, load_workers=[still])}
    alone = {check.name: check for check in _judged(answers, users=20)}
    name = "concurrency" if ended else "failures"
    assert found[name].status == alone[name].status == "fail"
    assert "give it more time" in alone[name].advice
    assert found[name].advice == found["generator-lag"].advice
    assert "more time" not in found[name].text


MORE = "give it more time: -t 30s (sweep: --max-seconds 20)"


@pytest.mark.parametrize(("name", "cores", "late", "first"), [
    ("steady-state", 0.95, False, True), ("concurrency", 0.95, False, True),
    ("steady-state", 0.2, False, False),  # as a browser that nobody looks at
    ("steady-state", 0.95, True, False),  # the load says already what it waited for
    ("too-short", 0.95, False, False), ("retrieval", 0.95, False, False),
])  # fmt: skip
def test_more_time_is_the_second_advice_beside_other_programs(
    name: str, cores: float, late: bool, first: bool
) -> None:
    def failed(check: str) -> Check:
        return advised(Check(name=check, status="fail", text="5 answers, then 9"), MORE)

    checks = (*([failed("generator-lag")] if late else []), failed(name))
    others = (OtherProgram(name="make", pid=7, cores=cores),)
    *_, found = judge.advised_beside(checks, others)
    assert found.advice == (f"{judge.MAY_BE_WHY}; else {MORE}" if first else MORE)
    assert found.text == f"5 answers, then 9; {found.advice}"
    assert judge.advised_beside(judge.advised_beside(checks, others), others)[-1] == found
    passed = Check(name=name, status="pass", text="as many")
    assert judge.advised_beside((passed,), others) == (passed,)
