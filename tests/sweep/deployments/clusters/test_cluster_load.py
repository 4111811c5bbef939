"""A load as a Job: the same locust as here, its records back as they were, and nothing of it left."""

import base64
import tarfile
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kubernetes_validate import utils

from fake_cluster import FakeCluster
from records.evidence.pods import CellPods
from records.services.served import Served
from support import Process
from sweep.deployments import cluster_target
from sweep.deployments.clusters.ingress import clone_ingress, ingress_of
from sweep.deployments.clusters.load import JobLoad, unpack
from sweep.deployments.clusters.load_job import Job, load_job
from sweep.deployments.clusters.spec import Spec
from sweep.deployments.k8s import master
from sweep.deployments.protocol import Setup
from sweep.measuring.cell import measure
from sweep.planning.cell_key import CellKey
from sweep.planning.grid import parse_grid
from sweep.planning.plan import Plan
from sweep.planning.ways import check_ways, ways_of
from sweep.running.elsewhere import LoadOrder
from sweep.running.errors import UsageError
from sweep.running.in_clusters import LOAD_KINDS, Leftover, left_in
from sweep.running.kubectl import Kubectl, KubectlError
from sweep_world import plan_of

SPEC = "it=k8s:east/prod/rag,requests=asks_total"
NGINX = "nginx.ingress.kubernetes.io/"
FRONT: dict[str, Any] = {
    "metadata": {"name": "front", "annotations": {
        f"{NGINX}rewrite-target": "/$2", f"{NGINX}proxy-body-size": "1m",
        f"{NGINX}server-alias": "other.example.org",
        "kubernetes.io/ingress.class": "nginx", "cert-manager.io/issuer": "letsencrypt",
    }},
    "spec": {
        "ingressClassName": "nginx",
        "tls": [{"hosts": ["www.example.org"], "secretName": "www-tls"},
                {"hosts": ["rag.example.org"], "secretName": "rag-tls"}],
        "rules": [{"host": "rag.example.org", "http": {"paths": [
            {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "www"}}},
            {"path": "/api(/|$)(.*)", "pathType": "ImplementationSpecific",
             "backend": {"service": {"name": "rag"}}},
        ]}}],
    },
}  # fmt: skip
"""One that takes a path away, speaks TLS, and leads to somebody else, too."""
ORDER: dict[str, Any] = {"words": ["--help"], "files": {}, "processes": 0, "seconds": 5.0}


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeCluster]:
    fake = FakeCluster()
    fake.folder = tmp_path / "node"
    monkeypatch.setattr(Kubectl, "run", lambda self, *words, **given: fake.run(self, *words, **given))
    monkeypatch.setattr(Kubectl, "save", lambda self, *words, **given: fake.save(self, *words, **given))
    monkeypatch.setattr(cluster_target.ClusterDeployment, "_ask_from_here", lambda *_: Served())
    monkeypatch.setattr("sweep.deployments.clusters.load.POLL_SECONDS", 0.1)
    yield fake
    for job in fake.jobs.values():
        job.stop()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Process]:
    words = ("mocks.faults", "healthy", "--port", "0", "--ttft-ms", "5", "--itl-ms", "1", "--tokens", "4")
    process = Process(tmp_path / "service.log", *words)
    yield process
    process.stop()


def point_of(plan: Plan, way: str) -> CellKey:
    [point] = [point for point in plan.points() if point.get("via") == way]
    return CellKey(deployment="it", config="as-is", point=point, repeat=1)


