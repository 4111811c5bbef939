"""From rendered manifests to the pod that podman plays, with its probes."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from sweep.deployments.pods.played import Changes, beside, image_of, left_out, listens_at, played
from sweep.deployments.pods.probes import Probe, Tally, pause_before, played_probe

RENDERED = """
kind: ConfigMap
metadata: {name: target}
data: {CACHE_DIR: /cache}
---
kind: Deployment
metadata: {name: target}
spec:
  template:
    spec:
      serviceAccountName: target
      nodeSelector: {disk: fast}
      securityContext: {runAsUser: 10001}
      initContainers: [{name: seed, image: app:1, volumeMounts: [{name: cache, mountPath: /cache}]}]
      containers:
        - name: target
          image: app:1
          command: [serve, --host, 0.0.0.0, --port, "8001", --also=8001]
          ports: [{name: http, containerPort: 8001}]
          envFrom: [{configMapRef: {name: target}}]
          env:
            - {name: MODE, value: old}
            - {name: KEY, valueFrom: {secretKeyRef: {name: llm, key: k, optional: true}}}
          readinessProbe: {httpGet: {path: /ready, port: http, httpHeaders: [{name: A, value: b}]}}
          livenessProbe: {tcpSocket: {port: 9}, periodSeconds: 5, timeoutSeconds: 2, failureThreshold: 6}
          resources: {limits: {cpu: 500m}}
          volumeMounts: [{name: cache, mountPath: /cache}]
        - {name: proxy, image: registry.example/p:2}
      volumes: [{name: cache, emptyDir: {}}]
