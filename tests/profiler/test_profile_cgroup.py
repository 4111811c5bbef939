"""A process's limits, from trees of both versions of control groups."""

import os
from pathlib import Path

import pytest

from profiler import cgroup

GB = 1024**3


def tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_version_2_takes_the_least_on_the_way_up_and_the_use_of_whose_it_is(tmp_path: Path) -> None:
    """What throttles and kills a process in a group of its own is its pod's limit, and the pod's use."""
    pod = "sys/fs/cgroup/kubepods/pod1"
    root = tree(
        tmp_path,
        {
            "proc/7/cgroup": "0::/kubepods/pod1/app\n",
            f"{pod}/app/cpu.max": "max 100000\n",
            f"{pod}/app/memory.max": f"{4 * GB}\n",
            f"{pod}/app/memory.current": f"{GB // 2}\n",
            f"{pod}/app/cpu.stat": "usage_usec 9000000\nnr_periods 0\nnr_throttled 0\nthrottled_usec 0\n",
            f"{pod}/cpu.max": "150000 100000\n",
            f"{pod}/cpu.stat": "usage_usec 12000000\nnr_periods 9\nnr_throttled 4\nthrottled_usec 2500000\n",
            f"{pod}/cpuset.cpus.effective": "0-2,7\n",
            f"{pod}/memory.max": f"{2 * GB}\n",
            f"{pod}/memory.current": f"{GB}\n",
            f"{pod}/memory.peak": f"{2 * GB}\n",
            f"{pod}/memory.events": "low 0\nhigh 0\nmax 12\noom 1\noom_kill 3\n",
            f"{pod}/app/cpu.pressure": "some avg10=1.00 avg60=0.50 avg300=0.10 total=2500000\n",
            "sys/fs/cgroup/kubepods/cpu.max": "800000 100000\n",
            "sys/fs/cgroup/cpuset.cpus.effective": "0-15\n",
        },
    )
    assert cgroup.of_process(7, root) == {
        "version": 2,
        "cpu_limit_cores": 1.5,
        "cpu_period_ms": 100.0,
        "cpuset_cores": 4,
        "cpu_usage_seconds": 12.0,
        "cpu_periods": 9,
        "cpu_throttled_periods": 4,
        "cpu_throttled_seconds": 2.5,
        "memory_limit_gb": 2.0,
        "memory_used_gb": 1.0,
        "memory_peak_gb": 2.0,
        "memory_limit_hits": 12,
        "memory_oom_kills": 3,
        "pressure": {"cpu": {"some_seconds": 2.5, "full_seconds": None}, "memory": None, "io": None},
    }


def test_without_limits_the_use_is_the_groups_own(tmp_path: Path) -> None:
    files = {
        "proc/7/cgroup": "0::/user/app\n",
        "sys/fs/cgroup/user/app/cpu.max": "max 100000\n",
        "sys/fs/cgroup/user/app/cpu.stat": "usage_usec 3000000\n",
        "sys/fs/cgroup/user/app/memory.max": "max\n",
        "sys/fs/cgroup/user/app/memory.current": f"{GB}\n",
        "sys/fs/cgroup/user/memory.current": f"{7 * GB}\n",
    }
    found = cgroup.of_process(7, tree(tmp_path, files))
    assert found is not None
    assert (found["cpu_limit_cores"], found["memory_limit_gb"]) == (None, None)
    assert (found["cpu_usage_seconds"], found["memory_used_gb"]) == (3.0, 1.0)


def test_in_a_container_the_path_may_be_the_hosts(tmp_path: Path) -> None:
    files = {"proc/7/cgroup": "0::/docker/abc\n", "sys/fs/cgroup/cpu.max": "50000 100000\n"}
    found = cgroup.of_process(7, tree(tmp_path, files))
    assert found is not None
    assert found["cpu_limit_cores"] == 0.5
    assert found["memory_limit_gb"] is None


@pytest.mark.parametrize("path", ["/../other", "/docker/other"])
def test_a_process_of_another_container_has_the_limits_that_it_sees(path: str, tmp_path: Path) -> None:
    """As beside it in a pod that shares its processes: our own tree shows our container's limits alone."""
    files = {
        "proc/7/cgroup": f"0::{path}\n",
        "proc/7/root/sys/fs/cgroup/cpu.max": "300000 100000\n",
        "sys/fs/cgroup/cpu.max": "50000 100000\n",
    }
    found = cgroup.of_process(7, tree(tmp_path, files))
    assert found is not None
    assert found["cpu_limit_cores"] == 3.0


def test_a_group_outside_of_all_we_see_has_no_limits_of_ours(tmp_path: Path) -> None:
    files = {"proc/7/cgroup": "0::/../other\n", "sys/fs/cgroup/cpu.max": "50000 100000\n"}
    found = cgroup.of_process(7, tree(tmp_path, files))
    assert found is not None
    assert set(found.values()) == {2, None}


