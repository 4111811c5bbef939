"""A process's limits, from trees of both versions of control groups."""

import os
from pathlib import Path
from typing import Any

import pytest

from profiler.sampling.cgroup import LIMITS_S, Cgroup

GB = 1024**3


def limits(root: Path, groups: str, files: dict[str, object]) -> dict[str, Any]:
    """Of process 7, which is in those groups, with files whose place begins below /sys/fs/cgroup."""
    for name, text in {"/proc/7/cgroup": groups, **files}.items():
        path = root / (name[1:] if name.startswith("/") else f"sys/fs/cgroup/{name}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")
    found = Cgroup(root).look(7, 0.0)
    assert found is not None
    return found


def test_version_2_takes_the_least_on_the_way_up_and_the_use_of_whose_it_is(tmp_path: Path) -> None:
    """What throttles and kills a process in a group of its own is its pod's limit, and the pod's use."""
    files = {
        "pods/1/app/cpu.max": "max 100000", "pods/1/app/memory.max": 4 * GB,
        "pods/1/app/memory.current": GB // 2,
        "pods/1/app/cpu.stat": "usage_usec 9000000\nnr_periods 0\nnr_throttled 0\nthrottled_usec 0",
        "pods/1/cpu.max": "150000 100000", "pods/1/cpuset.cpus.effective": "0-2,7",
        "pods/1/cpu.stat": "usage_usec 12000000\nnr_periods 9\nnr_throttled 4\nthrottled_usec 2500000",
        "pods/1/memory.max": 2 * GB, "pods/1/memory.current": GB, "pods/1/memory.peak": 2 * GB,
        "pods/1/memory.events": "low 0\nhigh 0\nmax 12\noom 1\noom_kill 3",
        "pods/1/app/cpu.pressure": "some avg10=1.00 avg60=0.50 avg300=0.10 total=2500000",
        "pods/cpu.max": "800000 100000", "cpuset.cpus.effective": "0-15",
    }  # fmt: skip
    assert limits(tmp_path, "0::/pods/1/app", files) == {
        "version": 2, "cpu_limit_cores": 1.5, "cpu_period_ms": 100.0, "cpuset_cores": 4,
        "cpu_usage_seconds": 12.0, "cpu_periods": 9, "cpu_throttled_periods": 4,
        "cpu_throttled_seconds": 2.5, "memory_limit_gb": 2.0, "memory_used_gb": 1.0, "memory_peak_gb": 2.0,
        "memory_limit_hits": 12, "memory_oom_kills": 3,
        "pressure": {"cpu": {"some_seconds": 2.5, "full_seconds": None}, "memory": None, "io": None},
    }  # fmt: skip


def test_without_limits_the_use_is_the_groups_own(tmp_path: Path) -> None:
    files = {
        "user/app/cpu.max": "max 100000", "user/app/cpu.stat": "usage_usec 3000000",
        "user/app/memory.max": "max", "user/app/memory.current": GB, "user/memory.current": 7 * GB,
    }  # fmt: skip
    found = limits(tmp_path, "0::/user/app", files)
    assert (found["cpu_limit_cores"], found["memory_limit_gb"]) == (None, None)
    assert (found["cpu_usage_seconds"], found["memory_used_gb"]) == (3.0, 1.0)


THEIRS = "/proc/7/root/sys/fs/cgroup/cpu.max"


@pytest.mark.parametrize(("groups", "seen", "cores"), [
    ("0::/docker/abc", "", 0.5),  # in a container the path may be the host's
    # One of another container, as beside us in a pod that shares its processes, has the limits that it sees,
    ("0::/../other", "300000 100000", 3.0), ("0::/docker/other", "300000 100000", 3.0),
    ("0::/../other", "", None),  # and one outside of all we see none of ours
])  # fmt: skip
def test_whose_limits_are_seen(tmp_path: Path, groups: str, seen: str, cores: float | None) -> None:
    found = limits(tmp_path, groups, {"cpu.max": "50000 100000", **({THEIRS: seen} if seen else {})})
    assert (found["cpu_limit_cores"], found["memory_limit_gb"]) == (cores, None)


