"""Whether the measuring itself went well: each check trips where it should."""

from collections.abc import Callable

import pytest

from records.cells.cell import Check, Window
from records.cells.load_worker import LoadWorker
from records.cells.request import RequestRecord
from workloads.checks import run
from workloads.checks.facts import Facts

Record = Callable[..., RequestRecord]
Make = Callable[..., Facts]


def test_records_that_a_full_disk_did_not_take_fail_the_cell() -> None:
    full = Facts(fault=OSError(28, "No space left on device"))
    assert run.kept(Facts()).status == "pass"
    assert "No space left on device" in run.kept(full).text
    assert run.kept(full).status == "fail"


def test_a_lost_worker_fails() -> None:
    assert run.workers(Facts(workers_expected=2, workers_fewest=1)).status == "fail"
    assert run.workers(Facts(workers_expected=2, workers_fewest=2)).status == "pass"


def seen(still: float | None, percent: float | None, worker: str = "w0", region: str = "") -> LoadWorker:
    return LoadWorker(
        worker=worker, region=region, loop_lag_p99_ms=99.0, cpu_percent=percent, stood_still_percent=still
    )


def test_a_generator_is_judged_by_the_requests_that_its_stalls_touched(record: Record, facts: Make) -> None:
    clean = [record(seq=n) for n in range(80)]
    late = [record(seq=n, flags=["late"]) for n in range(80, 101)]
    assert run.generator_lag(facts([*clean, *late[:20]], load_workers=[seen(3.0, 20.0)])).status == "pass"
    check = run.generator_lag(facts([*clean, *late], load_workers=[seen(3.0, 20.0)]))
    assert (check.status, check.figure) == ("fail", pytest.approx(21 / 101, abs=1e-4))
    assert "21 of 101" in check.text
    assert run.generator_lag(facts([], load_workers=[seen(3.0, 20.0)])).status == "n/a"


@pytest.mark.parametrize(("still", "cpu", "lag", "starved"), [
    (15.0, 99.0, "pass", "fail"), (19.0, 20.0, "fail", "pass"), (None, None, "pass", "n/a"),
])  # fmt: skip
def test_a_generator_that_stood_still_for_long_or_was_starved_fails_whatever_it_touched(
    record: Record, facts: Make, still: float | None, cpu: float | None, lag: str, starved: str
) -> None:
    known = facts([record()], load_workers=[seen(still, cpu)])
    found = run.generator_lag(known)
    assert (found.status, run.generator_cpu(known).status) == (lag, starved)
    assert lag == "pass" or found.figure == 0.19


def test_of_several_load_workers_the_worst_is_judged_and_named(record: Record, facts: Make) -> None:
    several = [seen(2.0, 95.0, "w0", "eu"), seen(50.0, 10.0, "w1", "us"), seen(None, None, "w2")]
    known = facts([record()], load_workers=several)
    lag, cpu = run.generator_lag(known), run.generator_cpu(known)
    assert (lag.status, lag.figure, cpu.status, cpu.figure) == ("fail", 0.5, "fail", 95.0)
    assert "w1 in us, of 3 workers" in lag.text
    assert "w0 in eu, of 3 workers" in cpu.text


def profiled(*at_s: float, window: Window | None = None) -> Check:
    at_ns = [round(at * 1e9) for at in at_s]
    check = run.profiler_interval(Facts(profiler_s=0.5, profiled_at_ns=at_ns, window=window))
    assert check is not None
    return check


def test_a_profiler_that_fell_behind_fails() -> None:
    assert profiled(0, 0.5, 1.0, 1.6).status == "pass"
    assert profiled(0, 1.5, 2.9, 3.4).status == "fail"
    assert profiled().status == profiled(1.0).status == "n/a"


@pytest.mark.parametrize(
    ("first", "last", "status"), [(0, 20, "pass"), (2, 19, "pass"), (0, 8, "n/a"), (12, 20, "n/a")]
)
def test_of_a_profiler_that_was_not_there_all_the_time_nothing_is_said(
    first: int, last: int, status: str
) -> None:
    times = [first + n / 2 for n in range(2 * (last - first) + 1)]
    check = profiled(*times, window=Window(start_ns=1 * 10**9, end_ns=20 * 10**9))
    assert (check.status, "of the measured time" in check.text) == (status, status == "n/a")
    away = [n / 2 for n in range(41) if not 5 < n / 2 < 15]  # in the midst
    found = profiled(*away, window=Window(start_ns=0, end_ns=20 * 10**9))
    assert found.figure == pytest.approx(13 / 20, abs=0.01)