def test_version_1(tmp_path: Path) -> None:
    both = "sys/fs/cgroup/cpu,cpuacct"
    root = tree(
        tmp_path,
        {
            "proc/7/cgroup": "9:memory:/docker/a\n4:cpu,cpuacct:/docker/a\n2:cpuset:/\n1:name=x:/x\n0::/x\n",
            f"{both}/docker/a/cpu.cfs_quota_us": "200000\n",
            f"{both}/docker/a/cpu.cfs_period_us": "100000\n",
            f"{both}/docker/a/cpu.stat": "nr_periods 5\nnr_throttled 1\nthrottled_time 300000000\n",
            f"{both}/docker/a/cpuacct.usage": "4500000000\n",
            f"{both}/cpu.cfs_quota_us": "-1\n",
            f"{both}/cpu.cfs_period_us": "100000\n",
            "sys/fs/cgroup/cpuset/cpuset.cpus": "0-1\n",
            "sys/fs/cgroup/memory/docker/a/memory.limit_in_bytes": "9223372036854771712\n",
            "sys/fs/cgroup/memory/docker/a/memory.usage_in_bytes": f"{GB}\n",
            "sys/fs/cgroup/memory/docker/a/memory.max_usage_in_bytes": f"{3 * GB}\n",
            "sys/fs/cgroup/memory/docker/a/memory.failcnt": "9\n",
            "sys/fs/cgroup/memory/docker/a/memory.oom_control": "under_oom 0\noom_kill 2\n",
        },
    )
    assert cgroup.of_process(7, root) == {
        "version": 1, "cpu_limit_cores": 2.0, "cpu_period_ms": 100.0,
        "cpuset_cores": 2, "cpu_usage_seconds": 4.5, "cpu_periods": 5,
        "cpu_throttled_periods": 1, "cpu_throttled_seconds": 0.3, "memory_limit_gb": None,
        "memory_used_gb": 1.0, "memory_peak_gb": 3.0, "memory_limit_hits": 9, "memory_oom_kills": 2,
        "pressure": None,
    }  # fmt: skip


def test_version_1_with_controllers_in_different_places(tmp_path: Path) -> None:
    """Each has a tree and a path of its own; a quota above the process's group is the group's above."""
    root = tree(
        tmp_path,
        {
            "proc/7/cgroup": "4:memory:/jobs/7\n3:cpuacct:/a/b\n2:cpu:/a/b\n",
            "sys/fs/cgroup/cpu/a/b/cpu.cfs_quota_us": "-1\n",
            "sys/fs/cgroup/cpu/a/b/cpu.cfs_period_us": "100000\n",
            "sys/fs/cgroup/cpu/a/cpu.cfs_quota_us": "25000\n",
            "sys/fs/cgroup/cpu/a/cpu.cfs_period_us": "50000\n",
            "sys/fs/cgroup/cpu/a/cpu.stat": "nr_periods 8\nnr_throttled 6\nthrottled_time 1000000000\n",
            "sys/fs/cgroup/cpuacct/a/b/cpuacct.usage": "1000000000\n",
            "sys/fs/cgroup/cpuacct/a/cpuacct.usage": "2000000000\n",
            "sys/fs/cgroup/memory/jobs/7/memory.limit_in_bytes": f"{3 * GB}\n",
            "sys/fs/cgroup/memory/jobs/memory.limit_in_bytes": f"{GB}\n",
            "sys/fs/cgroup/memory/jobs/memory.usage_in_bytes": f"{GB // 4}\n",
        },
    )
    found = cgroup.of_process(7, root)
    assert found is not None
    assert (found["cpu_limit_cores"], found["cpu_throttled_periods"], found["cpu_usage_seconds"]) == (
        0.5,
        6,
        2.0,
    )
    assert (found["memory_limit_gb"], found["memory_used_gb"]) == (1.0, 0.25)


@pytest.mark.parametrize("text", ["", "\n", "nonsense", "0:", "1:name=systemd:/x\n"])
def test_without_groups_there_is_nothing(text: str, tmp_path: Path) -> None:
    root = tree(tmp_path, {"proc/7/cgroup": text})
    found = cgroup.of_process(7, root)
    assert found is None or found["cpu_limit_cores"] is found["memory_limit_gb"] is None
    assert cgroup.of_process(8, root) is None


def test_odd_files_are_no_limit(tmp_path: Path) -> None:
    files = {
        "proc/7/cgroup": "0::/a\n",
        "sys/fs/cgroup/a/cpu.max": "many\n",
        "sys/fs/cgroup/a/cpu.stat": "nr_periods\n",
        "sys/fs/cgroup/a/memory.max": "max\n",
    }
    found = cgroup.of_process(7, tree(tmp_path, files))
    assert found is not None
    assert set(found.values()) == {2, None}


def test_our_own() -> None:
    found = cgroup.of_process(os.getpid())
    assert found is None or found["version"] in (1, 2)
