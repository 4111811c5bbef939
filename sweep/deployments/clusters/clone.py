"""A Deployment again, under labels of its own, with fixed replicas and a variant's settings; its Service."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping
from copy import deepcopy
from typing import Any

from sweep.deployments.clusters.spec import Spec
from sweep.running.errors import UsageError
from sweep.running.in_clusters import CLONE_LABEL, RUN_LABEL
from sweep.running.left_in_cluster import BY_LABEL, made_by

OF_LABEL = "chokepoint/clone-of"
"""The Deployment whose clone it is."""
_LONGEST = 63
_LONGEST_BASE = 40


def clone_name(deployment: str) -> str:
    """A new one each time: what a killed sweep left is in nobody's way."""
    return f"{deployment[:_LONGEST_BASE].rstrip('-.').replace('.', '-')}-cp-{uuid.uuid4().hex[:8]}"


def own_labels(name: str, run: str) -> dict[str, str]:
    """Of all that is made in a cluster; ``name``: under which it is."""
    return {
        CLONE_LABEL: name,
        RUN_LABEL: label_value(run),
        BY_LABEL: made_by(),
        "app.kubernetes.io/managed-by": "chokepoint",
    }


def label_value(text: str) -> str:
    """As the value of a label may be."""
    kept = "".join(sign if sign.isascii() and (sign.isalnum() or sign in "-_.") else "-" for sign in text)
    return kept[:_LONGEST].strip("-_.")


def container_of(template: Mapping[str, Any], spec: Spec) -> dict[str, Any]:
    """That whose environment is set. Raises UsageError."""
    containers: list[dict[str, Any]] = (template.get("spec") or {}).get("containers") or []
    found = [one for one in containers if spec.container in ("", one.get("name"))]
    if not found:
        there = ", ".join(str(one.get("name")) for one in containers)
        raise UsageError(f"{spec.deployment} has no container {spec.container!r}; it has {there}")
    return found[0]


def port_of(container: Mapping[str, Any], spec: Spec) -> int:
    """Raises UsageError."""
    if spec.port:
        return spec.port
    ports = [one.get("containerPort") for one in container.get("ports") or ()]
    if not ports or not isinstance(ports[0], int):
        raise UsageError(
            f"{spec.deployment}: its container {container.get('name')} names no port: say port=N"
        )
    return ports[0]


def with_settings(environment: Iterable[Mapping[str, Any]], settings: Mapping[str, str]) -> list[Any]:
    """An environment in which the settings stand; they come last, and may name ``$(OTHERS)`` nowhere."""
    kept = [dict(one) for one in environment if one.get("name") not in settings]
    # A dollar sign is doubled, so that it stays one: $(NAME) would else be another variable's value.
    return [*kept, *({"name": name, "value": text.replace("$", "$$")} for name, text in settings.items())]


def literals(template: Mapping[str, Any]) -> list[str]:
    """All values that stand in its containers' environments: no message repeats them."""
    spec = template.get("spec") or {}
    containers = (*(spec.get("initContainers") or ()), *(spec.get("containers") or ()))
    return [str(one["value"]) for each in containers for one in each.get("env") or () if one.get("value")]


def clone_of(
    deployment: Mapping[str, Any],
    spec: Spec,
    *,
    name: str,
    run: str,
    settings: Mapping[str, str],
    selected_by: Collection[str],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The clone and its Service. ``selected_by``: the labels that the namespace's Services select pods by.

    Raises:
        UsageError: there is no such container, or no port.
    """
    given = deployment["spec"]
    template = deepcopy(given["template"])
    own = {**own_labels(name, run), OF_LABEL: label_value(spec.deployment)}
    metadata = template.setdefault("metadata", {})
    # By a label of the original's, its Service would send the clone its users.
    selector = given.get("selector") or {}
    expressions = {one.get("key") for one in selector.get("matchExpressions") or ()}
    theirs = {*(selector.get("matchLabels") or ()), *expressions, *selected_by}
    kept = {key: text for key, text in (metadata.get("labels") or {}).items() if key not in theirs}
    template["metadata"] = {"labels": {**kept, **own}, "annotations": metadata.get("annotations") or {}}
    container = container_of(template, spec)
    container["env"] = with_settings(container.get("env") or (), settings)
    port = port_of(container, spec)
    clone = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        # Nothing of the original's own: by its labels and annotations Argo CD and Flux know what is theirs.
        "metadata": {"name": name, "labels": own},
        "spec": {
            "replicas": spec.replicas or 1,
            "selector": {"matchLabels": {CLONE_LABEL: name}},
            "strategy": {"type": "Recreate"},
            "revisionHistoryLimit": 0,
            "template": template,
            **{key: given[key] for key in ("progressDeadlineSeconds", "minReadySeconds") if key in given},
        },
    }
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "labels": own},
        "spec": {
            "selector": {CLONE_LABEL: name},
            "ports": [{"name": "http", "port": port, "targetPort": port}],
        },
    }
    return clone, service
