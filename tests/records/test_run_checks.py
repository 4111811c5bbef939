"""Whether the measuring itself went well: each check trips where it should."""

from records import run_checks


def test_records_that_a_full_disk_did_not_take_fail_the_cell() -> None:
    assert run_checks.kept(None).status == "pass"
    assert run_checks.kept(OSError(28, "No space left on device")).text.endswith("No space left on device")
    assert run_checks.kept(OSError(28, "No space left on device")).status == "fail"


def test_a_lost_worker_fails() -> None:
    assert run_checks.workers(2, 1).status == "fail"
    assert run_checks.workers(2, 2).status == "pass"


def test_a_late_or_starved_generator_fails() -> None:
    assert run_checks.generator_lag(100.0).status == "fail"
    assert run_checks.generator_lag(1.0).status == "pass"
    assert run_checks.generator_cpu(99.0).status == "fail"
    assert run_checks.generator_cpu(20.0).status == "pass"


def test_a_profiler_that_fell_behind_fails() -> None:
    assert run_checks.profiler_interval(0.5, [0.5, 0.5, 0.6]).status == "pass"
    assert run_checks.profiler_interval(0.5, [1.5, 1.4, 0.5]).status == "fail"
    assert run_checks.profiler_interval(0.5, []).status == "n/a"
