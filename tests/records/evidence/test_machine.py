"""What samples come to over a span: of those that the test makes, and of none, odd and older ones."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from records.evidence.machine import Machine, Peer, machine_over
from records.evidence.samples import samples_in
from records.evidence.unreadable import unreadable

S = 10**9


def sample(at_s: float, **changes: Any) -> dict[str, Any]:
    """At a time, of a service that works evenly: its sums are so many seconds' worth."""
    thread = {
        "cpu_seconds": 1.5 * at_s, "run_delay_seconds": 0.5 * at_s, "voluntary_switches": 100 * at_s,
        "involuntary_switches": 10 * at_s,
        "main": {"cpu_seconds": 0.9 * at_s, "run_delay_seconds": 0.05 * at_s},
    }  # fmt: skip
    stalled = {"some_seconds": 0.25 * at_s, "full_seconds": 0.0}
    cgroup = {
        "cpu_limit_cores": 1.5, "cpu_periods": 10 * at_s, "cpu_throttled_periods": 4 * at_s,
        "cpu_throttled_seconds": 0.2 * at_s, "memory_limit_gb": 2.0, "memory_limit_hits": 3,
        "memory_oom_kills": 1 if at_s > 5 else 0, "pressure": None,
    }  # fmt: skip
    sockets = {
        "listen": [{"port": 80, "queued": int(at_s), "backlog": 128}], "connects": 20 * at_s,
        "states": {"established": 7, "time_wait": 20 * at_s},
        "peers": [{"to": "llm:443", "established": 4 + (at_s > 5)}],
    }  # fmt: skip
    system = {
        "cpu_count": 4, "tcp": {"listen_overflows": 5}, "cpu_busy_seconds": 1.75 * at_s,
        "cpu_steal_seconds": 0.1 * at_s, "pressure": {"cpu": stalled, "memory": None, "io": None},
        "cgroup": changes.get("cgroup", cgroup),
    }  # fmt: skip
    processes = {
        "process_count": 1, "total_cpu_percent": 150.0, "total_memory_mb": 100 + 10 * at_s,
        "total_threads": 12, "sockets": changes.get("sockets", sockets),
        "process_details": changes.get("details", [{"pid": 7, "cpus_allowed": 2, "threads": thread}]),
    }  # fmt: skip
    return {"at_ns": round(at_s * S), "system": system, "processes": processes, "profiler": {}}


def machine(*samples: dict[str, Any], span: tuple[int, int] | None = None) -> Machine:
    found = machine_over(samples, span)
    assert found
    return found


def test_what_an_even_load_comes_to() -> None:
    found = machine(*(sample(at) for at in range(11)))
    assert found == Machine(
        samples=11, seconds=10.0, cpu_cores=1.5, main_thread_cpu=0.9, main_thread_delay=0.05,
        main_threads=pytest.approx(0.95), run_delay=0.25,  # type: ignore[arg-type]
        involuntary_switches_per_s=10.0, voluntary_switches_per_s=100.0, threads_max=12, cpu_limit_cores=1.5,
        cpus_allowed=2, throttled_periods=0.4, throttled_seconds_per_s=0.2, memory_max_mb=200.0,
        memory_growth_mb=100.0, memory_limit_mb=2048.0, memory_limit_hits=0, oom_kills=1, cpu_pressure=0.25,
        memory_pressure=None, io_pressure=None, pressure_of="machine", machine_cpus=4,
        machine_cpu_cores=1.75, others_cpu_cores=0.25, steal_cores=0.1, listen_queue_max=10,
        listen_backlog=128, listen_overflows=0, connects_per_s=20.0, time_wait_growth=200,
        peers=(Peer(to="llm:443", mean=pytest.approx(49 / 11), max=5),),  # type: ignore[arg-type]
    )  # fmt: skip