def test_a_cell_of_each_way_is_measured_in_the_cluster_and_its_records_come_back(
    cluster: FakeCluster, service: Process, setup_of: Callable[..., Setup], place_of: Any, tmp_path: Path
) -> None:
    questions = tmp_path / "asked.jsonl"
    questions.write_text('{"question": "why $(HOME)?"}\n')
    grid = parse_grid(["via=service,ingress"], "2", None)
    plan = plan_of(
        SPEC, levels=(2,), grid=grid.factors, requests=12, locust_args=("--questions", str(questions))
    )
    check_ways(plan)
    cluster.ingresses = [{"metadata": {"name": "front", "annotations": {
        "nginx.ingress.kubernetes.io/proxy-buffering": "on", "external-dns.alpha.kubernetes.io/hostname": "h"
    }},
        "spec": {"ingressClassName": "nginx", "defaultBackend": {"service": {"name": "rag"}}}}]  # fmt: skip
    target = plan.targets[0].kind.deployment(setup_of(ways=ways_of(plan)))
    endpoint = target.start("as-is", {})
    made = endpoint.watch.name  # type: ignore[union-attr]
    front = next(one for one in cluster.ingresses if one["metadata"]["name"] == made)
    assert front["metadata"]["annotations"] == {"nginx.ingress.kubernetes.io/proxy-buffering": "on"}
    assert front["spec"]["ingressClassName"] == "nginx"
    place = place_of(plan)
    here = service.url.removeprefix("http://")
    cluster.names = {f"{made}.prod.svc:8001": here, "10.9.9.9:80": here}
    seen = iter((100, 100, 100, 10_000))
    cluster.raw = {":8001/proxy/metrics": lambda: f'asks_total{{outcome="ok"}} {next(seen)}\n'}
    direct, through = (measure(place, point_of(plan, way), endpoint) for way in ("service", "ingress"))
    for way, data in (("service", direct), ("ingress", through)):
        assert len(data.requests) >= 12
        assert not data.lost
        assert data.cell.complete
        assert data.cell.factors.get("via") == way
        assert data.cell.requested["cpus"]["mode"] == "cluster"
        # One for all pods, each of which has a network of its own: their cells are pooled.
        assert data.cell.requested["machine"] == endpoint.load.place  # type: ignore[union-attr]
        pods = CellPods.read(data.path)
        assert pods
        assert (pods.via, pods.load, pods.load_node) == (way, "cluster", "n2")
        assert pods.sent_requests == len(data.requests)
        assert (data.path / "locust.log").exists()
        assert {one.question for one in data.requests} == {direct.requests[0].question}
    checks = {check.name: check for check in through.cell.verdict.checks}
    assert checks["asked-again"].status == "n/a"
    assert "asks again" in checks["asked-again"].text
    assert next(one for one in direct.cell.verdict.checks if one.name == "asked-again").status == "pass"
    assert not cluster.jobs
    target.stop()
    assert set(cluster.deployments) == {"rag"}
    assert [one["metadata"]["name"] for one in cluster.ingresses] == ["front"]


