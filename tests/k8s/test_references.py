"""What one object says of another is so: kustomize and the schemas look at each alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from rendered import OVERLAYS, WORKLOADS, Object, containers, named, of_kind, overlay, pod_of, reader

pytestmark = pytest.mark.parametrize("name", OVERLAYS)
OPERATORS = {"In"}
OPTIONAL_HOSTS = {"chokepoint.example.com"}
"""Which the user replaces."""


def matches(selector: dict[str, Any], pod: Object) -> bool:
    labels = pod["metadata"]["labels"]
    wanted = selector.get("matchLabels", {})
    expressions = selector.get("matchExpressions", [])
    assert {one["operator"] for one in expressions} <= OPERATORS
    return wanted.items() <= labels.items() and all(labels.get(e["key"]) in e["values"] for e in expressions)


def pods(name: str) -> list[Object]:
    return [pod_of(one) for one in of_kind(overlay(name), *WORKLOADS)]


def port_names(pod: Object) -> dict[Any, int]:
    found = [port for one in pod["spec"]["containers"] for port in one.get("ports", [])]
    return {key: port["containerPort"] for port in found for key in (port["name"], port["containerPort"])}


def test_selectors_match_the_labels_of_pods(name: str) -> None:
    for one in of_kind(overlay(name), "Deployment"):
        assert matches(one["spec"]["selector"], pod_of(one))
    for one in of_kind(overlay(name), "PodDisruptionBudget"):
        assert [matches(one["spec"]["selector"], pod) for pod in pods(name)].count(True) == 1
    for one in of_kind(overlay(name), "Service"):
        chosen = [pod for pod in pods(name) if matches({"matchLabels": one["spec"]["selector"]}, pod)]
        assert len(chosen) == 1, one["metadata"]["name"]
        assert {port["targetPort"] for port in one["spec"]["ports"]} <= port_names(chosen[0]).keys()


def peers(policy: Object, direction: str, other: str) -> Iterator[tuple[list[Object], dict[str, Any]]]:
    for rule in policy["spec"].get(direction) or []:
        yield rule.get(other, []), rule


def ports_exist(rule: dict[str, Any], there: list[Object]) -> bool:
    """Are there pods, and have they the rule's ports?"""
    return bool(there) and {port["port"] for port in rule["ports"]} <= {
        p for one in there for p in port_names(one)
    }


def test_network_policies_name_pods_and_ports_that_exist(name: str) -> None:
    def chosen(selector: dict[str, Any]) -> list[Object]:
        return [pod for pod in pods(name) if matches(selector, pod)]

    for policy in of_kind(overlay(name), "NetworkPolicy"):
        guarded = chosen(policy["spec"]["podSelector"])
        assert guarded, policy["metadata"]["name"]
        for others, rule in peers(policy, "ingress", "from"):
            assert ports_exist(rule, guarded)
            assert all(chosen(other["podSelector"]) for other in others if "podSelector" in other)
        for others, rule in peers(policy, "egress", "to"):
            assert all(ports_exist(rule, chosen(other["podSelector"])) for other in others)


def test_5557_is_reached_by_workers_alone(name: str) -> None:
    master = pod_of(named(overlay(name), "Job", "locust-master"))
    policies = [
        policy
        for policy in of_kind(overlay(name), "NetworkPolicy")
        if matches(policy["spec"]["podSelector"], master) and "Ingress" in policy["spec"]["policyTypes"]
    ]
    assert policies
    inside = [o for one in policies for others, _ in peers(one, "ingress", "from") for o in others]
    assert inside == [{"podSelector": {"matchLabels": {"app.kubernetes.io/name": "locust-worker"}}}]
    assert {one["spec"].get("type", "ClusterIP") for one in of_kind(overlay(name), "Service")} == {
        "ClusterIP"
    }


def test_configmaps_accounts_claims_and_volumes_exist(name: str) -> None:
    objects = overlay(name)
    there = {(one["kind"], one["metadata"]["name"]) for one in objects}
    for workload in [*of_kind(objects, *WORKLOADS), reader()]:
        spec = pod_of(workload)["spec"]
        assert ("ServiceAccount", spec["serviceAccountName"]) in there
        volumes = {volume["name"]: volume for volume in spec["volumes"]}
        for volume in volumes.values():
            if claim := volume.get("persistentVolumeClaim"):
                assert ("PersistentVolumeClaim", claim["claimName"]) in there
        mounted = {mount["name"] for one in containers(workload) for mount in one.get("volumeMounts", [])}
        assert mounted == volumes.keys()
        for one in containers(workload):
            for source in one.get("envFrom", []):
                assert ("ConfigMap", source["configMapRef"]["name"]) in there
            secrets = [e["valueFrom"]["secretKeyRef"] for e in one.get("env", []) if "secretKeyRef" in str(e)]
            assert all(reference["optional"] for reference in secrets)


def values(workload: Object, objects: list[Object]) -> dict[str, str]:
    """What its containers are told in words: ConfigMaps, environment, arguments."""
    told = {}
    for one in containers(workload):
        for source in one.get("envFrom", []):
            told.update(named(objects, "ConfigMap", source["configMapRef"]["name"])["data"])
        told.update({e["name"]: e["value"] for e in one.get("env", []) if "value" in e})
        told.update(argument[2:].split("=", 1) for argument in one["command"] if re.match("--.*=", argument))
    return told


def test_services_named_in_the_environment_exist_with_their_ports(name: str) -> None:
    objects = overlay(name)
    found = of_kind(objects, "Service")
    services = {(one["metadata"]["name"], port["port"]) for one in found for port in one["spec"]["ports"]}
    for workload in of_kind(objects, *WORKLOADS):
        told = values(workload, objects)
        urls = [urlsplit(value) for value in told.values() if value.startswith("http")]
        assert {(u.hostname, u.port) for u in urls if u.hostname not in OPTIONAL_HOSTS} <= services
        if "master-host" in told:
            assert (told["master-host"], int(told["master-port"])) in services


def test_the_master_expects_as_many_workers_as_there_are(name: str) -> None:
    objects = overlay(name)
    told = values(named(objects, "Job", "locust-master"), objects)
    workers = named(objects, "Deployment", "locust-worker")
    assert int(told["LOCUST_EXPECT_WORKERS"]) == workers["spec"]["replicas"]


def test_a_variable_in_an_argument_is_in_the_environment(name: str) -> None:
    for workload in of_kind(overlay(name), *WORKLOADS):
        for one in containers(workload):
            wanted = {found for argument in one["command"] for found in re.findall(r"\$\((\w+)\)", argument)}
            assert wanted <= {e["name"] for e in one.get("env", [])}
