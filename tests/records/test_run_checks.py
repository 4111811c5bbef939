"""Whether the measuring itself went well: each check trips where it should."""

from records import run_checks
from records.run_checks import LoadWorker


def test_records_that_a_full_disk_did_not_take_fail_the_cell() -> None:
    assert run_checks.kept(None).status == "pass"
    assert run_checks.kept(OSError(28, "No space left on device")).text.endswith("No space left on device")
    assert run_checks.kept(OSError(28, "No space left on device")).status == "fail"


def test_a_lost_worker_fails() -> None:
    assert run_checks.workers(2, 1).status == "fail"
    assert run_checks.workers(2, 2).status == "pass"


def seen(lag_ms: float | None, percent: float | None, worker: str = "w0", region: str = "") -> LoadWorker:
    return LoadWorker(worker=worker, region=region, loop_lag_p99_ms=lag_ms, cpu_percent=percent)


def test_a_late_or_starved_generator_fails() -> None:
    assert run_checks.generator_lag([seen(100.0, 20.0)]).status == "fail"
    assert run_checks.generator_lag([seen(1.0, 20.0)]).status == "pass"
    assert run_checks.generator_lag([seen(None, 20.0)]).status == "n/a"
    assert run_checks.generator_cpu([seen(1.0, 99.0)]).status == "fail"
    assert run_checks.generator_cpu([seen(1.0, 20.0)]).status == "pass"
    assert run_checks.generator_cpu([]).status == "n/a"


def test_of_several_load_workers_the_worst_is_judged_and_named() -> None:
    several = [seen(2.0, 95.0, "w0", "eu"), seen(50.0, 10.0, "w1", "us"), seen(None, None, "w2")]
    lag, cpu = run_checks.generator_lag(several), run_checks.generator_cpu(several)
    assert (lag.status, lag.figure, cpu.status, cpu.figure) == ("fail", 50.0, "fail", 95.0)
    assert "w1 in us, of 3 workers" in lag.text
    assert "w0 in eu, of 3 workers" in cpu.text


def test_a_profiler_that_fell_behind_fails() -> None:
    assert run_checks.profiler_interval(0.5, [0.5, 0.5, 0.6]).status == "pass"
    assert run_checks.profiler_interval(0.5, [1.5, 1.4, 0.5]).status == "fail"
    assert run_checks.profiler_interval(0.5, []).status == "n/a"
