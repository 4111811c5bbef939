"""Pods keep the restricted standard, and what they run is what this repository has."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from kubernetes_validate import utils

from mocks.openai_server import command
from rendered import (
    K8S,
    OVERLAYS,
    ROOT,
    WORKLOADS,
    Object,
    containers,
    named,
    of_kind,
    overlay,
    pod_of,
    reader,
)

DOCKERFILES = sorted(K8S.glob("docker/*.Dockerfile"))
BASE = re.compile(r"^FROM (\S+/\S+:\S+) AS base$", re.MULTILINE)


def target_of(name: str) -> Object:
    """Its container."""
    return dict(pod_of(named(overlay(name), "Deployment", "target"))["spec"]["containers"][0])


def test_every_pod_keeps_the_restricted_standard() -> None:
    hardened = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True}
    for workload in (reader(), *(one for name in OVERLAYS for one in of_kind(overlay(name), *WORKLOADS))):
        spec = pod_of(workload)["spec"]
        assert spec["automountServiceAccountToken"] is False
        assert spec["enableServiceLinks"] is False  # LOCUST_MASTER_PORT=tcp://... in every environment
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["runAsUser"] > 0
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()
        for one in containers(workload):
            assert one["securityContext"] == {**hardened, "capabilities": {"drop": ["ALL"]}}
            assert {"cpu", "memory"} <= one["resources"]["requests"].keys()
            assert re.search(r":(?!latest$)[^:/]+$", one["image"])
    accounts = [one for name in OVERLAYS for one in of_kind(overlay(name), "ServiceAccount")]
    assert {one["automountServiceAccountToken"] for one in accounts} == {False}


@pytest.mark.parametrize("name", OVERLAYS)
def test_workers_have_whole_cores_and_no_quota(name: str) -> None:
    for one in containers(named(overlay(name), "Deployment", "locust-worker")):
        assert int(one["resources"]["requests"]["cpu"]) >= 1
        assert "cpu" not in one["resources"]["limits"]


def test_the_local_target_has_half_a_core_and_nothing_tells_torch() -> None:
    resources, given = target_of("overlays/local")["resources"], {"cpu": "500m", "memory": "2Gi"}
    for kind in ("limits", "requests"):
        assert given.items() <= resources[kind].items()
    assert "_THREADS" not in yaml.dump(overlay("overlays/local"))


def test_probes_know_a_cold_start_and_do_not_kill_what_is_busy() -> None:
    for name in ("overlays/local", "overlays/staging"):
        target = target_of(name)
        startup = target["startupProbe"]
        assert startup["httpGet"]["path"] == "/ready"
        allowed = startup["periodSeconds"] * startup["failureThreshold"]
        assert allowed < named(overlay(name), "Deployment", "target")["spec"]["progressDeadlineSeconds"]
        wait = pod_of(named(overlay(name), "Job", "locust-master"))["spec"]["initContainers"][0]["env"]
        assert {"name": "READY_SECONDS", "value": str(allowed)} in wait
        assert "tcpSocket" in target["livenessProbe"]  # accepted by the kernel, whatever the event loop does


def sample() -> Object:
    return dict(yaml.safe_load((K8S / "operator/locusttest.yaml").read_text()))


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.stem)
def test_images_are_of_one_pinned_base_multi_stage_and_not_root(path: Path) -> None:
    text = path.read_text()
    assert BASE.findall(text) == BASE.findall(DOCKERFILES[0].read_text()) != []
    assert not BASE.findall(text)[0].endswith(":latest")
    assert re.findall(r"^FROM (\S+)", text, re.MULTILINE)[1:] == ["base", "base"]
    assert re.findall(r"^USER (.+)$", text, re.MULTILINE) == ["10001:10001"]
    assert "-c constraints.txt" in text


def test_what_is_packed_is_let_into_the_images_and_nothing_else_is() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    rooms = {package.partition(".")[0] for package in packages}
    assert next(line for line in lines if not line.startswith("#")) == "*"
    let_in = {line[1:] for line in lines if line.startswith("!")}
    assert let_in == rooms | {"pyproject.toml", "constraints.txt", "README.md", "LICENSE"}


def test_the_configmap_of_the_target_holds_settings_that_it_has() -> None:
    from target_app.settings import Settings

    known = {name.upper() for name in Settings.model_fields} | {"HF_HOME", "TORCH_HOME", "HOME"}
    maps = of_kind(overlay("overlays/local"), "ConfigMap")
    assert all(one["data"].keys() <= known for one in maps if one["metadata"]["name"].startswith("target-"))


def options(command: list[str]) -> set[str]:
    return {argument.partition("=")[0] for argument in command if argument.startswith("--")}


def test_locust_has_the_options_and_variables_that_it_is_given() -> None:
    found = importlib.util.find_spec("locust")  # which would patch this process
    assert found
    assert found.origin
    known, spec = Path(found.origin).with_name("argument_parser.py").read_text(), sample()["spec"]
    given = options(spec["master"]["command"].split()) | options(spec["worker"]["command"].split())
    for name in OVERLAYS:
        commands = [c["command"] for one in of_kind(overlay(name), *WORKLOADS) for c in containers(one)]
        given |= {option for command in commands if command[0] == "locust" for option in options(command)}
        maps = of_kind(overlay(name), "ConfigMap")
        given |= {key for one in maps for key in one["data"] if key.startswith("LOCUST_")}
    assert {"--results", "LOCUST_HOST"} <= given
    assert {one for one in given if f'"{one}"' not in known} == {"--results"}  # ours


def test_the_mock_has_the_options_that_it_is_given() -> None:
    mock = next(containers(named(overlay("overlays/local"), "Deployment", "llm-mock")))
    assert options(mock["command"]) <= {option for one in command.params for option in one.opts}


SPEC_FIELDS = {
    "": "image imagePullPolicy imagePullSecrets master worker testFiles scheduling env volumes volumeMounts "
    "security observability",
    "master": "command resources labels annotations autostart autoquit extraArgs",
    "worker": "command replicas resources labels annotations extraArgs",
    "env": "configMapRefs secretRefs variables secretMounts",
    "security": "podSecurityContext containerSecurityContext",
}
"""The fields of locust.io/v2 that the operator's API reference and its types name."""


