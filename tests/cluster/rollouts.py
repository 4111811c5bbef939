"""Clones and rollouts at a real API server of 1.20, with its controllers and scheduler (`make cluster-test`).

No container runs: a loop says of each pod that it does (`control_plane.StandIn`), and gives it the address
127.0.0.1, where this test has a server. So neither `kubectl exec` nor a port-forward leads anywhere here.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import orjson
import pytest

from records.evidence.pods import CellPods
from records.files import read_json
from support import ROOT, free_port, wait_until
from sweep.deployments.clusters import rollout
from sweep.deployments.protocol import Setup
from sweep.measuring.targets import check_services
from sweep.planning.target import Target
from sweep.running.cpus import Cpus
from sweep.running.errors import UsageError
from sweep.running.ledger import Ledger
from sweep_world import plan_of

SPEC = "k8s:here/chokepoint/target"
OURS = "app.kubernetes.io/managed-by=chokepoint"


@pytest.fixture
def spec(trap: Any) -> str:
    """Of the target's clone, with the server that answers in its pod's place."""
    return f"{SPEC},via=pod,load=here,port={trap(lambda talk: None).port}"


@pytest.fixture
def begun(cluster: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """A deployment of a spec; what a test that fails has not stopped is."""
    begun: list[Any] = []

    def begin(spec: str) -> Any:
        setup = Setup(
            cpus=Cpus(mode="shared", load=(0,), target=None), llm_url="", log=tmp_path / "log",
            ledger=Ledger(tmp_path / "processes.jsonl"), report=lambda text: None, ready_seconds=60,
        )  # fmt: skip
        begun.append(Target.of(spec).kind.deployment(setup))
        return begun[-1]

    yield begin
    for one in begun:
        one.stop()


def nothing_is_left(cluster: Any) -> bool:
    kinds = "deployments,services,ingresses,jobs,secrets,pods,replicasets"
    return not cluster.kubectl.items(kinds, f"--selector={OURS}")


def selected(cluster: Any, service: str) -> list[str]:
    """The pods that a Service selects. (It has no endpoints here: those may not be on loopback.)"""
    labels = cluster.kubectl.get("service", service)["spec"]["selector"]
    found = cluster.kubectl.items("pods", f"--selector={','.join('='.join(one) for one in labels.items())}")
    return [pod["metadata"]["name"] for pod in found]


def test_a_clone_is_rolled_out_and_no_service_but_its_own_selects_it(
    cluster: Any, begun: Any, spec: str, tmp_path: Path
) -> None:
    before = cluster.kubectl.get("deployment", "target")["spec"]
    one = begun(spec)
    endpoint = one.start("four", {"TORCH_THREADS": "4", "ODD": "$(HOME) $x"})
    [clone] = cluster.kubectl.items("deployments", f"--selector={OURS}")
    [pod] = cluster.kubectl.items("pods", f"--selector={OURS}")
    variables = {one["name"]: one.get("value") for one in pod["spec"]["containers"][0]["env"]}
    assert (variables["TORCH_THREADS"], variables["ODD"]) == (
        "4",
        "$$(HOME) $$x",
    )  # a kubelet takes one of two
    own, name = clone["metadata"]["name"], pod["metadata"]["name"]
    assert selected(cluster, own) == [name]
    assert name not in selected(cluster, "target")
    endpoint.watch.begin("")
    endpoint.watch.end(tmp_path)
    found = CellPods.read(tmp_path)
    assert found
    assert [(use.pod, use.node) for use in found.containers] == [(name, "stand-in")]
    assert found.containers[0].requests["memory"] == "2Gi"
    assert found.containers[0].unread  # there is no kubelet to exec by
    one.stop()
    assert nothing_is_left(cluster)
    assert cluster.kubectl.get("deployment", "target")["spec"] == before


def test_several_replicas_are_waited_for(cluster: Any, begun: Any) -> None:
    one = begun(f"{SPEC},replicas=3")
    endpoint = one.start("v", {})
    made = endpoint.watch.name
    assert len(cluster.kubectl.items("pods", f"--selector=chokepoint/clone={made}")) == 3
    assert endpoint.base_url == f"http://{made}.chokepoint.svc:8001"
    one.stop()
    assert nothing_is_left(cluster)


def test_what_was_killed_is_removed_by_the_ledger(
    cluster: Any, begun: Any, spec: str, tmp_path: Path
) -> None:
    begun(spec).start("v", {})
    assert not nothing_is_left(cluster)
    Ledger(tmp_path / "processes.jsonl").end_survivors()
    assert nothing_is_left(cluster)


def test_what_a_killed_sweep_left_is_removed_by_the_next(
    cluster: Any, begun: Any, spec: str, tmp_path: Path
) -> None:
    words = [sys.executable, "-m", "sweep", "--deployment", f"{SPEC},replicas=2", "--output", str(tmp_path)]
    with subprocess.Popen(words, cwd=ROOT, stderr=subprocess.DEVNULL) as swept:
        wait_until(lambda: cluster.kubectl.items("pods", f"--selector={OURS}"), 120)
        swept.kill()
    [left] = cluster.kubectl.items("deployments", f"--selector={OURS}")
    one = begun(spec)
    one.start("v", {})
    [clone] = cluster.kubectl.items("deployments", f"--selector={OURS}")
    assert clone["metadata"]["name"] != left["metadata"]["name"]
    one.stop()
    assert nothing_is_left(cluster)


@pytest.mark.parametrize(("spec", "why"), [
    ("k8s:there/chokepoint/target", 'context "there" does not exist'),
    ("k8s:here/nowhere/target", 'namespaces "nowhere" not found'),
    ("k8s:here/chokepoint/nobody", 'deployments.apps "nobody" not found'),
    ("k8s:unentitled/chokepoint/target", 'User "other" cannot get resource "deployments"'),
])  # fmt: skip
def test_what_is_not_there_or_not_allowed_is_one_line(cluster: Any, spec: str, why: str) -> None:
    with pytest.raises(UsageError, match=rf"\A[^\n]*{why}[^\n]*\Z"):
        check_services(plan_of(spec), {})


def test_an_ingress_is_taken_as_the_original_has_it(cluster: Any, begun: Any) -> None:
    """No controller is there: the address that one would say is said here."""
    nginx = "nginx.ingress.kubernetes.io/"
    backend = {"service": {"name": "target", "port": {"number": 8001}}}
    path = {"path": "/api(/|$)(.*)", "pathType": "ImplementationSpecific", "backend": backend}
    front = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
             "metadata": {"name": "front", "annotations": {f"{nginx}rewrite-target": "/$2"}},
             "spec": {"ingressClassName": "nginx",
                      "tls": [{"hosts": ["rag.example.org"], "secretName": "rag-tls"}],
                      "rules": [{"host": "rag.example.org", "http": {"paths": [path]}}]}}  # fmt: skip
    cluster.kubectl.create(front)
    # As it was once said; the API server takes no new Ingress with both.
    cluster.kubectl.run("annotate", "ingress", "front", "kubernetes.io/ingress.class=nginx")
    one = begun(f"{SPEC},via=ingress")
    status = {"status": {"loadBalancer": {"ingress": [{"ip": "10.99.0.77"}]}}}

    def say_the_address() -> None:
        found: list[Any] = []
        wait_until(
            lambda: found.extend(cluster.kubectl.items("ingresses", f"--selector={OURS}")) or found, 60
        )
        at = f"/apis/networking.k8s.io/v1/namespaces/chokepoint/ingresses/{found[0]['metadata']['name']}"
        cluster.plane.ask("PATCH", f"{at}/status", status, kind="application/merge-patch+json")

    with ThreadPoolExecutor(1) as pool:
        said = pool.submit(say_the_address)
        endpoint = one.start("v", {})
        said.result()
    host = f"{endpoint.watch.name}.chokepoint.invalid"
    assert (endpoint.base_url, endpoint.connect_to) == (f"https://{host}/api", "10.99.0.77:443")
    one.stop()
    cluster.kubectl.run("delete", "ingress", "front")
    assert nothing_is_left(cluster)


def test_a_load_in_the_cluster_is_made_and_removed_by_an_interrupt(cluster: Any, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "sweep", "--deployment", SPEC, "--output", str(tmp_path)]
    swept = subprocess.Popen(words, cwd=ROOT, stderr=subprocess.PIPE)
    wait_until(lambda: cluster.kubectl.items("pods", f"--selector=job-name,{OURS}"), 200)
    [job] = cluster.kubectl.items("jobs", f"--selector={OURS}")
    [secret] = cluster.kubectl.items("secrets", f"--selector={OURS}")
    assert secret["metadata"]["name"] == job["metadata"]["name"]
    swept.send_signal(signal.SIGINT)
    said = swept.communicate(timeout=200)[1].decode()
    assert swept.returncode == 130, said
    assert nothing_is_left(cluster)


def test_what_keeps_a_pod_from_being_ready_is_one_line(
    cluster: Any, begun: Any, spec: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.stand_in.crashing.add("crash")
    one = begun(spec)
    with pytest.raises(
        UsageError, match=r"CrashLoopBackOff, ended with 137 \(OOMKilled\), restarted 2 times"
    ):
        one.start("v", {"PLANTED": "crash"})
    one.stop()
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "tight"},
             "spec": {"hard": {"pods": "1"}}}  # fmt: skip
    cluster.kubectl.create(quota)
    wait_until(lambda: cluster.kubectl.get("resourcequota", "tight").get("status", {}).get("hard"))
    with pytest.raises(UsageError, match=r"no pod is made: .*exceeded quota: tight") as caught:
        one.start("v", {})
    assert "\n" not in str(caught.value)
    one.stop()
    cluster.kubectl.run("delete", "resourcequota", "tight")
    monkeypatch.setattr(rollout, "UNSCHEDULABLE_SECONDS", 1.0)
    cluster.kubectl.run("cordon", "stand-in")
    with pytest.raises(UsageError, match="fits on no node: 0/1 nodes"):
        one.start("v", {})
    cluster.kubectl.run("uncordon", "stand-in")
    one.stop()
    assert nothing_is_left(cluster)


def test_in_place_is_undone_and_refused_under_an_autoscaler(cluster: Any, begun: Any, spec: str) -> None:
    def environment() -> Any:
        return cluster.kubectl.get("deployment", "target")["spec"]["template"]["spec"]["containers"][0]["env"]

    before = environment()
    one = begun(f"{spec},in-place")
    one.start("v", {"POD_NAME": "mine", "TORCH_THREADS": "1"})  # it comes from the downward API otherwise
    assert {"name": "POD_NAME", "value": "mine"} in environment()
    one.stop()
    assert environment() == before
    check_services(plan_of(f"{SPEC},in-place"), {})
    scaled = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "target"}
    scaler = {"apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler",
              "metadata": {"name": "target"},
              "spec": {"scaleTargetRef": scaled, "maxReplicas": 3}}  # fmt: skip
    cluster.kubectl.create(scaler)
    with pytest.raises(UsageError, match="managed by the HorizontalPodAutoscaler target"):
        check_services(plan_of(f"{SPEC},in-place"), {})
    check_services(plan_of(SPEC), {})
    cluster.kubectl.run("delete", "horizontalpodautoscaler", "target")


@pytest.fixture(scope="module")
def app_port() -> Iterator[int]:
    """The reference app as a process of this machine, in its pods' place."""
    port = free_port()
    settings = {"USE_MOCK_LLM": "yes", "USE_MOCK_EMBEDDINGS": "yes", "POD_NAME": "said-by-the-app",
                "KNOWLEDGE_BASE_DIR": str(ROOT / "docs")}  # fmt: skip
    words = [sys.executable, "-m", "uvicorn", "target_app.app:app", "--port", str(port), "--no-access-log"]
    with subprocess.Popen(words, cwd=ROOT, env={**os.environ, **settings}) as served:
        try:
            wait_until(lambda: urlopen(f"http://127.0.0.1:{port}/ready").status == 200, 500)
            yield port
        finally:
            served.terminate()


