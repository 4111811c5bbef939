"""What of podman is said before a sweep begins, and what is left of its pods."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import sweep_world
from reach.options import DIRECT
from records.services.served import Served
from sweep.deployments import podman as kind
from sweep.deployments.catalogue import kind_of
from sweep.deployments.podman_target import _check_arrived, environment_in
from sweep.deployments.pods.container import Container, user_of
from sweep.deployments.pods.engine import PodmanEngine
from sweep.deployments.pods.life import State
from sweep.measuring.expected import given_besides
from sweep.planning.options import parse_targets
from sweep.running import podman
from sweep.running.cgroups.choice import new_name
from sweep.running.cgroups.limits import Limits
from sweep.running.cgroups.seen import SeenGroup, group_of
from sweep.running.cgroups.used import Usage
from sweep.running.errors import UsageError
from sweep.running.ledger import Ledger

HAS_IMAGE = 'case "$1" in images) echo sha256:1;; esac'


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """A podman that does what a script says, and keeps what it was told."""

    def of(script: str) -> Path:
        program, told = tmp_path / "podman", tmp_path / "told"
        program.write_text(f'#!/bin/sh\necho "$@" >> {told}\n{script}\n')
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
        kind._id_of.cache_clear()
        return told

    yield of
    kind._id_of.cache_clear()


def test_specs_of_podman() -> None:
    assert [kind_of(one).name for one in ("podman", "podman:staging", "podman:a/b")] == [
        "podman", "podman-staging", "podman-b",
    ]  # fmt: skip
    found = kind_of("podman")
    assert (found.has_quota, found.on_a_node, found.reaches_loopback, found.own_environment) == (True,) * 4
    with pytest.raises(UsageError, match="wants the name or the folder"):
        kind_of("podman:")


@pytest.mark.parametrize(
    ("script", "spec", "why"),
    [
        ("exit 0", "podman", r"podman has no image localhost/chokepoint-target:\S+; .*make images"),
        ("exit 0", "podman:nosuch", r"there is no overlay .*nosuch; there are .*local"),
        (
            f"[ $1 = run ] && echo 'time=x warning\nError: no cgroups' >&2 && exit 126\n{HAS_IMAGE}",
            "podman",
            r"no container can be limited here: podman run .*: Error: no cgroups \(see docs/pod.md",
        ),
    ],
)
def test_what_is_missing_is_one_line(fake: Any, script: str, spec: str, why: str) -> None:
    fake(script)
    with pytest.raises(UsageError, match=why) as error:
        kind_of(spec).check(DIRECT, {})
    assert "\n" not in str(error.value)


def test_without_podman_it_is_said_what_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real = shutil.which
    monkeypatch.setattr(
        podman.shutil, "which", lambda name, **more: None if name == "podman" else real(name, **more)
    )
    with pytest.raises(UsageError, match="podman is not on the PATH; apt-get install podman"):
        kind_of("podman").check(DIRECT, {})


def test_a_container_is_tried_with_the_limits_that_it_will_have(fake: Any) -> None:
    told = fake(HAS_IMAGE)
    kind_of("podman").check(DIRECT, {})
    assert f"--cpus=0.5 --memory={2 << 30}b" in told.read_text()
    assert kind_of("podman").kept()["image"] == "sha256:1"


def test_a_container_has_what_the_sweep_sets_and_not_its_environment(
    setup_of: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    given = Container(name="x", limits=Limits(), in_a_cluster={"MKL_NUM_THREADS": "1"})
    found = environment_in(setup_of(as_if_cores=32), given, {"A": "b"})
    assert (found["A"], found["OMP_NUM_THREADS"], found["OPENAI_API_KEY"]) == ("b", "32", "k")
    assert (found["OPENAI_BASE_URL"], "MKL_NUM_THREADS" in found, "PATH" in found) == (
        "http://127.0.0.1:1/v1",
        False,
        False,
    )
    pod, container = parse_targets(["pod", "podman"])
    plan = sweep_world.planned(targets=(pod, container))
    assert [given_besides(plan, one, Served()).get("OMP_NUM_THREADS") for one in (pod, container)] == [
        "7",
        None,
    ]


@pytest.mark.parametrize(("pod", "own", "uid"), [
    ({"runAsUser": 10001}, {}, 10001), ({"runAsUser": 10001}, {"runAsUser": 7}, 7), (None, {"x": 1}, None),
])  # fmt: skip
def test_whose_its_folder_is_to_be_is_said_by_the_container_before_the_pod(
    pod: Any, own: Any, uid: int | None
) -> None:
    spec = {"securityContext": pod, "containers": [{"name": "target", "securityContext": own}]}
    deployment = {"kind": "Deployment", "metadata": {"name": "target"}, "spec": {"template": {"spec": spec}}}
    assert user_of([deployment]) == uid


def test_only_pods_of_ours_are_removed_and_only_when_nobody_is_at_work(fake: Any, tmp_path: Path) -> None:
    mine, gone = new_name(), "chokepoint-999999-100-ab"
    told = fake(f'[ "$2" = ps ] && echo theirs {mine} {gone}; exit 0')
    podman.remove_left()
    assert [line.split()[-1] for line in told.read_text().splitlines() if " rm " in line] == [gone]
    ledger = Ledger(tmp_path / "ledger")
    for name in (mine, "theirs", "chokepoint-1-1-cd"):
        ledger.add_pod(name)
    told.unlink()
    assert ledger.end_survivors() == 0
    assert [line.split()[-1] for line in told.read_text().splitlines() if " rm " in line] == [mine]


def test_what_podman_complains_of_shows_no_secret(fake: Any) -> None:
    fake("echo 'Error: no s3cret-s3cret here' >&2; exit 125")
    with pytest.raises(UsageError, match=r"^podman kube play: Error: no \*\*\* here$"):
        podman.play([{}], hidden=["s3cret-s3cret"])


def test_what_does_not_start_is_told_by_its_name_and_with_why(fake: Any) -> None:
    number = "a1" * 32
    fake("printf 'starting container x: no such program\\nError: failed to start 1\\n' >&2; exit 125")
    with pytest.raises(UsageError, match=r"^podman kube play: starting container x: no such program$"):
        podman.play([{}])
    fake(f"""case $1 in
        inspect) echo pod-seed;;
        logs) echo 'no s3cret-s3cret here' >&2;;
        *) echo 'Error: init container {number} exited with code 3' >&2; exit 125;;
    esac""")
    with pytest.raises(
        UsageError, match=r"container pod-seed exited with code 3; its last words: no \*\*\* here$"
    ):
        podman.play([{}], hidden=["s3cret-s3cret"])


def files(root: Path, **texts: str) -> None:
    for name, text in texts.items():
        path = root / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_a_container_s_own_group_is_read_of_both_versions(tmp_path: Path) -> None:
    one, two = tmp_path / "1", tmp_path / "2"
    files(
        one,
        proc__5__cgroup="4:memory:/p/c\n1:cpu:/p/c\n0::/\n",
        sys__fs__cgroup__cpu__p__c__cpu_dot_cfs_quota_us="50000",
        sys__fs__cgroup__cpu__p__c__cpu_dot_cfs_period_us="100000",
        sys__fs__cgroup__cpu__p__c__cpu_dot_stat="nr_periods 9\nnr_throttled 4\nthrottled_time 5\n",
        sys__fs__cgroup__memory__p__c__memory_dot_limit_in_bytes="4096",
    )
    files(
        two,
        proc__5__cgroup="0::/p/c\n",
        sys__fs__cgroup__p__c__cpu_dot_max="50000 100000",
        sys__fs__cgroup__p__c__cpu_dot_stat="usage_usec 7\nnr_periods 9\nnr_throttled 4\n",
        sys__fs__cgroup__p__c__memory_dot_max="max",
    )
    first, second = group_of(5, one), group_of(5, two)
    assert first is not None
    assert second is not None
    assert (first.limits.cpu_cores, first.limits.memory_bytes, first.read().periods) == (0.5, 4096, 9)
    assert (second.limits.cpu_cores, second.limits.memory_bytes, second.read().throttled_periods) == (
        0.5,
        None,
        4,
    )
    assert (group_of(6, one), group_of(6, two)) == (None, None)
    _check_arrived(first.limits, Limits(cpu_cores=0.5, memory_bytes=4100), "podman")
    with pytest.raises(UsageError, match="the memory limit did not arrive"):
        _check_arrived(second.limits, Limits(cpu_cores=0.5, memory_bytes=4096), "podman")


@pytest.mark.parametrize(
    ("code", "killed", "peak", "oom"),
    [(137, False, 4090, True), (137, True, 4090, False), (137, False, 2000, False), (1, False, 4090, False)],
)
def test_an_end_by_want_of_memory_is_known_where_podman_did_not_see_it(
    fake: Any, code: int, killed: bool, peak: int, oom: bool
) -> None:
    fake(f"""echo '{{"Running": false, "ExitCode": {code}, "OOMKilled": false}}'""")
    used = Usage(memory_peak_bytes=peak)
    group = SeenGroup(method="", limits=Limits(), read=lambda: used, read_above=lambda: used)
    engine = PodmanEngine(name="x", limits=Limits(memory_bytes=4096), _groups={7: group})
    if killed:
        engine.kill()
    assert engine.state() == State(exit_code=code, oom_killed=oom)
