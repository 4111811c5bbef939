"""A clone in a cluster: what it is made of, when it is refused, and that nothing of it is left."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fake_cluster import FakeCluster, deployment
from records.evidence.pods import CellPods
from sweep.deployments.clusters import rollout
from sweep.deployments.protocol import Setup
from sweep.measuring.targets import check_services
from sweep.planning.target import Target
from sweep.running.errors import UsageError
from sweep.running.kubectl import Kubectl, _complaint
from sweep.running.ledger import Ledger
from sweep_world import plan_of

SPEC = "k8s:east/prod/rag"


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> FakeCluster:
    fake = FakeCluster()
    monkeypatch.setattr(Kubectl, "run", lambda self, *words, **given: fake.run(self, *words, **given))
    return fake


@pytest.fixture
def start(trap: Any, setup_of: Callable[..., Setup]) -> Callable[..., Any]:
    server = trap(lambda talk: None)

    def started(options: str = "via=pod", settings: dict[str, str] | None = None) -> Any:
        target = Target.of(f"{SPEC},{options}" + (f",port={server.port}" if "pod" in options else ""))
        one = target.kind.deployment(setup_of())
        return one, one.start("v", {"WORKERS": "4"} if settings is None else settings)

    return started


@pytest.mark.parametrize(("spec", "why"), [
    ("k8s:x", "wants a context, a namespace"), ("k8s:c/n/D", "'D' is no name"),
    (f"{SPEC},speed=9", "'speed' is no option"), (f"{SPEC},url=http://h", "goes with in-place"),
    (f"{SPEC},replicas=2", "via=forward reaches one pod alone"),
    (f"{SPEC},via=ingress", "via= takes forward, service, pod"), (f"{SPEC},port=0", "from 1 to 65535"),
])  # fmt: skip
def test_a_wrong_spec_is_one_line(spec: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        Target.of(spec)


def test_a_context_may_have_slashes_and_colons() -> None:
    target = Target.of("k8s:arn:aws:eks:eu:1:cluster/live/prod/rag,replicas=2,via=service")
    assert (target.kind.spec.context, target.label) == ("arn:aws:eks:eu:1:cluster/live", "k8s-prod-rag")  # type: ignore[attr-defined]


def test_a_clone_has_labels_of_its_own_and_is_removed(
    cluster: FakeCluster, start: Any, tmp_path: Path
) -> None:
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
    endpoint.watch.begin()
    assert endpoint.watch.end(tmp_path) == ()
    found = CellPods.read(tmp_path)
    assert found
    app, proxy = found.containers
    assert (app.nr_periods, app.nr_throttled, app.cpu_seconds, app.throttled_seconds) == (10, 4, 1.5, 0.0)
    assert (app.memory_peak_bytes, app.limits, app.node) == (1 << 20, {"memory": "64Mi"}, "n1")
    assert "no such program" in proxy.unread
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


def test_in_place_goes_back_to_the_revision_that_was(cluster: FakeCluster, start: Any) -> None:
    cluster.deployments["rag"]["spec"]["template"]["spec"]["containers"][0]["env"][1]["valueFrom"] = {"x": 1}
    one, _ = start("in-place,via=pod")
    [container] = cluster.given[-1]["spec"]["template"]["spec"]["containers"]
    assert container == {"name": "app", "env": [{"name": "WORKERS", "value": "4", "valueFrom": None}]}
    one.stop()
    assert cluster.told[-1] == ("rollout", "undo", "deployment/rag", "--to-revision=7")
    one, _ = start("in-place,via=pod", {})  # nothing to set, nothing to undo
    one.stop()
    assert cluster.told[-1][0] == "get"


def scaler(name: str) -> dict[str, Any]:
    return {"metadata": {"name": "h"}, "spec": {"scaleTargetRef": {"kind": "Deployment", "name": name}}}


@pytest.mark.parametrize(("metadata", "scalers", "who"), [
    ({}, [scaler("rag")], "the HorizontalPodAutoscaler h"),
    ({"labels": {"argocd.argoproj.io/instance": "x"}}, [], "Argo CD"),
    ({"annotations": {"argocd.argoproj.io/tracking-id": "x"}}, [scaler("other")], "Argo CD"),
    ({"labels": {"helm.toolkit.fluxcd.io/name": "x"}}, [], "Flux"),
])  # fmt: skip
def test_what_others_manage_is_cloned_but_not_changed(
    cluster: FakeCluster, metadata: Any, scalers: Any, who: str
) -> None:
    cluster.deployments["rag"]["metadata"].update(metadata)
    cluster.scalers = scalers
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


def test_a_complaint_is_one_line_without_the_environment() -> None:
    said = b"Warning: old\nError from server: env hunter2-hunter2 is wrong\nerror: stop"
    assert _complaint(said, ["hunter2-hunter2"]) == "Error from server: env *** is wrong error: stop"
