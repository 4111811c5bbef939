"""A clone in a cluster: what it is made of, when it is refused, and that nothing of it is left."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fake_cluster import FakeCluster, deployment
from records.evidence.limits import CellLimits
from records.evidence.pods import Autoscaler, CellPods
from sweep.deployments import cluster_target
from sweep.deployments.clusters import rollout
from sweep.deployments.clusters.pods import Container
from sweep.deployments.clusters.usage_inside import read, usage_of
from sweep.deployments.protocol import Setup
from sweep.measuring.targets import check_services
from sweep.planning.target import Target
from sweep.running import kubectl
from sweep.running.cgroups.used import Usage
from sweep.running.errors import UsageError
from sweep.running.kubectl import Kubectl, _complaint
from sweep.running.ledger import Ledger
from sweep_world import plan_of

SPEC = "k8s:east/prod/rag"
CADVISOR = """# TYPE container_cpu_cfs_periods_total counter
container_cpu_cfs_periods_total{{container="proxy",namespace="prod",pod="POD"}} {0} {2}
container_cpu_cfs_periods_total{{container="proxy",namespace="other",pod="POD"}} 9e9 {2}
container_cpu_cfs_throttled_periods_total{{container="proxy",namespace="prod",pod="POD"}} {1} {2}
container_cpu_usage_seconds_total{{container="proxy",cpu="cpu00",namespace="prod",pod="POD"}} {0}e-2 {2}
container_cpu_usage_seconds_total{{container="proxy",cpu="cpu01",namespace="prod",pod="POD"}} {0}e-3 {2}
container_cpu_usage_seconds_total{{container="",namespace="prod",pod="POD"}} 77 {2}
"""


def hpa(name: str, deployment: str) -> dict[str, Any]:
    target = {"type": "Utilization", "averageUtilization": 70}
    metrics = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    of = {"kind": "Deployment", "name": deployment}
    return {"metadata": {"name": name}, "spec": {"scaleTargetRef": of, "maxReplicas": 4, "metrics": metrics}}


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> FakeCluster:
    fake = FakeCluster()
    monkeypatch.setattr(Kubectl, "run", lambda self, *words, **given: fake.run(self, *words, **given))
    return fake


@pytest.fixture
def start(trap: Any, setup_of: Callable[..., Setup]) -> Callable[..., Any]:
    server = trap(lambda talk: None)

    def started(options: str = "via=pod,load=here", settings: dict[str, str] | None = None) -> Any:
        target = Target.of(f"{SPEC},{options}" + (f",port={server.port}" if "pod" in options else ""))
        one = target.kind.deployment(setup_of())
        return one, one.start("v", {"WORKERS": "4"} if settings is None else settings)

    return started


@pytest.mark.parametrize(("spec", "why"), [
    ("k8s:x", "wants a context, a namespace"), ("k8s:c/n/D", "'D' is no name"),
    (f"{SPEC},speed=9", "'speed' is no option"), (f"{SPEC},url=http://h", "goes with in-place"),
    (f"{SPEC},via=forward,replicas=2", "via=forward reaches one pod alone"),
    (f"{SPEC},via=mesh", "via= takes service, ingress, pod, forward"),
    (f"{SPEC},via=forward,load=cluster", "leads out of the cluster"),
    (f"{SPEC},via=ingress,in-place", "makes an ingress for a clone"), (f"{SPEC},port=0", "from 1 to 65535"),
])  # fmt: skip
def test_a_wrong_spec_is_one_line(spec: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        Target.of(spec)


def test_a_clone_has_labels_of_its_own_and_is_removed(
    cluster: FakeCluster, start: Any, tmp_path: Path
) -> None:
    cluster.scalers = [hpa("other", "api"), hpa("h", "rag")]
    one, endpoint = start()
    [made] = [name for name in cluster.deployments if name != "rag"]
    clone, service = cluster.given[-1]["items"]
    labels = clone["spec"]["template"]["metadata"]["labels"]
    assert not {"app", "tier"} & set(labels)  # what the original and its Service select by
    assert labels["mesh"] == "on"
    assert labels["chokepoint/clone"] == made
    for selector in (service["spec"]["selector"], clone["spec"]["selector"]["matchLabels"]):
        assert selector == {"chokepoint/clone": made}
    environment = clone["spec"]["template"]["spec"]["containers"][0]["env"]
    assert environment[-1] == {"name": "WORKERS", "value": "4"}
    assert [one["name"] for one in environment] == ["PASSWORD", "WORKERS"]
    assert deployment()["spec"] == cluster.deployments["rag"]["spec"]  # the original is as it was
    # What no program in the sidecar reads, its node's kubelet counts; it looks again 15 s after the load.
    looks = iter(
        (CADVISOR.format(10, 4, 1000), *[CADVISOR.format(20, 5, 2000)] * 2, CADVISOR.format(110, 84, 3000))
    )
    cluster.raw = {"/nodes/n1/proxy/metrics/cadvisor": lambda: next(looks).replace("POD", f"{made}-abc")}
    endpoint.watch.begin("")
    watched = endpoint.watch.end(tuple)
    assert watched.checks == ()
    found = watched.pods
    assert found
    assert not CellPods.read(tmp_path)  # who asked for it keeps it
    assert found.autoscaler == Autoscaler(name="h", cpu_percent=70, max_replicas=4)
    app, proxy = found.containers
    assert (app.nr_periods, app.nr_throttled, app.cpu_seconds, app.throttled_seconds) == (10, 4, 1.5, 0.0)
    assert (app.memory_peak_bytes, app.limits["memory"], app.node) == (1 << 20, "64Mi", "n1")
    assert (proxy.nr_periods, proxy.nr_throttled, proxy.cpu_seconds) == (100, 80, pytest.approx(1.1))
    assert (app.read_by, proxy.read_by, proxy.unread) == ("cgroup", "cadvisor", "")
    assert CellLimits.read(tmp_path) is None  # one writes it, of whatever target
    limits = watched.limits  # of the app alone
    assert limits
    assert (limits.cpu_limit_cores, limits.cpu_request_cores, limits.cpu_period_us) == (0.5, 0.25, 100_000)
    assert (limits.nr_periods, limits.nr_throttled, limits.cpu_seconds) == (10, 4, 1.5)
    assert (limits.memory_limit_bytes, limits.memory_peak_bytes, limits.oom_kills) == (64 << 20, 1 << 20, 0)
    one.stop()
    assert set(cluster.deployments) == {"rag"}
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"hunter2" not in kept


def test_what_a_killed_sweep_left_is_removed_by_the_next(
    cluster: FakeCluster, start: Any, tmp_path: Path
) -> None:
    start()
    Ledger(tmp_path / "ledger.jsonl").end_survivors()
    assert set(cluster.deployments) == {"rag"}
    Ledger(tmp_path / "ledger.jsonl").end_survivors()  # and is not asked for again
    assert [words[0] for words in cluster.told].count("delete") == 1


@pytest.mark.parametrize(("status", "why"), [
    ({"containerStatuses": [{"name": "app", "restartCount": 3,
      "state": {"waiting": {"reason": "CrashLoopBackOff"}},
      "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137}}}]},
     r"container app: it crashes again and again \(CrashLoopBackOff, ended with 137 \(OOMKilled\), rest"),
    ({"conditions": [{"type": "PodScheduled", "reason": "Unschedulable", "message": "0/3 nodes:\n cpu"}]},
     "fits on no node: 0/3 nodes: cpu"),
])  # fmt: skip
def test_a_pod_that_never_gets_ready_is_one_line_and_its_clone_is_removed(
    cluster: FakeCluster, start: Any, setup_of: Any, monkeypatch: Any, status: Any, why: str
) -> None:
    monkeypatch.setattr(rollout, "rolled_out", lambda *_: False)
    monkeypatch.setattr(rollout, "UNSCHEDULABLE_SECONDS", -1.0)
    cluster.pod = status
    one = Target.of(SPEC).kind.deployment(setup_of())
    with pytest.raises(UsageError, match=rf"\A[^\n]*{why}[^\n]*\Z"):
        one.start("v", {})
    one.stop()
    assert set(cluster.deployments) == {"rag"}


@pytest.mark.parametrize(("probe", "progress", "given", "waited"), [
    (None, None, None, 600.0), ({"periodSeconds": 5, "failureThreshold": 360}, 600, None, 1800.0),
    ({"periodSeconds": 5, "failureThreshold": 360}, 2100, None, 2100.0),
    ({"periodSeconds": 1}, 60, None, 600.0),  # before its first probe an image is fetched
    (None, 2**31 - 1, None, 600.0),  # which stands for none
    ({"periodSeconds": 3600, "failureThreshold": 100}, None, None, 86400.0),
    ({"periodSeconds": 5, "failureThreshold": 360}, 2100, 30.0, 30.0),
])  # fmt: skip
def test_a_rollout_is_waited_for_as_long_as_its_manifest_allows_or_the_user_says(
    cluster: FakeCluster, setup_of: Any, monkeypatch: Any, probe: Any, progress: Any, given: Any, waited: Any
) -> None:
    spec = cluster.deployments["rag"]["spec"]
    spec |= {} if progress is None else {"progressDeadlineSeconds": progress}
    spec["template"]["spec"]["containers"][1] |= {} if probe is None else {"startupProbe": probe}
    waits: list[float] = []

    def wait_rolled_out(*_: Any, wait: Any, **__: Any) -> Any:
        waits.append(wait.seconds)
        raise UsageError("seen")

    monkeypatch.setattr(cluster_target, "wait_rolled_out", wait_rolled_out)
    one = Target.of(SPEC).kind.deployment(setup_of(ready_seconds=given))
    with pytest.raises(UsageError, match="seen"):
        one.start("v", {})
    one.stop()
    assert waits == [waited]


def test_in_place_goes_back_to_the_revision_that_was(cluster: FakeCluster, start: Any) -> None:
    cluster.deployments["rag"]["spec"]["template"]["spec"]["containers"][0]["env"][1]["valueFrom"] = {"x": 1}
    one, _ = start("in-place,via=pod,load=here")
    [container] = cluster.given[-1]["spec"]["template"]["spec"]["containers"]
    assert container == {"name": "app", "env": [{"name": "WORKERS", "value": "4", "valueFrom": None}]}
    one.stop()
    assert cluster.told[-1] == ("rollout", "undo", "deployment/rag", "--to-revision=7")
    one, _ = start("in-place,via=pod,load=here", {})  # nothing to set, nothing to undo
    one.stop()
    assert cluster.told[-1][0] == "get"


def test_what_would_never_roll_out_is_not_changed(cluster: FakeCluster) -> None:
    for field, value, why in (("replicas", 0, "rag has 0 replicas"), ("paused", True, "rag is paused")):
        cluster.deployments["rag"]["spec"][field] = value
        with pytest.raises(UsageError, match=why):
            check_services(plan_of(f"{SPEC},in-place"), {})
    check_services(plan_of(SPEC), {})


@pytest.mark.parametrize(("metadata", "scalers", "who"), [
    ({}, ["rag"], "the HorizontalPodAutoscaler h"),
    ({"labels": {"argocd.argoproj.io/instance": "x"}}, [], "Argo CD"),
    ({"annotations": {"argocd.argoproj.io/tracking-id": "x"}}, ["other"], "Argo CD"),
    ({"labels": {"helm.toolkit.fluxcd.io/name": "x"}}, [], "Flux"),
])  # fmt: skip
def test_what_others_manage_is_cloned_but_not_changed(
    cluster: FakeCluster, metadata: Any, scalers: Any, who: str
) -> None:
    cluster.deployments["rag"]["metadata"].update(metadata)
    cluster.scalers = [hpa("h", name) for name in scalers]
    check_services(plan_of(SPEC), {})
    with pytest.raises(UsageError, match=f"managed by {who}"):
        check_services(plan_of(f"{SPEC},in-place"), {})


def test_a_claim_that_is_written_to_is_not_shared_with_a_clone(cluster: FakeCluster) -> None:
    spec = cluster.deployments["rag"]["spec"]["template"]["spec"]
    spec["volumes"] = [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]
    spec["containers"][0]["volumeMounts"] = [{"name": "v", "mountPath": "/d"}]
    with pytest.raises(UsageError, match="writes to the volume claim data"):
        check_services(plan_of(SPEC), {})
    spec["containers"][0]["volumeMounts"][0]["readOnly"] = True
    check_services(plan_of(SPEC), {})


VERSION_1 = (
    "==> /sys/fs/cgroup/cpu/cpu.stat <==\nnr_periods 30\nnr_throttled 7\nthrottled_time 2500000000\n\n"
    "==> /sys/fs/cgroup/cpuacct/cpuacct.usage <==\n4500000000\n\n"
    "==> /sys/fs/cgroup/memory/memory.max_usage_in_bytes <==\n1048576\n"
)
USED = Usage(
    periods=30, throttled_periods=7, throttled_seconds=2.5, cpu_seconds=4.5, memory_peak_bytes=1 << 20
)


def test_what_the_cluster_and_its_user_say_is_read() -> None:
    assert read(VERSION_1) == USED
    assert read("==> /sys/fs/cgroup/cpu.stat <==\nusage_usec 1500000\n") == Usage(cpu_seconds=1.5)
    assert read("") == Usage()
    said = b"Warning: old\nError from server: env hunter2-hunter2 is wrong\nerror: stop"
    assert _complaint(said, ["hunter2-hunter2"]) == "Error from server: env *** is wrong error: stop"
    target = Target.of("k8s:arn:aws:eks:eu:1:cluster/live/prod/rag,replicas=2,via=service")
    assert target.label == "k8s-prod-rag"
    assert target.kind.spec.context == "arn:aws:eks:eu:1:cluster/live"  # type: ignore[attr-defined]


@pytest.mark.parametrize(("complaint", "printed", "used", "why"), [
    ("head: cannot open '/sys/fs/cgroup/cpu.stat': No such file or directory", VERSION_1, USED, ""),
    ("OCI: \"head\": executable file not found in $PATH: unknown", "", Usage(), "has no program `head`"),
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
