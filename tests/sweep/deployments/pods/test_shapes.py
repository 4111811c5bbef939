"""Manifests that no API server has checked: each wrong shape is one line that says where it is."""

from pathlib import Path
from typing import Any

import pytest

from sweep.deployments.pods import render
from sweep.deployments.pods.container import container_of
from sweep.running.errors import UsageError

PROBE = {"httpGet": {"path": "/live", "port": 8001, "httpHeaders": [{"name": "A", "value": "b"}]}}
WHOLE = {
    "name": "target",
    "image": None,
    "ports": [{"name": "http", "containerPort": 8001}],
    "resources": {"limits": {"cpu": 1, "memory": "1Gi"}, "requests": None},
    "envFrom": [{"configMapRef": {"name": "map"}}],
    "env": [
        {"name": "N", "value": 5},
        {"name": "M", "valueFrom": {"configMapKeyRef": {"name": "map", "key": "k"}}},
        {"name": "CORES", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": None}}},
    ],
    "livenessProbe": PROBE,
}


def _documents(container: dict[str, Any], data: Any = None) -> list[Any]:
    spec = {"template": {"spec": {"containers": [container]}}}
    return [
        {"kind": "ConfigMap", "metadata": {"name": "map"}, "data": {"k": "v"} if data is None else data},
        {"kind": "Deployment", "metadata": {"name": "target"}, "spec": spec},
    ]


def _asking(**changes: Any) -> dict[str, Any]:
    return {"livenessProbe": {"httpGet": {**PROBE["httpGet"], **changes}}}


def test_null_and_numbers_are_what_kubernetes_takes_them_for() -> None:
    assert container_of(_documents(WHOLE)).environment == {"k": "v", "N": "5", "M": "v", "CORES": "1"}


@pytest.mark.parametrize(("changes", "where"), [
    ({"resources": [1, 2]}, r"resources: \[1, 2\] is no mapping"),
    ({"resources": {"limits": {"cpu": "1e999"}}}, "resources.limits.cpu: '1e999' is more than a"),
    ({"resources": {"limits": {"cpu": {}}}}, r"resources.limits.cpu: \{\} is no quantity"),
    ({"env": [None]}, r"env\[0\]: None is no mapping"),
    ({"env": {"A": "b"}}, r"env: \{'A': 'b'\} is no list"),
    ({"env": [{"value": "b"}]}, r"env\[0\]: it has no name"),
    ({"env": [{"name": "A=B"}]}, r"env\[0\].name: 'A=B' is no name of a variable"),
    ({"env": [{"name": "A", "value": "b\0"}]}, r"env\[0\].value: 'b\\x00' is no text: it has a NUL byte"),
    ({"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "map"}}}]}, "KeyRef: it has no key"),
    ({"envFrom": ["map"]}, r"envFrom\[0\]: 'map' is no mapping"),
    ({"ports": [{"containerPort": 70000}]}, r"ports\[0\].containerPort: 70000 is no port"),
    ({"livenessProbe": "x"}, "livenessProbe: 'x' is no mapping"),
    ({"startupProbe": {**PROBE, "periodSeconds": "5s"}}, "startupProbe.periodSeconds: '5s' is no whole"),
    ({"startupProbe": {**PROBE, "failureThreshold": -1}}, "startupProbe.failureThreshold: -1 is no whole"),
    (_asking(httpHeaders=[5]), r"livenessProbe.httpGet.httpHeaders\[0\]: 5 is no mapping"),
    (_asking(httpHeaders=[{"name": "A\r\nB", "value": ""}]), r"httpHeaders\[0\].name: 'A\\r\\nB' is no name"),
    (_asking(httpHeaders=[{"name": "A", "value": "b\nc"}]), r"httpHeaders\[0\].value: 'b\\nc' is no value"),
    (_asking(path="/a\r\nHost: b"), r"livenessProbe.httpGet.path: '/a\\r\\nHost: b' is no path"),
])  # fmt: skip
def test_another_shape_is_one_line_with_its_container_and_field(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, changes: dict[str, Any], where: str
) -> None:
    monkeypatch.setattr(render, "_documents_in", lambda folder: _documents({**WHOLE, **changes}))
    with pytest.raises(UsageError, match=rf"\A[^\n]*: the container[^\n]*{where}[^\n]*\Z"):
        render.container_in(str(tmp_path), "pod")


@pytest.mark.parametrize(
    ("data", "where"),
    [
        (5, "data: 5 is no mapping"),
        ({"k": []}, r"data.k: \[\] is no text"),
        ({"k=": ""}, "data: 'k=' is no name of a variable"),
    ],
)
def test_so_is_a_config_map_s(data: Any, where: str) -> None:
    with pytest.raises(ValueError, match=f"the ConfigMap map.{where}"):
        container_of(_documents(WHOLE, data))


def test_what_is_not_looked_at_so_closely_is_one_line_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    documents = _documents(WHOLE)
    monkeypatch.setattr(render, "_documents_in", lambda folder: documents)
    with pytest.raises(UsageError, match=r"\A[^\n]*another shape than Kubernetes' \(TypeError: [^\n]*\Z"):
        render.understood(str(tmp_path), "podman", lambda found: found["pod"])
