"""From rendered manifests to what a process is given."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from records.options.quantity import quantity
from support import wait_until
from sweep.deployments.catalogue import kind_of
from sweep.deployments.confinement import Confinement
from sweep.deployments.pod import EqualCpu, Pod
from sweep.deployments.pods import render
from sweep.deployments.pods.container import container_of
from sweep.deployments.pods.here import ProcessEngine, probes_here, unplayed_probes
from sweep.deployments.pods.life import Life, Probes
from sweep.deployments.pods.probes import Probe
from sweep.deployments.pods.probing import fault_of
from sweep.deployments.start_options import READY_SECONDS
from sweep.planning.options import parse_targets
from sweep.planning.target_options import with_sizes
from sweep.running.cgroups.choice import Cgroups
from sweep.running.cgroups.group import Group, members
from sweep.running.cgroups.limits import Limits
from sweep.running.cpus import as_if
from sweep.running.errors import UsageError
from sweep.running.processes import Child, free_port

RENDERED = """
kind: ConfigMap
metadata: {name: target-h4sh}
data: {TORCH_THREADS: "3", CACHE_DIR: /cache, HOME: /tmp, OPENAI_BASE_URL: "http://llm-mock:8002/v1"}
---
kind: Deployment
metadata: {name: llm-mock}
spec: {template: {spec: {containers: [{name: llm, resources: {limits: {cpu: 9}}}]}}}
---
kind: Deployment
metadata: {name: eu-target}
spec:
  template:
    spec:
      containers:
        - {name: proxy, resources: {limits: {cpu: 8}}}
        - name: target
          envFrom: [{configMapRef: {name: target-h4sh}}, {configMapRef: {name: gone, optional: true}}]
          env:
            - {name: LLM_MODEL, value: mine}
            - {name: DB_PASSWORD, value: s3cret}
            - {name: PG_DSN, value: "postgres://u:s3cret@h/d"}
            - {name: KEY, valueFrom: {secretKeyRef: {name: llm, key: k}}}
            - {name: CORES, valueFrom: {resourceFieldRef: {resource: limits.cpu}}}
            - {name: AGAIN, valueFrom: {configMapKeyRef: {name: target-h4sh, key: TORCH_THREADS}}}
          startupProbe: {httpGet: {path: /up, port: http}, periodSeconds: 5, failureThreshold: 24}
          resources: {requests: {cpu: 250m}, limits: {cpu: 500m, memory: 2Gi}}
"""


@pytest.mark.parametrize(("said", "value"), [
    ("500m", "0.5"), ("2Gi", str(2 * 1024**3)), ("1.5", "1.5"), ("1e3m", "1"), (2, "2"), ("128M", "128e6"),
    ("1E", "1e18"), ("1E2", "100"), (".5k", "500"), ("100n", "1e-7"), (0.25, "0.25"),
])  # fmt: skip
def test_a_quantity_is_read_as_kubernetes_reads_it(said: Any, value: str) -> None:
    assert quantity(said) == Decimal(value)


@pytest.mark.parametrize("said", ["", "2GiB", "1e3Ki", "m", "-1", "1 Gi", None, True, "0x1", "٣", "1e999"])
def test_what_is_no_quantity_is_refused(said: Any) -> None:
    with pytest.raises(ValueError, match=r"quantity|below zero"):
        quantity(said)


@pytest.fixture
def confined_here() -> Iterator[Group]:
    """A group of this machine's, of little memory."""
    try:
        group = Cgroups.here().make(Limits(cpu_cores=1.0, cpu_request_cores=1.0, memory_bytes=64 << 20))
    except UsageError as error:
        pytest.skip(str(error))
    yield group
    group.remove()