def test_only_the_samples_of_a_span_count() -> None:
    found = machine(*(sample(at) for at in range(11)), span=(2 * S, 4 * S))
    assert (found.samples, found.seconds, found.listen_queue_max) == (3, 2.0, 4)
    assert machine_over([sample(1), sample(2)], (0, S)) is None


def test_the_services_own_pressure_comes_before_the_machines() -> None:
    def own(at_s: float) -> dict[str, Any]:
        stalled = {"some_seconds": 0.5 * at_s, "full_seconds": None}
        return sample(at_s, cgroup={"pressure": {"cpu": None, "memory": stalled, "io": None}})

    found = machine(own(1), own(3))
    assert (found.pressure_of, found.cpu_pressure, found.memory_pressure) == ("cgroup", None, 0.5)
    assert (found.throttled_periods, found.cpu_limit_cores, found.oom_kills) == (None, None, None)


def test_what_is_read_seldom_is_taken_over_its_own_time() -> None:
    """A dear look is not taken with each sample: its sums are over the time between first and last."""
    unread = {"listen": None, "states": None, "peers": None, "connects": None, "accepted": None}
    samples = [sample(at) if at in (2, 6) else sample(at, sockets=unread) for at in range(11)]
    found = machine(*samples)
    assert found.connects_per_s == 20.0
    assert found.peers == (Peer(to="llm:443", mean=4.5, max=5),)
    once = machine(sample(1), sample(2, sockets=unread))
    assert (once.connects_per_s, once.time_wait_growth) == (None, None)


@pytest.mark.parametrize(("programs", "shown"), [
    # of workers the busiest; of one beside its idle master, or a shell, that one, be it the least busy
    ({1: ("gunicorn", 0.0), 2: ("gunicorn", 0.5), 3: ("gunicorn", 0.25)}, 0.5),
    ({1: ("sh", 0.0), 2: ("python3", 0.125)}, 0.125), ({1: ("sh", 0.0)}, 0.0),
    # of an app and a database beside it nobody knows for which requests wait
    ({1: ("python3", 0.125), 2: ("qdrant", 0.875)}, None),
    ({1: ("python3", 0.125), 2: ("python3", 0.5), 3: ("redis-server", 0.25)}, None),
])  # fmt: skip
def test_the_main_thread_is_the_one_that_requests_wait_for_or_none(
    programs: dict[int, tuple[str, float]], shown: float | None
) -> None:
    def several(at_s: float) -> dict[str, Any]:
        return sample(at_s, details=[
            {"pid": pid, "name": name, "threads": {
                "main": {"cpu_seconds": cpu * at_s, "run_delay_seconds": cpu / 2 * at_s},
            }} for pid, (name, cpu) in programs.items()
        ])  # fmt: skip

    found = machine(several(1), several(3))
    assert found.main_thread_cpu == shown
    assert found.main_thread_delay == (None if shown is None else shown / 2)
    assert found.main_threads == 1.5 * sum(cpu for _, cpu in programs.values())


@pytest.mark.parametrize(("accepted", "shown", "all_of_them"), [
    ([{"pid": 1, "connections": 9}], 0.125, 0.375),  # 2 and 3 are a pool's that computes
    ([{"pid": 4, "connections": 9}], 0.0625, 3.625),  # another one's worker, of those 3
    ([{"pid": 1, "connections": 9}, {"pid": 2, "connections": 3}], 0.875, 2.125),
    ([{"pid": 99, "connections": 1}], 0.875, 3.625), ([], 0.875, 3.625), (None, 0.875, 3.625),  # unknown
])  # fmt: skip
def test_whoever_accepts_has_the_main_thread_that_requests_wait_for(
    accepted: list[dict[str, int]] | None, shown: float, all_of_them: float
) -> None:
    def several(at_s: float) -> dict[str, Any]:
        mains = {1: (0.125, 7), 2: (0.875, 1), 3: (0.75, 8), 4: (0.0625, 7), 8: (0.0, 1), 7: (0.0, 0)}
        each = [
            {"pid": pid, "name": "python3", "parent": parent, "threads": {
                "main": {"cpu_seconds": cpu * at_s, "run_delay_seconds": cpu * at_s},
            }} for pid, (cpu, parent) in mains.items()
        ]  # fmt: skip
        return sample(at_s, details=each, sockets={"accepted": accepted if at_s == 2 else None})

    found = machine(several(1), several(2), several(3))
    assert (found.main_thread_cpu, found.main_thread_delay, found.main_threads) == (shown, shown, all_of_them)


