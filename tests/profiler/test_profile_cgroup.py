"""A process's limits, from trees of both versions of control groups."""

from __future__ import annotations

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


def test_version_2_takes_the_least_on_the_way_up(tmp_path: Path) -> None:
    pod = "sys/fs/cgroup/kubepods/pod1"
    root = tree(
        tmp_path,
        {
            "proc/7/cgroup": "0::/kubepods/pod1/app\n",
            f"{pod}/app/cpu.max": "max 100000\n",
            f"{pod}/app/memory.max": f"{4 * GB}\n",
            f"{pod}/app/memory.current": f"{GB // 2}\n",
            f"{pod}/app/cpu.stat": "usage_usec 9\nnr_periods 100\nnr_throttled 40\nthrottled_usec 2500000\n",
            f"{pod}/cpu.max": "150000 100000\n",
            f"{pod}/memory.max": f"{2 * GB}\n",
            "sys/fs/cgroup/kubepods/cpu.max": "max 100000\n",
        },
    )
    assert cgroup.of_process(7, root) == {
        "version": 2,
        "cpu_limit_cores": 1.5,
        "memory_limit_gb": 2.0,
        "memory_used_gb": 0.5,
        "cpu_periods": 100,
        "cpu_throttled_periods": 40,
        "cpu_throttled_seconds": 2.5,
    }


def test_in_a_container_the_path_may_be_the_hosts(tmp_path: Path) -> None:
    files = {"proc/7/cgroup": "0::/../docker/abc\n", "sys/fs/cgroup/cpu.max": "50000 100000\n"}
    found = cgroup.of_process(7, tree(tmp_path, files))
    assert found is not None
    assert found["cpu_limit_cores"] == 0.5
    assert found["memory_limit_gb"] is None


def test_version_1(tmp_path: Path) -> None:
    both = "sys/fs/cgroup/cpu,cpuacct"
    root = tree(
        tmp_path,
        {
            "proc/7/cgroup": "11:memory:/docker/a\n4:cpu,cpuacct:/docker/a\n1:name=systemd:/x\n0::/x\n",
            f"{both}/docker/a/cpu.cfs_quota_us": "200000\n",
            f"{both}/docker/a/cpu.cfs_period_us": "100000\n",
            f"{both}/docker/a/cpu.stat": "nr_periods 5\nnr_throttled 1\nthrottled_time 300000000\n",
            f"{both}/cpu.cfs_quota_us": "-1\n",
            f"{both}/cpu.cfs_period_us": "100000\n",
            "sys/fs/cgroup/memory/docker/a/memory.limit_in_bytes": "9223372036854771712\n",
            "sys/fs/cgroup/memory/docker/a/memory.usage_in_bytes": f"{GB}\n",
        },
    )
    assert cgroup.of_process(7, root) == {
        "version": 1,
        "cpu_limit_cores": 2.0,
        "memory_limit_gb": None,
        "memory_used_gb": 1.0,
        "cpu_periods": 5,
        "cpu_throttled_periods": 1,
        "cpu_throttled_seconds": 0.3,
    }


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
