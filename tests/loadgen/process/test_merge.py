"""What workers say, added up; when one counts as lost; who is listened to."""

from types import SimpleNamespace
from typing import Any

import pytest

from loadgen.engine.session import Plan, Session
from loadgen.process.master import Master
from loadgen.process.merge import Merge, Report
from loadgen.process.run import Run
from loadgen.process.run_spec import RunSpec
from loadgen.process.worker import Worker
from records.errors import UsageError
from records.evidence.noise import Counters, Noise

SUMMARY = {"start_ns": 1_000, "end_ns": 9_000, "lag_p99_ms": 1.0, "cpu_percent": 10.0, "connects": 2}


def merge(expected: int = 2, requests: int = 0) -> Merge:
    plan = Plan(users=2, warmup_requests=4, requests=requests, min_seconds=0)
    return Merge(id="this", session=Session(plan=plan), expected=expected)


def report(
    lines: bytes, records: int, summary: Any = None, id: str = "this", ended: int = 0, exhausted: bool = False
) -> Report:
    return {
        "id": id, "ended": ended, "measured": 0, "clean": 0, "records": records, "lines": lines,
        "exhausted": exhausted, "summary": summary,
    }  # fmt: skip


@pytest.mark.parametrize(("reports", "whole"), [
    ([("b", report(b"{}\n", 1, SUMMARY)), ("a", report(b"{}\n", 1)), ("a", report(b"{}\n", 2, SUMMARY))], 2),
    ([("a", report(b"{}\n{}\n", 2)), ("a", report(b"{}\n", 4, SUMMARY))], 0),  # one on the way was lost
    ([("a", report(b"{}\n{}\n", 2)), ("a", report(b"{}\n", 3))], 0),  # it never reported for the last time
    ([("a", report(b"{}\n", 1)), ("later", report(b"{}\n", 1, SUMMARY))], 0),  # another came in its place
])  # fmt: skip
def test_a_worker_is_lost_unless_all_its_records_arrived(reports: list[Any], whole: int) -> None:
    one = merge(expected=len({worker for worker, _ in reports} - {"later"}))
    for worker, data in reports:
        one.take(worker, data)
    one.count_whole()
    assert one.fewest == whole


def test_the_warm_up_ends_by_the_sum_of_the_counts() -> None:
    one = merge()
    one.session.spawned = True
    for ended, warm in ((1, False), (2, True)):
        one.take("a", report(b"", 0, ended=ended))
        one.take("b", report(b"", 0, ended=2))
        one.decide(7)
        assert (one.session.window_start_ns is not None) is warm


def test_the_window_is_the_one_all_workers_share_and_each_ones_lag_is_kept() -> None:
    one = merge()
    one.summaries["a"] = SUMMARY
    one.summaries["b"] = SUMMARY | {"start_ns": 2_000, "end_ns": 8_000, "lag_p99_ms": 5.0}
    one.summaries["idle"] = dict.fromkeys(SUMMARY)  # a worker without a user
    found = one.observed(complete=True, noise=Noise())
    assert found.window is not None
    assert (found.window.start_ns, found.window.end_ns) == (2_000, 8_000)
    assert found.connects == 4
    lags = sorted(w.loop_lag_p99_ms for w in found.load_workers if w.loop_lag_p99_ms is not None)
    assert (len(found.load_workers), lags[-1]) == (3, 5.0)


class Clients(dict[str, Any]):
    missing: tuple[Any, ...] = ()


def runner_of(**clients: Any) -> Any:
    """As much of locust's MasterRunner as a master needs."""
    sent: list[tuple[str, Any, Any]] = []
    return SimpleNamespace(
        clients=Clients(clients), sent=sent, register_message=lambda *_: None,
        send_message=lambda name, data, worker=None: sent.append((name, data, worker)),
    )  # fmt: skip


def message(worker: str, data: Report) -> Any:
    return SimpleNamespace(node_id=worker, data=data)


def begun(*workers: str, keep: Any = None) -> Run:
    spec = RunSpec(id="this", run="r", cell="c", users=2, workers=list(workers))
    cell: Any = SimpleNamespace(append=keep) if keep else None
    plan = Plan(users=2, warmup_requests=4, requests=0, min_seconds=0)
    given: Any = SimpleNamespace(drain_seconds=1)
    return Run(
        spec=spec, settings=given, task=given, session=Session(plan=plan), machine=Counters(at_ns=0),
        cell=cell,
    )  # fmt: skip


def unasked(keep: Any) -> Any:
    raise AssertionError("a master asks nothing")


def test_a_run_of_a_finite_task_ends_when_all_workers_have_asked_their_share() -> None:
    master, run = Master(runner_of(a=1, b=1)), begun("a", "b")
    master.begin(run, unasked)
    master.on_report(message("a", report(b"", 0, exhausted=True)))
    assert not master.over(run.merge)
    master.on_report(message("b", report(b"", 0, exhausted=True)))
    assert master.over(run.merge)


def test_a_master_listens_only_to_workers_of_its_own_run() -> None:
    runner, kept = runner_of(a=1), []
    master, run = Master(runner), begun("a", keep=kept.append)
    master.begin(run, unasked)
    one = run.merge
    assert one is not None
    assert one.expected == 1
    master.on_report(message("a", report(b"1\n", 1)))
    master.on_report(message("a", report(b"2\n", 2, id="an earlier one")))
    master.on_report(message("orphan", report(b"3\n", 3, id="an earlier one")))
    assert kept == [b"1\n"]
    assert one.counts.keys() == {"a"}
    assert runner.sent == [("chokepoint_leave", {"id": "an earlier one"}, "orphan")]
    master.end()
    master.on_report(message("a", report(b"4\n", 2, SUMMARY)))  # too late: the file is closed
    assert kept == [b"1\n"]


def test_shares_of_questions_have_no_gap_whatever_locust_numbers_its_workers() -> None:
    spec = RunSpec(id="this", run="r", cell="c", users=4, workers=["x", "y"])
    assert [spec.place(worker) for worker in ("x", "y", "late")] == [0, 1, 0]


@pytest.mark.parametrize(("told", "run"), [({"id": "this", "news": 1}, "this"), ({}, None), (None, None)])
def test_a_worker_refuses_the_spec_of_another_version(told: Any, run: str | None) -> None:
    """And those of a master that is no Chokepoint, which sends none."""
    with pytest.raises(UsageError, match="this version") as error:
        RunSpec.of(told)
    sent: list[Any] = []
    heartbeat = SimpleNamespace(add_listener=lambda _: None)
    runner = SimpleNamespace(
        register_message=lambda *_, **__: None, send_message=lambda *one: sent.append(one)
    )
    Worker(runner, SimpleNamespace(heartbeat_received=heartbeat)).refuse(told, str(error.value))
    assert sent == [("chokepoint_refused", {"id": run, "error": str(error.value)})]