def test_version_1(tmp_path: Path) -> None:
    groups = "9:memory:/docker/a\n4:cpu,cpuacct:/docker/a\n2:cpuset:/\n1:name=x:/x\n0::/x"
    cpu, memory = "cpu,cpuacct/docker/a", "memory/docker/a/memory"
    files = {
        f"{cpu}/cpu.cfs_quota_us": 200000, f"{cpu}/cpu.cfs_period_us": 100000,
        f"{cpu}/cpu.stat": "nr_periods 5\nnr_throttled 1\nthrottled_time 300000000",
        f"{cpu}/cpuacct.usage": 4500000000, "cpuset/cpuset.cpus": "0-1",
        "cpu,cpuacct/cpu.cfs_quota_us": -1, "cpu,cpuacct/cpu.cfs_period_us": 100000,
        f"{memory}.limit_in_bytes": 9223372036854771712, f"{memory}.usage_in_bytes": GB,
        f"{memory}.max_usage_in_bytes": 3 * GB, f"{memory}.failcnt": 9,
        f"{memory}.oom_control": "under_oom 0\noom_kill 2",
    }  # fmt: skip
    assert limits(tmp_path, groups, files) == {
        "version": 1, "cpu_limit_cores": 2.0, "cpu_period_ms": 100.0,
        "cpuset_cores": 2, "cpu_usage_seconds": 4.5, "cpu_periods": 5,
        "cpu_throttled_periods": 1, "cpu_throttled_seconds": 0.3, "memory_limit_gb": None,
        "memory_used_gb": 1.0, "memory_peak_gb": 3.0, "memory_limit_hits": 9, "memory_oom_kills": 2,
        "pressure": None,
    }  # fmt: skip


def test_version_1_with_controllers_in_different_places(tmp_path: Path) -> None:
    """Each has a tree and a path of its own; a quota above the process's group is the group's above."""
    files = {
        "cpu/a/b/cpu.cfs_quota_us": -1, "cpu/a/b/cpu.cfs_period_us": 100000,
        "cpu/a/cpu.cfs_quota_us": 25000, "cpu/a/cpu.cfs_period_us": 50000,
        "cpu/a/cpu.stat": "nr_periods 8\nnr_throttled 6\nthrottled_time 1000000000",
        "cpuacct/a/b/cpuacct.usage": 1000000000, "cpuacct/a/cpuacct.usage": 2000000000,
        "memory/jobs/7/memory.limit_in_bytes": 3 * GB, "memory/jobs/memory.limit_in_bytes": GB,
        "memory/jobs/memory.usage_in_bytes": GB // 4,
    }  # fmt: skip
    found = limits(tmp_path, "4:memory:/jobs/7\n3:cpuacct:/a/b\n2:cpu:/a/b", files)
    names = ("cpu_limit_cores", "cpu_throttled_periods", "cpu_usage_seconds")
    assert [found[name] for name in names] == [0.5, 6, 2.0]
    assert (found["memory_limit_gb"], found["memory_used_gb"]) == (1.0, 0.25)


@pytest.mark.parametrize("text", ["", "\n", "nonsense", "0:", "1:name=systemd:/x\n"])
def test_without_groups_there_is_nothing(text: str, tmp_path: Path) -> None:
    (tmp_path / "proc" / "7").mkdir(parents=True)
    (tmp_path / "proc" / "7" / "cgroup").write_text(text)
    found = Cgroup(tmp_path).look(7, 0.0)
    assert found is None or found["cpu_limit_cores"] is found["memory_limit_gb"] is None
    assert Cgroup(tmp_path).look(8, 0.0) is None


def test_odd_files_are_no_limit(tmp_path: Path) -> None:
    files = {"a/cpu.max": "many", "a/cpu.stat": "nr_periods", "a/memory.max": "max"}
    assert set(limits(tmp_path, "0::/a", files).values()) == {2, None}


def test_our_own() -> None:
    found = Cgroup().look(os.getpid(), 0.0)
    assert found is None or found["version"] in (1, 2)


def test_limits_are_read_seldom_and_what_is_used_each_time(tmp_path: Path) -> None:
    files = {"a/cpu.max": "50000 100000", "a/cpu.stat": "usage_usec 1000000"}
    assert limits(tmp_path, "0::/a", files)["cpu_limit_cores"] == 0.5
    looks = Cgroup(tmp_path)
    looks.look(7, 0.0)
    limits(tmp_path, "0::/a", {"a/cpu.max": "100000 100000", "a/cpu.stat": "usage_usec 2000000"})
    for at_s, cores in ((LIMITS_S / 2, 0.5), (LIMITS_S, 1.0)):
        found = looks.look(7, at_s)
        assert found
        assert (found["cpu_limit_cores"], found["cpu_usage_seconds"]) == (cores, 2.0)
    limits(tmp_path, "0::/b", {"b/cpu.max": "max 100000"})
    found = looks.look(7, LIMITS_S)  # it was moved to another group
    assert found
    assert found["cpu_limit_cores"] is None
