"""Control groups: what is written into them, and that none is left."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support import wait_until
from sweep.deployments.catalogue import kind_of
from sweep.running.cgroups import choice, scope, version1, version2
from sweep.running.cgroups.choice import Cgroups
from sweep.running.cgroups.group import Group
from sweep.running.cgroups.limits import Limits
from sweep.running.cgroups.used import Usage
from sweep.running.confined import Confined
from sweep.running.errors import OutOfMemory, UsageError
from sweep.running.ledger import Ledger

LIMITS = Limits(cpu_cores=0.5, cpu_request_cores=0.25, memory_bytes=1 << 28)


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    """In place of the kernel: what is written into which file."""
    found: dict[str, str] = {}

    def write(file: Path, value: int | str) -> None:
        found[file.relative_to(tmp_path).as_posix()] = str(value)

    monkeypatch.setattr(version1, "write", write)
    monkeypatch.setattr(version2, "write", write)
    return found


def test_version_1_has_a_folder_a_controller_below_our_own(tmp_path: Path, written: dict[str, str]) -> None:
    for name in ("cpu,cpuacct/ours", "memory"):
        (tmp_path / name).mkdir(parents=True)
    own = {"cpu": "/ours", "cpuacct": "/ours", "memory": "/elsewhere"}
    group = version1.make("g", LIMITS, tree=tmp_path, own=own)
    cpu, memory = "cpu,cpuacct/ours/g", "memory/g"
    assert group.folders == (tmp_path / cpu, tmp_path / memory)
    assert written == {
        f"{cpu}/cpu.shares": "256", f"{cpu}/cpu.cfs_period_us": "100000", f"{cpu}/cpu.cfs_quota_us": "50000",
        f"{memory}/memory.limit_in_bytes": "268435456",
    }  # fmt: skip
    (group.folders[0] / "cpu.stat").write_text("nr_periods 9\nnr_throttled 4\nthrottled_time 1500000000\n")
    (group.folders[1] / "memory.oom_control").write_text("oom_kill_disable 0\nunder_oom 0\noom_kill 2\n")
    used = group.read()
    assert (used.periods, used.throttled_periods, used.throttled_seconds, used.oom_kills) == (9, 4, 1.5, 2)


def test_version_2_has_one_beside_our_own_with_the_controllers_on(
    tmp_path: Path, written: dict[str, str]
) -> None:
    slice_ = tmp_path / "a.slice"
    slice_.mkdir()
    (slice_ / "cgroup.controllers").write_text("cpu memory pids")
    (slice_ / "cgroup.subtree_control").write_text("pids")
    group = version2.make("g", LIMITS, tree=tmp_path, own="/a.slice/us.scope")
    assert written == {
        "a.slice/cgroup.subtree_control": "+cpu +memory", "a.slice/g/cpu.weight": "10",
        "a.slice/g/cpu.max": "50000 100000", "a.slice/g/memory.max": "268435456",
        "a.slice/g/memory.swap.max": "0",
    }  # fmt: skip
    [folder] = group.folders
    stat = "usage_usec 2000000\nnr_periods 9\nnr_throttled 4\nthrottled_usec 500000\n"
    (folder / "cpu.stat").write_text(stat)
    (folder / "memory.peak").write_text("77\n")
    used = {"periods": 9, "throttled_periods": 4, "throttled_seconds": 0.5, "cpu_seconds": 2.0}
    assert group.read() == Usage(**used, memory_peak_bytes=77)


def test_where_nothing_can_be_limited_one_line_says_what_was_tried(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(scope.shutil, "which", lambda name: None)  # type: ignore[attr-defined]
    with pytest.raises(UsageError, match=r"\(cgroup v2: .*not have cpu and memory; systemd-run.*no systemd"):
        Cgroups(tree=tmp_path, own={"": "/"}).method()
    with pytest.raises(UsageError, match="no control groups are mounted"):
        Cgroups.here(tmp_path).method()


def test_a_quota_is_never_below_the_kernel_s_least_and_systemd_is_told_it() -> None:
    for cores, period, quota in ((0.5, 10_000, 5000), (0.01, 100_000, 1000), (2.0, 10_000, 20_000)):
        limits = Limits(cpu_cores=cores, cpu_period_us=10_000)
        assert (limits.period_us, limits.quota_us) == (period, quota)
    words = scope.words_of("g", LIMITS)
    half = {"--scope", "--unit=g.scope", "--property=CPUQuota=50%", "--property=CPUWeight=10"}
    assert half | {"--property=MemoryMax=268435456"} <= set(words)
    assert words[-1] == "--"


def test_groups_of_sweeps_that_are_gone_are_found_by_their_names(tmp_path: Path, monkeypatch: Any) -> None:
    removed: list[str] = []
    monkeypatch.setattr(choice, "remove", lambda folders: removed.extend(one.name for one in folders))
    ours = f"chokepoint-{os.getpid()}-{choice.born(os.getpid())}-ab"
    for name in (ours, "chokepoint-1-5-ab", "chokepoint-mine", "other"):
        (tmp_path / "cpu" / "own" / name).mkdir(parents=True)
        (tmp_path / "cpu" / "own" / name / "cgroup.procs").touch()
    assert Cgroups(tree=tmp_path, own={"cpu": "/own", "memory": "/"}).remove_left() == 1
    assert removed == ["chokepoint-1-5-ab"]


def test_a_ledger_s_groups_are_removed_with_its_survivors(tmp_path: Path, monkeypatch: Any) -> None:
    removed: list[Path] = []
    monkeypatch.setattr(choice, "remove", removed.extend)
    folder = tmp_path / "chokepoint-1-5-ab"
    folder.mkdir()
    (folder / "cgroup.procs").touch()
    ledger = Ledger(tmp_path / "processes.jsonl")
    ledger.add_group([folder, tmp_path])
    assert ledger.end_survivors() == 0
    assert removed == [folder]


def test_what_its_limit_killed_is_one_line_with_the_limit_and_the_peak() -> None:
    used = Usage(oom_kills=1, memory_peak_bytes=268 << 20)
    confined = Confined(group=Group(method="x", folders=(), read=lambda: used), limits=LIMITS)
    said = r"^pod/a was killed for want of memory: its limit of 256 MiB, .* 268 MiB$"
    with pytest.raises(OutOfMemory, match=said):
        confined.check_killed("pod/a")


@pytest.fixture
def here() -> Cgroups:
    found = Cgroups.here()
    try:
        found.method()
    except UsageError as error:
        pytest.skip(str(error))
    return found


def test_a_child_is_in_its_group_from_its_first_word_and_killed_at_its_limit(
    here: Cgroups, child: Any, tmp_path: Path
) -> None:
    group = here.make(Limits(cpu_cores=1.0, cpu_request_cores=0.5, memory_bytes=64 << 20))
    try:
        code = "print(open('/proc/self/cgroup').read(), flush=True); x = b'x' * (512 << 20)"
        Ledger(tmp_path / "ledger").add_group(group.folders)
        one = child(code, group=group, ours=False)
        assert one.wait(60) == -9
        one.stop()
        assert (group.read().oom_kills or 0) >= 1
        assert all(folder.name in (tmp_path / "log").read_text() for folder in group.folders)
    finally:
        group.remove()
    assert not any(folder.exists() for folder in group.folders)


def test_beside_a_busy_neighbour_a_pod_has_the_cpu_that_it_requests(here: Cgroups, tmp_path: Path) -> None:
    """Both want one CPU, whatever else runs on it: their processor time tells their weights."""
    pod = kind_of("pod").limits()  # type: ignore[attr-defined]
    neighbour = Limits(cpu_request_cores=3 * pod.cpu_request_cores)
    groups = [here.make(one) for one in (replace(pod, cpu_cores=None), neighbour)]
    code = f"import os; os.sched_setaffinity(0, [{min(os.sched_getaffinity(0))}])\nwhile True: pass"
    busy = [subprocess.Popen([sys.executable, "-c", code], preexec_fn=group.join) for group in groups]
    try:
        wait_until(lambda: min(group.read().cpu_seconds or 0 for group in groups) > 0.2)  # both are there
        before = [group.read().cpu_seconds for group in groups]
        wait_until(lambda: _used(groups, before)[0] > 0.5, 240)
        own, others = _used(groups, before)
        assert others / own == pytest.approx(3, rel=0.2)
    finally:
        for process in busy:
            process.kill()
            process.wait()
        for group in groups:
            group.remove()


def _used(groups: Sequence[Group], before: Sequence[float | None]) -> list[float]:
    return [(group.read().cpu_seconds or 0) - (then or 0) for group, then in zip(groups, before, strict=True)]


def test_a_group_that_a_killed_sweep_left_is_removed_by_the_next(here: Cgroups) -> None:
    code = (
        "import os, signal; from sweep.running.cgroups.choice import *\n"
        "print(*Cgroups.here().make(Limits(cpu_cores=1.0)).folders, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    folders = [Path(word) for word in said.stdout.split()]
    assert folders
    assert all(folder.exists() for folder in folders)
    here.remove_left()
    assert not any(folder.exists() for folder in folders)