@pytest.fixture
def overlay(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """A folder that is rendered to such text."""

    def of(text: str) -> str:
        monkeypatch.setattr(render, "rendered", lambda folder: text)
        render._documents_in.cache_clear()
        return str(tmp_path)

    yield of
    render._documents_in.cache_clear()


def test_a_container_is_what_its_manifests_say(overlay: Any) -> None:
    found = render.container_in(overlay(RENDERED), "pod")
    limits = found.limits
    assert (found.name, found.ready_path, found.ready_seconds) == ("eu-target", "/up", 120.0)
    assert (limits.cpu_cores, limits.cpu_request_cores, limits.memory_bytes) == (0.5, 0.25, 2 << 30)
    assert found.environment == {"TORCH_THREADS": "3", "LLM_MODEL": "mine", "CORES": "1", "AGAIN": "3"}
    assert found.left_out == ("CACHE_DIR", "DB_PASSWORD", "HOME", "KEY", "OPENAI_BASE_URL", "PG_DSN")
    shares = []
    for resources in ({"limits": {"cpu": "2"}}, None):  # without a request the limit, without both nothing
        inner = {"template": {"spec": {"containers": [{"name": "x", "resources": resources}]}}}
        limits = container_of([{"kind": "Deployment", "metadata": {"name": "x"}, "spec": inner}]).limits
        shares.append(limits.shares)
    assert (shares, limits.quota_us) == ([2048, 2], None)


@pytest.mark.parametrize(("text", "why"), [
    ("kind: Service", "one Deployment called target is wanted; there is none"), ("a: [", "no YAML"),
    ("kind: Deployment\nmetadata: {name: target}", "has no containers"),
    (RENDERED.replace("500m", "half"), "cpu: 'half' is no quantity"),
    (RENDERED.replace("kind: ConfigMap", "kind: Other"), "there is no ConfigMap target-h4sh"),
])  # fmt: skip
def test_what_cannot_be_read_is_one_line(overlay: Any, text: str, why: str) -> None:
    with pytest.raises(UsageError, match=rf"\A[^\n]*{why}[^\n]*\Z"):
        render.container_in(overlay(text), "pod")


def test_the_arm_of_equal_cpu_has_as_much_of_it_in_short_periods_and_threads_that_fit(overlay: Any) -> None:
    where = overlay(RENDERED)
    pod, equal = Pod(where).limits(), EqualCpu(where).limits()
    assert (pod.quota_us, pod.period_us) == (50_000, 100_000)
    assert (equal.quota_us, equal.period_us, equal.memory_bytes) == (5000, 10_000, None)
    assert equal.shares == pod.shares
    with pytest.raises(UsageError, match="limits no CPU"):
        EqualCpu(overlay(RENDERED.replace("cpu: 500m, ", ""))).limits()


UNKNOWN = "the livenessProbe is none of httpGet, tcpSocket, exec, which are played here"


@pytest.mark.parametrize(("probe", "why"), [
    ({"httpGet": {"path": "/live", "port": "http"}}, None),
    ({"tcpSocket": {"port": 8001}}, None),
    ({"exec": {"command": ["true"]}}, "the livenessProbe runs a command of the image, which is not there"),
    ({"tcpSocket": {"port": 9}}, "the livenessProbe is of port 9, at which another program listens"),
    ({"grpc": {"port": 8001}}, UNKNOWN),
])  # fmt: skip
def test_probes_are_asked_of_the_process_at_its_own_port(probe: dict[str, Any], why: str | None) -> None:
    raw = {
        "ports": [{"name": "http", "containerPort": 8001}],
        "livenessProbe": {**probe, "periodSeconds": 3},
        "readinessProbe": {"httpGet": {"port": "http"}},
    }
    probes = probes_here(raw, 4000)
    assert probes.startup is None
    assert probes.readiness == Probe(path="/", port=4000)
    assert unplayed_probes(raw) == ((why,) if why else ())
    assert (probes.liveness is None) == (why is not None)
    if probes.liveness:
        assert (probes.liveness.port, probes.liveness.period) == (4000, 3)


SERVER = """
import http.server, os, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(503 if os.path.exists(sys.argv[2]) else 200)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
"""


def test_a_pod_that_fails_its_liveness_probe_is_killed_and_started_again_in_its_group(
    confined_here: Group, child: Any, tmp_path: Path
) -> None:
    port, sick = free_port(), tmp_path / "sick"

    def spawn() -> Child:
        words = ["-c", SERVER, str(port), str(sick)]
        found: Child = child(words, group=confined_here, ours=False)
        return found

    def asked(probe: Probe) -> Future[str]:
        done: Future[str] = Future()
        done.set_result(fault_of(probe, lambda words, seconds: False))
        return done

    engine = ProcessEngine(child=spawn(), spawn=spawn, group=confined_here)
    live = Probe(path="/", port=port, period=0.05, failures=2)
    life = Life(engine=engine, probes=Probes(startup=live, liveness=live), submit=asked, startup_seconds=60.0)
    try:
        life.begin(time.monotonic())
        first = life.pid

        def stepped(until: Callable[[], bool]) -> bool:
            life.step(time.monotonic())
            return until()

        wait_until(lambda: stepped(lambda: life.ready))
        sick.touch()
        wait_until(lambda: stepped(lambda: life.counts(0).killed == 1))
        sick.unlink()
        wait_until(lambda: stepped(lambda: life.ready and life.pid != first))
        assert engine.child.exit_code() is None
        assert life.counts(0).restarts == 1
        assert members(confined_here.folders[0]) == [life.pid]
    finally:
        engine.child.stop()


def test_a_pod_that_its_memory_limit_killed_is_not_started_again(confined_here: Group, child: Any) -> None:
    one = child("x = b'x' * (512 << 20)", group=confined_here, ours=False)
    engine = ProcessEngine(child=one, spawn=lambda: one, group=confined_here)
    life = Life(engine=engine, probes=Probes(), submit=lambda probe: Future(), startup_seconds=60.0)
    life.begin(0.0)
    assert one.wait(60) == -9
    life.step(1.0)
    assert life.over == "killed for want of memory"
    one.stop()


def test_a_pod_is_told_nothing_of_this_machine_s_threads_and_waits_as_its_probe(setup_of: Any) -> None:
    limits = kind_of("pod").limits()  # type: ignore[attr-defined]
    confinement = Confinement(limits=limits, environment={"A": "1"}, ready_seconds=1200.0)
    assert confinement.environment_in({"OMP_NUM_THREADS": "2", "B": "2"}) == {"A": "1", "B": "2"}
    assert confinement.waited_for(setup_of()).ready_seconds == 1200.0
    for given in (5.0, READY_SECONDS):  # also what would be waited where nobody says anything
        assert confinement.waited_for(setup_of(ready_seconds=given)).longest_start == given
    silent = Confinement(limits=limits)
    assert silent.waited_for(setup_of()).longest_start == READY_SECONDS


def test_specs_of_pods_and_a_node_s_cores_which_size_pods_alone() -> None:
    specs = ("pod", "pod:local", "pod:a/staging", "local-equal-cpu")
    assert [kind_of(spec).name for spec in specs] == ["pod", "pod", "pod-staging", "local-equal-cpu"]
    with pytest.raises(UsageError, match="wants the name or the folder"):
        kind_of("pod:")
    with pytest.raises(UsageError, match=r"there is no overlay .*nosuch; there are .*local"):
        Pod("nosuch").limits()
    assert as_if(32)["DEFAULT_EXECUTOR_THREADS"] == "32"
    assert (as_if(2)["DEFAULT_EXECUTOR_THREADS"], as_if(2)["OMP_NUM_THREADS"]) == ("6", "2")
    assert as_if(32)["MKL_DYNAMIC"] == "FALSE"  # else it stops at the cores that there are
    assert "TORCH_THREADS" not in as_if(32)  # the setting that mends it
    both = with_sizes(parse_targets(["local", "pod"]), 32)
    assert [one.as_if_cores for one in both] == [None, 32]
    assert both[1].kept()["as_if_cores"] == "32"
    with pytest.raises(UsageError, match="--as-if-cores sizes a pod; there is none"):
        with_sizes(parse_targets(["local"]), 32)