"""
CHANGES = Changes(
    name="chokepoint-1", labels={"a": "b"}, port=4000, environment={"MODE": "new"}, folders={"/in": True}
)


def documents(text: str = RENDERED) -> list[Any]:
    return list(yaml.safe_load_all(text))


def test_a_pod_is_the_deployment_s_with_what_the_sweep_changes() -> None:
    config, pod = played(documents(), CHANGES)
    spec = pod["spec"]
    target, proxy = spec["containers"]
    assert config["kind"] == "ConfigMap"
    assert pod["metadata"] == {"name": "chokepoint-1", "labels": {"a": "b"}}
    assert (spec["hostNetwork"], spec["restartPolicy"]) == (True, "Never")
    assert not {"serviceAccountName", "nodeSelector"} & spec.keys()
    assert target["command"] == ["serve", "--host", "127.0.0.1", "--port", "4000", "--also=4000"]
    assert target["env"] == [{"name": "CACHE_DIR", "value": "/cache"}, {"name": "MODE", "value": "new"}]
    assert ("envFrom" in target, target["resources"]) == (False, {"limits": {"cpu": "500m"}})
    odd = RENDERED.replace("cpu: 500m", "cpu: 1m, memory: 1.5Gi, ephemeral-storage: 1Gi")
    assert played(documents(odd), CHANGES)[-1]["spec"]["containers"][0]["resources"] == {
        "limits": {"cpu": "10m", "memory": "1610612736"}
    }
    assert {(one["image"], one["imagePullPolicy"]) for one in spec["initContainers"] + [target]} == {
        ("localhost/app:1", "Never")
    }
    assert (proxy["image"], "livenessProbe" in target) == ("registry.example/p:2", False)
    # Podman has one room for the volumes of all pods.
    assert [one["name"] for one in target["volumeMounts"]] == ["chokepoint-1-cache", "folder-0"]
    assert [one["name"] for one in spec["volumes"]] == ["chokepoint-1-cache", "folder-0"]
    assert (image_of(documents()), left_out(documents())) == ("localhost/app:1", ("KEY",))


@pytest.mark.parametrize(
    ("words", "port", "played_words"),
    [
        ("[serve]", 8001, "[serve]"),
        ("[gunicorn, -b, '0.0.0.0:8001', --llm=http://llm:8001]", 4000,
         "[gunicorn, -b, '127.0.0.1:4000', --llm=http://llm:8001]"),
        ("[sh, -c, 'exec uvicorn a:b --host 0.0.0.0 --port 8001 --x 18001']", 4000,
         "[sh, -c, 'exec uvicorn a:b --host 127.0.0.1 --port 4000 --x 18001']"),
        ("[serve, $(CACHE_DIR)/x, --bind=0.0.0.0$(AT), $$(AT), $(NOBODY)]", 4000,
         "[serve, /cache/x, --bind=127.0.0.1:4000, $(AT), $(NOBODY)]"),
    ],
)  # fmt: skip
def test_a_command_s_port_and_variables_are_found_wherever_its_words_have_them(
    words: str, port: int, played_words: str
) -> None:
    """Podman fills in no variables."""
    given = RENDERED.replace('[serve, --host, 0.0.0.0, --port, "8001", --also=8001]', words).replace(
        "{name: MODE, value: old}", '{name: PORT, value: "8001"}\n            - {name: AT, value: ":$(PORT)"}'
    )
    assert listens_at(documents(given), 4000) == port
    [*_, pod] = played(documents(given), CHANGES)
    assert pod["spec"]["containers"][0]["command"] == yaml.safe_load(played_words)


def test_what_podman_would_not_take_is_taken_out_of_every_container_and_told_of_the_target() -> None:
    secret = "valueFrom: {secretKeyRef: {name: llm, key: k}}"
    given = RENDERED
    for old, new in (
        ("envFrom: [", "envFrom: [{secretRef: {name: all}}, "),
        ("env:\n", "env:\n            - {name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}\n"),
        ("{name: MODE, value: old}", "{name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}"),
        (f"{secret[:-2]}, optional: true}}}}}}", f'{secret}}}\n            - {{name: DSN, value: "db://$(KEY)@h"}}'),
        ("initContainers: [", "initContainers: [{name: mesh, image: m:1, restartPolicy: Always, env: [E]}, "),
        ("[E]", f"[{{name: A, {secret}}}]"),
    ):  # fmt: skip
        assert old in given
        given = given.replace(old, new)
    assert left_out(documents(given)) == ("DSN", "IP", "KEY", "all of the Secret all")
    spec = played(documents(given), CHANGES)[-1]["spec"]
    mesh, target, _ = spec["containers"]  # one that runs on is none that is waited for
    assert [*beside(documents(given))] == ["mesh", "proxy"]
    assert [one["name"] for one in spec["initContainers"]] == ["seed"]
    assert (mesh["name"], mesh["env"], "restartPolicy" in mesh) == ("mesh", [], False)
    assert {"name": "POD", "value": "chokepoint-1"} in target["env"]
    nothing = RENDERED.replace("volumes: [{name: cache, emptyDir: {}}]", "volumes: null")
    assert played(documents(nothing), CHANGES)[-1]["spec"]["volumes"][0]["name"] == "folder-0"


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("emptyDir: {}", "persistentVolumeClaim: {claimName: x}", "the volume cache .* is of a cluster"),
        ("ports: [{name: http, containerPort: 8001}]", "tty: true", "names no port"),
        ("image: app:1\n", "tty: true\n", "names no image"),
        ("{name: proxy,", "{name: proxy, env: 5,", "the container proxy.env: 5 is no list"),
        ("limits: {cpu: 500m}", "limits: {cpu: 500m}, requests: {cpu: 1}", "target requests more cpu than"),
        ("serviceAccountName: target", "resources: {limits: {cpu: 1}}", "resources of its whole pod"),
    ],
)
def test_what_is_not_played_is_said(old: str, new: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        played(documents(RENDERED.replace(old, new)), CHANGES)


def test_probes_are_read_with_kubernetes_defaults() -> None:
    raw = documents()[1]["spec"]["template"]["spec"]["containers"][0]
    assert played_probe(raw, "readinessProbe", {8001: 4000}) == Probe(
        path="/ready", headers=(("A", "b"),), port=4000, period=10, timeout=1, failures=3
    )
    assert played_probe(raw, "livenessProbe") == Probe(port=9, period=5, timeout=2, failures=6)
    assert played_probe(raw, "startupProbe") is None
    unsaid = {"initialDelaySeconds": None, "periodSeconds": 0, "timeoutSeconds": 0, "failureThreshold": None}
    assert played_probe(
        {**raw, "startupProbe": {"tcpSocket": {"port": 9}, **unsaid}}, "startupProbe"
    ) == Probe(port=9, delay=0, period=10, timeout=1, failures=3)
    for wrong, why in (({"grpc": {"port": 1}}, "none of httpGet"), ({"tcpSocket": {"port": "x"}}, "port x"),
                       ({"httpGet": {"port": 1, "scheme": "HTTPS"}}, "over HTTPS"),
                       ({"tcpSocket": {"port": 9, "host": "db"}}, "asks the host db")):  # fmt: skip
        with pytest.raises(ValueError, match=why):
            played_probe({**raw, "startupProbe": wrong}, "startupProbe")


def test_a_threshold_is_of_results_in_a_row() -> None:
    tally = Tally(probe=Probe(failures=2, successes=2))
    said = [tally.took(one) for one in (False, True, False, False, False, True, False, True, True)]
    assert said == [False, False, False, True, False, False, False, False, True]
    assert [pause_before(count) for count in (0, 1, 2, 3, 9)] == [0, 10, 20, 40, 300]
