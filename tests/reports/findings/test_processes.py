"""Several processes serve, and one of them has most of the requests."""

from types import SimpleNamespace
from typing import Any

import pytest

from reported import head
from reports.analysis.of_processes import Uneven
from reports.findings.common.probes import probe_evidence

LINE = "search (mine.py:9)"


@pytest.mark.parametrize(("idle", "said"), [(0, ""), (1, "20 of 20 requests were at one of 2 processes")])
def test_that_connections_stay_with_one_of_them_is_said(seen: Any, loaded: Any, idle: int, said: str) -> None:
    waits = tuple(
        {"kind": kind, "count": n, "at": "", "where": ""} for kind, n in (("ready", 19), ("running", 1))
    )
    analysis = loaded(seen(users=20, rps=10, waits=waits, running={"at": "x", "where": LINE}, idle=idle))
    assert [note.text for note in analysis.noted(Uneven)] == [said] * idle
    assert said in head(analysis)


def test_one_of_several_loops_that_is_held_is_found_by_those_who_wait_for_it(
    seen: Any, diagnose: Any
) -> None:
    """However free the other one is."""
    ready = {"kind": "ready", "at": "", "where": ""}
    loads = (
        seen(users=n, rps=9 + n / 20, waits=({**ready, "count": n},), running={"at": "x", "where": LINE},
             loop_busy=0.95, lag_ms=90, idle=1)
        for n in (1, 20)
    )  # fmt: skip
    [found, *_] = diagnose(*loads)
    figures = {one.figure: one.value for one in found.evidence}
    assert (found.code, found.where) == ("event-loop-blocked", LINE)
    assert figures["the loop's thread is held"] == pytest.approx(95, abs=2)


@pytest.mark.parametrize(("servers", "kept"), [(1, 2), (2, 0)])
def test_a_probe_of_several_processes_met_one_that_was_free(servers: int, kept: int) -> None:
    probed, inside = SimpleNamespace(path_ms=1.2, path_idle_ms=1.2), SimpleNamespace(servers=servers)
    service: Any = SimpleNamespace(heavy=SimpleNamespace(probed=probed, inside=inside))
    assert len(probe_evidence(service)) == kept


def test_what_the_loop_has_for_each_answer_is_of_all_processes(seen: Any, diagnose: Any) -> None:
    """Of two loops one is held half of its time: a quarter of both."""
    waits = ({"kind": "semaphore", "count": 20, "at": "", "where": LINE},)
    own = {"at": "search", "where": LINE}
    loads = (
        seen(users=n, rps=10 + n / 20, waits=waits, running=own, loop_busy=0.5, lag_ms=300, idle=1)
        for n in (1, 20)
    )
    [found] = [one for one in diagnose(*loads) if one.code == "event-loop-blocked"]
    figures = {one.figure: one.value for one in found.evidence}
    assert figures["of the loop's time each answer takes"] == pytest.approx(500 / 11, rel=0.05)
    assert figures["so that there are never more answers a second than"] == pytest.approx(44, rel=0.05)
