"""What lies between the load and the service: the load's own cap, connections, who ends and who scales it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from records.cells.cell import Check
from reported import analysed, rewritten
from reports.findings import catalogue
from reports.findings.acquitted.acquittal import acquittals
from reports.findings.catalogue import diagnosis
from reports.findings.common.finding import Finding
from reports.words.diagnosis import section

MS, S = 1_000_000, 1_000_000_000
READ = {"kind": "socket-read", "at": "AsyncStream.read", "where": "answer (mine.py:30)"}
LOCK = {"kind": "lock", "at": "Lock.acquire", "where": "answer (mine.py:31)"}
Line = dict[str, Any]


def failed(*names: str) -> dict[str, Any]:
    return {"checks": tuple(Check(name=name, status="fail", figure=97.0, bound=1) for name in names)}


@pytest.fixture
def at_20(seen: Any) -> Any:
    return lambda rps, *names, **spec: seen(users=20, rps=rps, waits=None, spec={**failed(*names), **spec})


@pytest.fixture
def changed(tmp_path: Path, loaded: Any) -> Callable[..., list[Finding]]:
    """What is found once each request of the run was changed, and files were put beside those of its last
    cell."""

    def found(
        *loads: Any, change: Callable[[Line], None] = lambda _: None, **files: list[Line]
    ) -> list[Finding]:
        loaded(*loads)
        rewritten(tmp_path, lambda line, _: change(line))
        [folder] = (tmp_path / "run").rglob(f"c{loads[-1].users:02d}-r1")
        for name, own in files.items():
            (folder / f"{name}.jsonl").write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in own))
        return list(diagnosis(analysed(tmp_path / "run")))

    return found


def codes(found: list[Finding]) -> list[str]:
    return [one.code for one in found]


# -- a keep-alive race


def used_again(idle_s: float, broken: str, each: int = 3, new: bool = False) -> Callable[[Line], None]:
    """20 users whose connections lie idle for so long between requests; every so-many-th of those breaks, and
    of ``new`` ones, too."""

    def change(line: Line) -> None:
        line["seq"] += 1
        line["body_ended_at_ns"] = line["sent_at_ns"] + round((2 - idle_s) * S)  # each asks every 2 s
        if line["seq"] % each:
            return
        if line["seq"] <= 20:
            line |= {"outcome": "connect_error", "error": "connection refused"} if new else {}
        elif broken == "retried":
            line["flags"].append("retried")
        else:
            line |= {"outcome": "truncated", "headers_at_ns": None, "first_token_at_ns": None}
            line["last_token_at_ns"] = None
            line |= {"ended_at_ns": line["sent_at_ns"] + (500 if broken == "killed" else 20) * MS}

    return change


@pytest.mark.parametrize(("idle_s", "broken", "new", "binds"), [
    (1.5, "retried", False, "latency"), (1.5, "reset", False, "throughput"),
    (0.2, "retried", False, ""), (1.5, "killed", False, ""),  # sooner, or in the middle of the work
    (1.5, "retried", True, ""),  # as often when new
])  # fmt: skip
def test_connections_that_lay_idle_and_are_closed_when_used(
    changed: Any, at_20: Any, idle_s: float, broken: str, new: bool, binds: str
) -> None:
    found = changed(at_20(10, "retried", seconds=8.0), change=used_again(idle_s, broken, new=new))
    assert [one.binds for one in found if one.code == "keepalive-race"] == ([binds] if binds else [])
    assert new or not found or found[0].code == ("keepalive-race" if binds else "unknown")


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


@pytest.mark.parametrize(("waited_s", "end", "pids", "kills", "told"), [
    (1.8, "reset", (7, 8), 0, [("liveness-kill", "shown")]),
    (1.8, "reset", (1, 1), 0, [("liveness-kill", "shown")]),  # a container's first process is always 1
    (1.8, "ok", (7, 7), 0, [("liveness-kill", "likely")]),
    (0.2, "reset", (7, 8), 0, []),  # it was not late: it crashed
    (1.8, "reset", (7, 8), 1, [("memory-pressure", "shown")]),
])  # fmt: skip
def test_a_service_that_was_late_and_then_gone(
    changed: Any, at_20: Any, waited_s: float, end: str, pids: Any, kills: int, told: Any
) -> None:
    load = at_20(10, "failures", "steady-state")
    at, spent = load.start_ns, 9.0 if end == "ok" else 0.5
    late, gone = probe(at, 2.0, waited_s, end), probe(at, 3.9, 0.001, "refused", "accept")
    probes = [probe(at, 0.1, 0.01), late, gone, probe(at, 4.5, 0.01)]
    (first, second), [none, some] = (
        pids,
        [{"cgroup": {"memory_oom_kills": n}} if kills else {} for n in (0, 1)],
    )
    samples = [profiled(at, first, 1, 2.0, **none), profiled(at, second, 4.2, spent, **some)]
    found = changed(load, probes=probes, profile=samples)
    assert [(one.code, one.confidence) for one in found[:1] if one.severity == "high"] == told


def test_a_busy_service_that_nobody_ended_is_not_killed(changed: Any, at_20: Any) -> None:
    load = at_20(10, "failures")
    probes = [probe(load.start_ns, 1 + i, 1.8) for i in range(3)]
    assert "liveness-kill" not in codes(changed(load, probes=probes))


def test_where_the_load_itself_stood_still_nobody_is_accused(changed: Any, at_20: Any) -> None:
    load = at_20(10, "failures", "generator-lag")
    gone = probe(load.start_ns, 3.9, 0.001, "refused")
    assert not changed(load, probes=[probe(load.start_ns, 2.0, 1.8, "reset"), gone])


# -- the load's own cap


@pytest.mark.parametrize(("ttft_ms", "limited"), [(410, True), (900, False)])
def test_requests_that_the_load_may_not_send_though_answers_are_as_fast(
    changed: Any, seen: Any, ttft_ms: float, limited: bool
) -> None:
    """Where answers are slower, the service is what lets them pile up."""

    def due(line: Line) -> None:
        line["due_at_ns"] = line["sent_at_ns"]
        if line["outcome"] == "http_error":
            line |= {"outcome": "dropped", "error": "dropped"}

    def open_loop(rate: int, ttft_ms: float, dropped: int, **own: Any) -> Any:
        spec = {"requested": {"rate": rate, "arrival": "constant"}, "ttft_ms": ttft_ms, "failures": dropped}
        return seen(users=rate, rps=rate - dropped / 5, waits=None, spec={**spec, **own})

    told = changed(open_loop(2, 400, 0), open_loop(40, ttft_ms, 100, **failed("dropped")), change=due)
    assert ("generator-limited" in codes(told)) == limited
    figures = {one.figure: one.value for one in told[0].evidence}
    assert figures.get("requests that were due and never sent", 0) == 100 * limited


def test_a_load_without_a_processor_left(changed: Any, at_20: Any) -> None:
    [found] = changed(at_20(40, "generator-cpu"))
    assert (found.code, found.binds, found.evidence[0].value) == ("generator-limited", "nothing", 97.0)


def test_connections_that_the_loads_own_system_does_not_give(changed: Any, at_20: Any) -> None:
    def change(line: Line) -> None:
        if line["outcome"] == "http_error":
            line |= {"outcome": "connect_error", "error": "too many open files"}

    assert codes(changed(at_20(40, "failures", failures=20), change=change)) == ["generator-limited"]


# -- an autoscaler by CPU, and acquittals


@pytest.mark.parametrize(("cpu_percent", "blind"), [(30.0, True), (70.0, False), (95.0, False)])
def test_a_service_that_is_held_with_idle_cpus(
    loaded: Any, seen: Any, cpu_percent: float, blind: bool
) -> None:
    spec, waits = {"requested": {"cpus": {"target": [1]}}}, ({**LOCK, "count": 18}, {**READ, "count": 2})
    analysis = loaded(
        seen(users=1, rps=10, waits=({**READ, "count": 1},), spec=spec, cpu_percent=9.0),
        seen(users=20, rps=12, waits=waits, spec=spec, cpu_percent=cpu_percent),
    )
    found = list(diagnosis(analysis))
    assert codes(found) == ["stage-serialised", *(["autoscaler-blind"] if blind else [])]
    free = [one.code for one in acquittals(analysis, found)]
    assert ("autoscaler-blind" in free) == (cpu_percent > 80)


def test_that_an_autoscaler_sees_nothing_is_never_said_first_and_only_to_who_scales_by_cpu(
    loaded: Any, seen: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads = [
        seen(users=users, rps=rps, waits=({**LOCK, "count": users},), cpu_percent=9.0)
        for users, rps in ((1, 10), (20, 12))
    ]
    analysis = loaded(*loads)
    [*_, blind] = diagnosis(analysis)
    [*_, said] = section([blind], [])
    assert "only those who scale by CPU" in said.lines[0]
    assert blind.advice.startswith("If an autoscaler looks at its CPU")
    grave = replace(blind, severity="high", confidence="shown")
    monkeypatch.setattr(catalogue, "autoscaler_blind", lambda _: iter([grave]))
    first, *_, last = catalogue._ranked(analysis)
    assert (first.code, last) == ("stage-serialised", grave)


def test_what_is_between_is_acquitted_with_its_figure(tmp_path: Path, changed: Any, at_20: Any) -> None:
    passed = (Check(name="generator-cpu", status="pass", figure=11.0, bound=90),)
    load = at_20(10, seconds=8.0, checks=passed)
    pressure = {"pressure": {"memory": {"some_seconds": 1.0}}}
    found = changed(
        load, change=used_again(1.5, "retried", each=10**9), probes=[probe(load.start_ns, 1, 0.02)],
        profile=[profiled(load.start_ns, 7, 1 + i, 1.0 + i, **pressure) for i in range(2)],
    )  # fmt: skip
    free = acquittals(analysed(tmp_path / "run"), found)
    figures = {one.code: one.evidence[0].value for one in free}
    named = {"liveness-kill": 20, "keepalive-race": 0, "generator-limited": 11.0, "memory-pressure": 0.0}
    assert figures.keys() - named.keys() == {"interpreter-bound", "load-shed"}
    assert {name: figures[name] for name in named} == pytest.approx(named)
