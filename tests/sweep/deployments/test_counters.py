"""What containers used, as `head` prints the kernel's files in either kind of control group."""

from typing import Any

import pytest

from sweep.deployments.clusters.counters import Usage, read, usage_of
from sweep.deployments.clusters.pods import Container
from sweep.running import kubectl

VERSION_1 = """==> /sys/fs/cgroup/cpu/cpu.stat <==
nr_periods 30
nr_throttled 7
throttled_time 2500000000

==> /sys/fs/cgroup/cpuacct/cpuacct.usage <==
4500000000

==> /sys/fs/cgroup/memory/memory.max_usage_in_bytes <==
1048576
"""
USED = Usage(
    periods=30, throttled_periods=7, throttled_seconds=2.5, cpu_seconds=4.5, memory_peak_bytes=1 << 20
)


def test_version_1_of_control_groups_and_no_quota() -> None:
    assert read(VERSION_1) == USED
    assert read("==> /sys/fs/cgroup/cpu.stat <==\nusage_usec 1500000\n") == Usage(cpu_seconds=1.5)
    assert read("") == Usage()


@pytest.mark.parametrize(("complaint", "printed", "used", "why"), [
    ("head: cannot open '/sys/fs/cgroup/cpu.stat': No such file or directory", VERSION_1, USED, ""),
    ("OCI runtime: head: no such file", "", Usage(), "OCI runtime: head: no such file"),
    ("error: lost connection", VERSION_1, Usage(), "lost connection"),
])  # fmt: skip
def test_files_of_the_other_kind_may_be_missing_and_nothing_else(
    fake_kubectl: Any, complaint: str, printed: str, used: Usage, why: str
) -> None:
    fake_kubectl(f'#!/bin/sh\ncat <<"E"\n{printed}E\ncat >&2 <<"E"\n{complaint}\nE\nexit 1\n')
    named: dict[str, Any] = {"pod": "p", "name": "c", "image": "", "node": "", "requests": {}, "limits": {}}
    found, said = usage_of(kubectl.Kubectl("east", "prod"), Container(**named, restarts=0, oom_killed=False))
    assert found == used
    assert said.endswith(why)
    assert bool(said) == bool(why)
