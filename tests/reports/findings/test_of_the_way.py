"""What lies between the load and the service: the load's own cap, connections, who ends and who scales it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from records.cells import layout
from records.cells.cell import Check
from records.cells.reader import read_run
from reports.analysis.analyse import analyse
from reports.findings.acquittal import acquittals
from reports.findings.catalogue import diagnosis
from reports.findings.finding import Finding

MS, S = 1_000_000, 1_000_000_000
READ = {"kind": "socket-read", "at": "AsyncStream.read", "where": "answer (mine.py:30)"}
LOCK = {"kind": "lock", "at": "Lock.acquire", "where": "answer (mine.py:31)"}
Line = dict[str, Any]


def failed(*names: str) -> dict[str, Any]:
    return {"checks": tuple(Check(name=name, status="fail", figure=97.0, bound=1) for name in names)}


@pytest.fixture
def changed(tmp_path: Path, loaded: Any) -> Callable[..., list[Finding]]:
    """What is found once each request of the run was changed, and files were put beside those of its last
    cell."""

    def found(
        *loads: Any, change: Callable[[Line], None] = lambda _: None, **files: list[Line]
    ) -> list[Finding]:
        loaded(*loads)
        for path in (tmp_path / "run").rglob(layout.REQUESTS):
            lines = [orjson.loads(line) for line in path.read_bytes().splitlines()]
            for line in lines:
                change(line)
            path.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
        [folder] = (tmp_path / "run").rglob(f"c{loads[-1].users:02d}-r1")
        for name, own in files.items():
            (folder / f"{name}.jsonl").write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in own))
        return list(diagnosis(analyse([read_run(tmp_path / "run")])))

    return found


def codes(found: list[Finding]) -> list[str]:
    return [one.code for one in found]


# -- a keep-alive race


def used_again(idle_s: float, broken: str, each: int = 3) -> Callable[[Line], None]:
    """20 users whose connections lie idle for so long between requests; every so-many-th of those breaks."""

    def change(line: Line) -> None:
        line["seq"] += 1
        line["body_ended_at_ns"] = line["sent_at_ns"] + round((2 - idle_s) * S)  # each asks every 2 s
        if line["seq"] > 20 and line["seq"] % each == 0:
            if broken == "retried":
                line["flags"].append("retried")
            else:
                line |= {"outcome": "truncated", "headers_at_ns": None, "first_token_at_ns": None}
                line |= {"ended_at_ns": line["sent_at_ns"] + (500 if broken == "killed" else 20) * MS}

    return change


@pytest.mark.parametrize(
    ("idle_s", "broken", "binds"),
    [(1.5, "retried", "latency"), (1.5, "reset", "throughput"), (0.2, "retried", ""), (1.5, "killed", "")],
)
def test_connections_that_lay_idle_and_are_closed_when_used(
    changed: Any, seen: Any, idle_s: float, broken: str, binds: str
) -> None:
    """What breaks sooner, or in the middle of the work, breaks for another reason."""
    load = seen(users=20, rps=10, waits=None, spec={"seconds": 8.0, **failed("retried")})
    found = changed(load, change=used_again(idle_s, broken))
    assert [one.binds for one in found if one.code == "keepalive-race"] == ([binds] if binds else [])
    assert not found or found[0].code == ("keepalive-race" if binds else "unknown")


def test_connections_that_break_as_often_when_new_are_no_race(changed: Any, seen: Any) -> None:
    def change(line: Line) -> None:
        used_again(1.5, "retried")(line)
        if line["seq"] <= 20 and line["seq"] % 3 == 0:
            line |= {"outcome": "connect_error", "error": "connection refused"}

    load = seen(users=20, rps=10, waits=None, spec={"seconds": 8.0, **failed("retried")})
    assert "keepalive-race" not in codes(changed(load, change=change))


# -- a liveness kill


def probe(start_ns: int, sent_s: float, took_s: float, outcome: str = "ok", kind: str = "/ready") -> Line:
    sent = start_ns + round(sent_s * S)
    return {
        "kind": kind, "due_at_ns": sent, "sent_at_ns": sent, "ended_at_ns": sent + round(took_s * S),
        "connect_ms": 1.0, "first_byte_ms": None, "outcome": outcome, "interval_ms": 100.0,
    }  # fmt: skip


def profiled(start_ns: int, pid: int, at_s: float, cpu_s: float, **system: Any) -> Line:
    details = [{"pid": pid, "cpu_seconds": cpu_s}]
    return {
        "at_ns": start_ns + round(at_s * S), "system": {"cpu_count": 2, **system}, "profiler": {},
        "processes": {"process_count": 1, "total_cpu_percent": 50.0, "process_details": details},
    }  # fmt: skip


KILLS = {"cgroup": {"memory_oom_kills": 1}}


@pytest.mark.parametrize(
    ("waited_s", "end", "pids", "system", "code", "sure"),
    [
        (1.8, "reset", (7, 8), {}, "liveness-kill", "shown"),
        (1.8, "reset", (1, 1), {}, "liveness-kill", "shown"),  # a container's first process is always 1
        (1.8, "ok", (7, 7), {}, "liveness-kill", "likely"),
        (0.2, "reset", (7, 8), {}, "", ""),  # it was not late: it crashed
        (1.8, "reset", (7, 8), KILLS, "memory-pressure", "shown"),
    ],
)
def test_a_service_that_was_late_and_then_gone(
    changed: Any, seen: Any, waited_s: float, end: str, pids: Any, system: Any, code: str, sure: str
) -> None:
    load = seen(users=20, rps=10, waits=None, spec=failed("failures", "steady-state"))
    at = load.start_ns
    probes = [
        probe(at, 0.1, 0.01), probe(at, 2.0, waited_s, end), probe(at, 3.9, 0.001, "refused", "accept"),
        probe(at, 4.5, 0.01),
    ]  # fmt: skip
    none: Any = {name: dict.fromkeys(own, 0) for name, own in system.items()}
    first, second = pids
    spent = 9.0 if end == "ok" else 0.5
    samples = [profiled(at, first, 1, 2.0, **none), profiled(at, second, 4.2, spent, **system)]
    found = changed(load, probes=probes, profile=samples)
    assert [(one.code, one.confidence) for one in found[:1] if one.severity == "high"] == (
        [(code, sure)] if code else []
    )


def test_a_busy_service_that_nobody_ended_is_not_killed(changed: Any, seen: Any) -> None:
    load = seen(users=20, rps=10, waits=None, spec=failed("failures"))
    probes = [probe(load.start_ns, 1 + i, 1.8) for i in range(3)]
    assert "liveness-kill" not in codes(changed(load, probes=probes))


def test_where_the_load_itself_stood_still_nobody_is_accused(changed: Any, seen: Any) -> None:
    load = seen(users=20, rps=10, waits=None, spec=failed("failures", "generator-lag"))
    at = load.start_ns
    probes = [probe(at, 2.0, 1.8, "reset"), probe(at, 3.9, 0.001, "refused")]
    assert not changed(load, probes=probes)


# -- the load's own cap


def open_loop(seen: Any, rate: int, ttft_ms: float, *, dropped: int = 0) -> Any:
    own = failed("dropped") if dropped else {}
    spec = {
        "requested": {"rate": rate, "arrival": "constant"},
        "ttft_ms": ttft_ms,
        "failures": dropped,
        **own,
    }
    return seen(users=rate, rps=rate - dropped / 5, waits=None, spec=spec)


def due(line: Line) -> None:
    line["due_at_ns"] = line["sent_at_ns"]
    if line["outcome"] == "http_error":
        line |= {"outcome": "dropped", "error": "dropped"}


@pytest.mark.parametrize(("ttft_ms", "found"), [(410, True), (900, False)])
def test_requests_that_the_load_may_not_send_though_answers_are_as_fast(
    changed: Any, seen: Any, ttft_ms: float, found: bool
) -> None:
    """Where answers are slower, the service is what lets them pile up."""
    told = changed(open_loop(seen, 2, 400), open_loop(seen, 40, ttft_ms, dropped=100), change=due)
    assert ("generator-limited" in codes(told)) == found
    if found:
        figures = {one.figure: one.value for one in told[0].evidence}
        assert figures["requests that were due and never sent"] == 100


def test_a_load_without_a_processor_or_a_port_left(changed: Any, seen: Any) -> None:
    out_of_cpu = seen(users=20, rps=40, waits=None, spec=failed("generator-cpu"))
    [found] = changed(out_of_cpu)
    assert (found.code, found.binds, found.evidence[0].value) == ("generator-limited", "nothing", 97.0)


def test_connections_that_the_loads_own_system_does_not_give(changed: Any, seen: Any) -> None:
    def change(line: Line) -> None:
        if line["outcome"] == "http_error":
            line |= {"outcome": "connect_error", "error": "too many open files"}

    found = changed(
        seen(users=20, rps=40, waits=None, spec={"failures": 20, **failed("failures")}), change=change
    )
    assert codes(found) == ["generator-limited"]


# -- an autoscaler by CPU, and acquittals


@pytest.mark.parametrize(("cpu_percent", "blind"), [(30.0, True), (70.0, False), (95.0, False)])
def test_a_service_that_is_held_with_idle_cpus(
    loaded: Any, seen: Any, cpu_percent: float, blind: bool
) -> None:
    spec = {"requested": {"cpus": {"target": [1]}}}
    analysis = loaded(
        seen(users=1, rps=10, waits=({**READ, "count": 1},), spec=spec, cpu_percent=9.0),
        seen(users=20, rps=12, waits=({**LOCK, "count": 18}, {**READ, "count": 2}), spec=spec,
             cpu_percent=cpu_percent),
    )  # fmt: skip
    found = list(diagnosis(analysis))
    assert codes(found) == ["stage-serialised", *(["autoscaler-blind"] if blind else [])]
    free = [one.code for one in acquittals(analysis, found)]
    assert ("autoscaler-blind" in free) == (cpu_percent > 80)


def test_what_is_between_is_acquitted_with_its_figure(
    tmp_path: Path, loaded: Any, changed: Any, seen: Any
) -> None:
    spec = {"seconds": 8.0, "checks": (Check(name="generator-cpu", status="pass", figure=11.0, bound=90),)}
    load = seen(users=20, rps=10, waits=None, spec=spec)
    at = load.start_ns
    pressure = (
        {"pressure": {"memory": {"some_seconds": 1.0}}},
        {"pressure": {"memory": {"some_seconds": 1.0}}},
    )
    samples = [profiled(at, 7, 1 + i, 1.0 + i, **one) for i, one in enumerate(pressure)]
    found = changed(
        load, change=used_again(1.5, "retried", each=10**9), profile=samples, probes=[probe(at, 1, 0.02)]
    )
    free = {
        one.code: one.evidence[0].value for one in acquittals(analyse([read_run(tmp_path / "run")]), found)
    }
    del free["interpreter-bound"], free["load-shed"]
    assert free == {
        "liveness-kill": pytest.approx(20), "keepalive-race": 0,
        "generator-limited": 11.0, "memory-pressure": 0.0,
    }  # fmt: skip