@pytest.mark.parametrize("interrupted", [False, True])
def test_a_sweep_measures_a_clone_and_leaves_nothing(
    cluster: Any, app_port: int, tmp_path: Path, interrupted: bool
) -> None:
    words = [sys.executable, "-m", "sweep", "--deployment", f"k8s={SPEC},via=pod,load=here,port={app_port}"]
    words += ["--concurrency", "2", "--repeats", "1", "--output", str(tmp_path)]
    swept = subprocess.Popen(words, cwd=ROOT, stderr=subprocess.PIPE)
    if interrupted:
        wait_until(lambda: cluster.kubectl.items("pods", f"--selector={OURS}"), 120)
        swept.send_signal(signal.SIGINT)
    said = swept.communicate(timeout=500)[1].decode()
    # 3: a busy machine kept the load from its work, so that no cell is valid; that is not what this asks.
    assert swept.returncode in ((130,) if interrupted else (0, 3)), said
    assert nothing_is_left(cluster)
    if not interrupted:
        [cell] = tmp_path.glob("*/cells/k8s/as-is/c02-r1/cell.json")
        assert read_json(cell.parent / "pods.json")["containers"][0]["node"] == "stand-in"
        first = orjson.loads((cell.parent / "requests.jsonl").read_bytes().splitlines()[0])
        assert first["labels"] == {"pod": "said-by-the-app"}