def test_of_several_processes_sums_are_added_and_the_busiest_main_thread_is_shown() -> None:
    def two(at_s: float) -> dict[str, Any]:
        def process(pid: int, cpu: float) -> dict[str, Any]:
            main = {"cpu_seconds": cpu * at_s, "run_delay_seconds": None}
            switches = {"involuntary_switches": 5 * at_s, "voluntary_switches": None}
            return {"pid": pid, "threads": {"cpu_seconds": cpu * at_s, **switches, "main": main}}

        return sample(at_s, details=[process(1, 0.25), process(2, 0.75), {"pid": 3, "threads": None}])

    found = machine(two(1), two(3))
    assert (found.main_thread_cpu, found.main_thread_delay, found.main_threads) == (0.75, None, 1.0)
    assert (found.involuntary_switches_per_s, found.voluntary_switches_per_s) == (10.0, None)
    assert found.run_delay is None


def test_of_two_profilers_the_one_that_took_more_counts() -> None:
    found = machine(sample(1), sample(2), sample(1), sample(4), sample(7))
    assert (found.samples, found.seconds) == (3, 6.0)


def test_a_sum_that_began_again_is_not_subtracted() -> None:
    low = sample(9)["system"]["cgroup"] | {"cpu_periods": 1, "cpu_throttled_seconds": 0.0}
    found = machine(sample(1), sample(9, cgroup=low))
    assert (found.throttled_periods, found.throttled_seconds_per_s) == (None, None)


@pytest.mark.parametrize("odd", [
    {"at_ns": S}, {"at_ns": S, "system": None, "processes": 3},
    {"at_ns": S, "system": {"cgroup": "x"}, "processes": {"process_details": [None, {"pid": "x"}]}},
    {"at_ns": S, "processes": {"sockets": {"peers": "no", "listen": [1], "connects": True}}},
])  # fmt: skip
def test_samples_of_another_form_are_null(odd: dict[str, Any]) -> None:
    found = machine(odd, {**odd, "at_ns": 2 * S})
    assert (found.samples, found.seconds, found.peers) == (2, 1.0, ())
    told = {name for name, value in vars(found).items() if value not in (None, ())}
    assert told == {"samples", "seconds", "replicas"}
    assert machine_over([odd]) is None
    assert machine_over([{**odd, "at_ns": None}] * 3) is None


@pytest.mark.parametrize("cannot_be", [
    {"total_cpu_percent": 1e6},  # of 4 CPUs
    {"total_threads": -3}, {"total_memory_mb": 1e300},
    {"process_details": [{"pid": 8, "major_faults": 1}, {"pid": 8, "major_faults": 2}]},
])  # fmt: skip
def test_a_sample_that_says_what_cannot_be_is_left_out_of_either_file_and_counted(
    tmp_path: Path, cannot_be: dict[str, Any]
) -> None:
    bad = sample(2)
    bad["processes"].update(cannot_be)
    samples = [sample(1), bad, sample(3)]
    machine(*samples)  # whoever hands them over, it is no error
    profile, lines = tmp_path / "profile.json", tmp_path / "profile.jsonl"
    profile.write_bytes(orjson.dumps({"data_points": samples}))
    assert (samples_in(tmp_path), unreadable(profile)) == ([samples[0], samples[2]], 1)
    lines.write_bytes(b"".join(orjson.dumps(one) + b"\n" for one in samples))
    assert (samples_in(tmp_path), unreadable(lines)) == ([samples[0], samples[2]], 1)
