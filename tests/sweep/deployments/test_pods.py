"""From rendered manifests to what a process is given."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from records.options.quantity import quantity
from sweep.deployments.catalogue import kind_of
from sweep.deployments.confinement import Confinement
from sweep.deployments.pod import EqualCpu, Pod
from sweep.deployments.pods import render
from sweep.deployments.pods.container import container_of
from sweep.planning.options import parse_targets
from sweep.planning.target import with_sizes
from sweep.running.cpus import as_if
from sweep.running.errors import UsageError

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


@pytest.mark.parametrize("said", ["", "2GiB", "1e3Ki", "m", "-1", "1 Gi", None, True, "0x1", "٣"])
def test_what_is_no_quantity_is_refused(said: Any) -> None:
    with pytest.raises(ValueError, match=r"quantity|below zero"):
        quantity(said)


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


def test_a_pod_is_told_nothing_of_this_machine_s_threads_and_waits_as_its_probe(setup_of: Any) -> None:
    limits = kind_of("pod").limits()  # type: ignore[attr-defined]
    confinement = Confinement(limits=limits, environment={"A": "1"}, ready_seconds=1200.0)
    assert confinement.environment_in({"OMP_NUM_THREADS": "2", "B": "2"}) == {"A": "1", "B": "2"}
    assert confinement.waited_for(setup_of()).ready_seconds == 1200.0
    assert confinement.waited_for(setup_of(ready_seconds=5.0)).ready_seconds == 5.0


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