def test_a_job_is_the_bases_and_tells_no_key_on_a_command_line(
    cluster: FakeCluster, setup_of: Callable[..., Setup], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    load = JobLoad(
        kubectl=Kubectl("east", "prod"), ledger=setup_of().ledger, template=master(),
        report=lambda text: None, private={"TARGET_API_KEY": "s3cret-s3cret", "TARGET_HEADERS": "X-A=s3cret"},
    )  # fmt: skip
    order = LoadOrder(**{**ORDER, "words": ["--tag", "$(HOME)"]}, folder=tmp_path / "c", log=tmp_path / "l")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(JobLoad, "_ended", interrupted)
    with pytest.raises(KeyboardInterrupt):
        load.run(order)
    assert not cluster.jobs  # Ctrl-C removed it
    secret, job = cluster.given[-1]["items"]
    pod = job["spec"]["template"]["spec"]
    main, keeper = pod["containers"]
    assert main["command"] == ["locust", "--tag", "$$(HOME)"]
    assert main["image"] == keeper["image"] == "chokepoint-worker:0.1.0"
    assert main["securityContext"] == keeper["securityContext"]
    assert main["securityContext"]["readOnlyRootFilesystem"] is True
    assert "cpu" not in main["resources"]["limits"]
    assert pod["automountServiceAccountToken"] is False
    assert "s3cret" not in str(job)
    variables = [one for one in main["env"] if one["name"] in ("TARGET_API_KEY", "TARGET_HEADERS")]
    references = [one["valueFrom"]["secretKeyRef"] for one in variables]
    assert [one["name"] for one in references] == [secret["metadata"]["name"]] * 2
    values = [base64.b64decode(secret["data"][one["key"]]) for one in references]
    assert sorted(values) == [b"X-A=s3cret", b"s3cret-s3cret"]
    assert job["metadata"]["labels"]["chokepoint/clone"] == secret["metadata"]["name"]
    assert "s3cret" not in "".join(path.read_text() for path in tmp_path.glob("*.jsonl"))
    left = Leftover(context="east", namespace="prod", name="n", kinds=LOAD_KINDS)
    assert left_in([left.to_json()]) == [left]  # as the next sweep finds what a kill left
    assert not left_in([left.to_json(), left.to_json(gone=True)])


@pytest.mark.parametrize("version", ["1.29", "1.37"])
def test_what_is_made_is_valid_by_strict_schemas(version: str) -> None:
    job = Job(
        name="chokepoint-load-1", run="2026 a run", words=["--users", "$5"], files={"spec.json": b"{}"},
        processes=3, seconds=48.5, private={"TARGET_API_KEY": "k"},
    )  # fmt: skip
    secret, made = load_job(master(), job)
    front = clone_ingress(FRONT, "rag-cp-1", 8001, secret["metadata"]["labels"], {"rag"})
    for one in (secret, made, front.made):
        assert utils.validate(one, version, strict=True) == version
    load = made["spec"]["template"]["spec"]["containers"][0]
    assert load["resources"]["requests"] == {"cpu": "3", "memory": "2560Mi"}
    mounted = {mount["name"] for mount in load["volumeMounts"]}
    assert mounted == {volume["name"] for volume in made["spec"]["template"]["spec"]["volumes"]}


def test_a_clones_ingress_does_with_paths_and_tls_what_the_originals_does(
    cluster: FakeCluster, setup_of: Callable[..., Setup]
) -> None:
    cluster.ingresses = [deepcopy(FRONT)]
    plan = plan_of(f"{SPEC},via=ingress")
    target = plan.targets[0].kind.deployment(setup_of())
    endpoint = target.start("as-is", {})
    made: str = endpoint.watch.name  # type: ignore[union-attr]
    host = f"{made}.chokepoint.invalid"
    assert endpoint.base_url == f"https://{host}/api"
    assert (endpoint.connect_to, endpoint.server_name) == ("10.9.9.9:443", "rag.example.org")
    front = cluster.ingresses[-1]
    assert front["metadata"]["annotations"] == {
        f"{NGINX}rewrite-target": "/$2",
        f"{NGINX}proxy-body-size": "1m",
    }
    backend = {"service": {"name": made, "port": {"number": 8001}}}
    path = {"path": "/api(/|$)(.*)", "pathType": "ImplementationSpecific", "backend": backend}
    assert front["spec"] == {
        "ingressClassName": "nginx",
        "tls": [{"hosts": [host], "secretName": "rag-tls"}],
        "rules": [{"host": host, "http": {"paths": [path]}}],
    }
    left_out = endpoint.watch.left_out  # type: ignore[union-attr]
    assert left_out == ("cert-manager.io/issuer", f"{NGINX}server-alias")
    # Without TLS and rewriting, what the load asks is let through as it is.
    plain = deepcopy(FRONT)
    plain["metadata"]["annotations"] = {}
    del plain["spec"]["tls"]
    one = clone_ingress(plain, "c", 8001, {}, {"rag"})
    assert (one.url, one.port, one.server_name) == ("http://c.chokepoint.invalid", 80, "")
    assert [path["path"] for path in one.made["spec"]["rules"][0]["http"]["paths"]] == ["/"]
    # Where the name alone says to whom TLS is passed on, the load would come to the original.
    plain["metadata"]["annotations"] = {f"{NGINX}ssl-passthrough": "true"}
    with pytest.raises(UsageError, match="front passes TLS on to the pods by its name"):
        ingress_of([plain], cluster.services, {"tier": "web"}, Spec.of("c/n/rag"))


@pytest.mark.parametrize(("state", "phase", "killed"), [
    ({"terminated": {"exitCode": 137, "reason": "OOMKilled"}}, "Running", "was killed for its memory"),
    ({"terminated": {"exitCode": 143}}, "Running", "was killed (143)"),
    ({}, "Failed", "was lost with its pod, which failed (Evicted)"),
    ({"terminated": {"exitCode": 3}}, "Running", ""),
])  # fmt: skip
def test_a_load_that_is_lost_is_no_fault_of_the_service(
    cluster: FakeCluster, setup_of: Any, monkeypatch: pytest.MonkeyPatch, state: Any, phase: str, killed: str
) -> None:
    statuses = [{"name": "load", "state": state}]
    pod = {"status": {"phase": phase, "reason": "Evicted", "containerStatuses": statuses}}
    monkeypatch.setattr(Kubectl, "items", lambda *_: [pod])
    load: Any = JobLoad(
        kubectl=Kubectl("east", "prod"), ledger=setup_of().ledger, template={}, report=lambda text: None
    )
    end, there = load._ended("p", 5.0)
    assert end.killed == killed
    assert (end.code == 3) == (not killed)
    assert there == (phase == "Running")


def test_an_image_that_cannot_be_pulled_is_one_line(
    cluster: FakeCluster, setup_of: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    load = JobLoad(
        kubectl=Kubectl("east", "prod"), ledger=setup_of().ledger, template=master(),
        report=lambda text: None,
    )  # fmt: skip
    waits = {"name": "load", "state": {"waiting": {"reason": "ImagePullBackOff"}}}
    pod = {"metadata": {"name": "p"}, "status": {"containerStatuses": [waits]}}
    monkeypatch.setattr(Kubectl, "items", lambda *_: [pod])
    with pytest.raises(UsageError, match=r"\Athe load in the cluster does not start: pod p, [^\n]*be pulled"):
        load.run(LoadOrder(**ORDER, folder=tmp_path / "c", log=tmp_path / "l"))
    assert not cluster.jobs


def test_what_was_fetched_is_whole_and_stays_in_its_folder(tmp_path: Path) -> None:
    packed, cell = tmp_path / "t", tmp_path / "node" / "cell"
    cell.mkdir(parents=True)
    (cell / "cell.json").write_text("{}")
    (cell / "link").symlink_to("/etc/passwd")
    (tmp_path / "out").write_text("x")
    with tarfile.open(packed, "w") as archive:
        archive.add(cell.parent, ".")
        archive.add(tmp_path / "out", "cell/../../escaped")
    unpack(packed, tmp_path / "here", "cell")
    assert [path.name for path in (tmp_path / "here").iterdir()] == ["cell.json"]
    whole = packed.read_bytes()
    packed.write_bytes(whole[:1536])
    with pytest.raises(tarfile.ReadError, match="lacks its end"):
        unpack(packed, tmp_path / "again", "cell")


@pytest.mark.parametrize(("spec", "changes", "why"), [
    ("it=url:http://127.0.0.1:1", {"grid": (("via", ("service",)),)}, "no way to it; it has one alone"),
    (SPEC, {"grid": (("via", ("forward",)),)}, "it has service, ingress, pod"),
    (f"{SPEC},replicas=2", {"grid": (("via", ("pod",)),)}, "it has service, ingress"),
    (SPEC, {"regions": "a=5ms,b=9ms"}, "whose load runs in the cluster"),
])  # fmt: skip
def test_a_way_that_is_none_is_refused_before_anything_starts(spec: str, changes: Any, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        check_ways(plan_of(spec, **changes))


def test_without_records_the_cell_fails_in_one_line(
    cluster: FakeCluster, setup_of: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def save(self: Kubectl, *words: str, **_: Any) -> None:
        raise KubectlError("stream was reset")

    monkeypatch.setattr(Kubectl, "save", save)
    load: Any = SimpleNamespace(kubectl=Kubectl("east", "prod"))
    with pytest.raises(KubectlError, match="records do not come back: stream was reset"):
        JobLoad._fetch(load, "p", tmp_path / "c")
