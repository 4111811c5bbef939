"""What the load took of full CPUs that it shared with the service is said in figures."""

from dataclasses import replace
from typing import Any

import pytest

from reported import head
from reports.analysis import of_sharing
from reports.notes.verdict import verdict

BOTH = {"mode": "shared", "load": [0, 1], "target": None, "realtime": True}


def told(analysis: Any) -> str:
    return next((line for line in verdict(analysis).lines if line.startswith("The load itself")), "")


@pytest.mark.parametrize(("cpus", "percent", "pressure", "is_told"), [
    (BOTH, 20.0, 60.0, True), (BOTH | {"realtime": False}, 20.0, 60.0, True), (BOTH, 201.0, 60.0, True),
    ({"mode": "auto", "load": [0], "target": [1]}, 20.0, 60.0, False), (None, 20.0, 60.0, False),
    ({"load": [0, 1, 2], "target": [0, 1]}, 20.0, 60.0, False),  # it may have run on its own one
    (BOTH, 20.0, 5.0, False), (BOTH, 2.0, 60.0, False), (BOTH, None, 60.0, False),
    (BOTH | {"load": [[0]]}, 20.0, 60.0, False), (BOTH | {"target": [{"a": 1}]}, 20.0, 60.0, False),
])  # fmt: skip
def test_of_a_service_that_nobody_watched_it_is_told_without_what_it_is_worth(
    made: Any, of: Any, cpus: Any, percent: float | None, pressure: float, is_told: bool
) -> None:
    achieved = {"load_workers": [{"cpu_percent": percent}], "noise": {"pressure_percent": pressure}}
    analysis = of(made.spec(requested={"cpus": cpus, "host": "http://127.0.0.1:8"}, achieved=achieved))
    assert [one.more for one in analysis.noted(of_sharing.LoadTook)] == [None] * is_told
    text = f"The load itself took {(percent or 0) / 100:.2f} of this machine's 2 cores"
    assert (text in told(analysis)) is is_told
    assert ("might do more" in head(analysis)) is is_told


def test_of_a_service_on_another_machine_nothing_is_told(made: Any, of: Any) -> None:
    achieved = {"load_workers": [{"cpu_percent": 20.0}], "noise": {"pressure_percent": 60.0}}
    assert not told(of(made.spec(requested={"cpus": BOTH, "host": "http://10.0.0.9"}, achieved=achieved)))


@pytest.mark.parametrize(("service", "run_delay", "more"), [
    (170.0, 0.3, 0.2 / 1.7), (170.0, 0.08, 0.08 / 0.92),  # what it waited for, or less
    (100.0, 0.0, None),  # one full thread has the other CPU beside the load
])  # fmt: skip
def test_of_a_service_that_was_watched_it_is_told_by_what_it_waited_for(
    loaded: Any, seen: Any, service: float, run_delay: float, more: float | None
) -> None:
    spec = {"requested": {"cpus": BOTH}, "achieved": {"load_workers": [{"cpu_percent": 20.0}]}}
    load = seen(users=1, rps=10, cpu_percent=service, main_cpu=0.9, run_delay=run_delay, spec=spec)
    notes = loaded(load).noted(of_sharing.LoadTook)
    assert [one.more for one in notes] == ([] if more is None else [pytest.approx(more, rel=0.01)])


@pytest.mark.parametrize(("quota", "more"), [
    ({"throttled_periods": 0.9, "cpu_limit_cores": 1.7}, None), ({"cpu_limit_cores": 1.75}, 0.05 / 1.7),
    ({"cpu_limit_cores": 1.6}, None),  # there is no more to have
])  # fmt: skip
def test_what_a_quota_keeps_from_a_service_is_not_the_loads(
    loaded: Any, seen: Any, monkeypatch: pytest.MonkeyPatch, quota: dict[str, float], more: float | None
) -> None:
    monkeypatch.setattr(of_sharing, "MATTERS", 0.01)
    spec = {"requested": {"cpus": BOTH}, "achieved": {"load_workers": [{"cpu_percent": 20.0}]}}
    load = loaded(seen(users=1, rps=10, cpu_percent=170.0, main_cpu=0.9, run_delay=0.3, spec=spec))
    [cell] = load.cells
    machine = replace(cell.machine, **quota)
    monkeypatch.setattr(type(cell), "machine", property(lambda _: machine))
    found = [one.more for one in of_sharing.load_took(load)]
    assert found == ([] if more is None else [pytest.approx(more, rel=0.01)])