def pod_by_the_operator(role: str) -> Object:
    """The pod that the operator makes of the sample: what is Kubernetes' own in it can be validated."""
    spec = sample()["spec"]
    mounts = [dict(one) for one in spec["volumeMounts"] if one.get("target", "both") in (role, "both")]
    for one in mounts:
        assert one.pop("target", "both") in ("master", "worker", "both")
    used = {one["name"] for one in mounts}
    container = {
        "name": role, "image": spec["image"], "args": spec[role]["command"].split(), "volumeMounts": mounts,
        "env": spec["env"]["variables"], "resources": spec[role]["resources"],
        "securityContext": spec["security"]["containerSecurityContext"],
    }  # fmt: skip
    pod = {
        "containers": [container], "securityContext": spec["security"]["podSecurityContext"],
        "volumes": [one for one in spec["volumes"] if one["name"] in used],
    }  # fmt: skip
    metadata = {"name": role, "labels": spec[role]["labels"]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": pod}


def test_the_operator_s_sample_has_fields_that_the_operator_knows() -> None:
    one = sample()
    assert (one["apiVersion"], one["kind"]) == ("locust.io/v2", "LocustTest")
    for part, fields in SPEC_FIELDS.items():
        assert (one["spec"][part] if part else one["spec"]).keys() <= set(fields.split()), part
    assert {"image", "master", "worker"} <= one["spec"].keys()
    assert isinstance(one["spec"]["master"]["command"], str)
    assert 1 <= one["spec"]["worker"]["replicas"] <= 500
    assert one["spec"]["master"]["autoquit"].keys() <= {"enabled", "timeout"}


@pytest.mark.parametrize("role", ["master", "worker"])
def test_the_operator_s_pods_are_valid(role: str) -> None:
    assert utils.validate(pod_by_the_operator(role), "1.37", strict=True)
