"""The pod that podman plays, made of a target's rendered Deployment. Values only."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sweep.deployments.pods.container import Target, limits_of, target_in
from sweep.deployments.pods.environment import Facts, Given, environment_given, expanded
from sweep.deployments.pods.probes import LIVENESS, READINESS, STARTUP
from sweep.deployments.pods.shapes import check_container
from sweep.running.cgroups.limits import Limits

_OF_A_POD = ("securityContext", "hostAliases", "terminationGracePeriodSeconds")
"""What is taken as it is; the rest places it in a cluster, or is of its API server."""
_VOLUMES = ("emptyDir", "configMap")
_NOT_TAKEN = (STARTUP, READINESS, LIVENESS, "ports", "lifecycle", "restartPolicy", "envFrom")
_NAME = "metadata.name"
_EVERYWHERE, _HERE = re.compile(r"(?<![\w.])0\.0\.0\.0(?![\w.])"), "127.0.0.1"
_BEFORE_A_PORT = r"((?:^|[\s=\"']|//)(?:(?:127\.0\.0\.1|localhost|\*|\[::1?\])?:)?)"
_AFTER_A_PORT = r"(?![\w.:-])"


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What a sweep changes of it."""

    name: str
    """Of the pod, and the begin of its volumes' names: podman has one room for those of all pods."""
    labels: Mapping[str, str] = field(default_factory=dict)
    port: int
    """It listens there, as it is in the machine's own network."""
    environment: Mapping[str, str] = field(default_factory=dict)
    folders: Mapping[str, bool] = field(default_factory=dict)
    """Of this machine, at the same place in the container; whether it may write there."""


def image_of(documents: Sequence[Any]) -> str:
    """Raises ValueError."""
    return _image(target_in(documents).raw)


def container_port(raw: Facts) -> int:
    """The port that it is said to listen on. Raises ValueError."""
    ports = raw.get("ports") or ()
    if not ports:
        raise ValueError(f"the container {raw.get('name')} names no port")
    return int(ports[0]["containerPort"])


def listens_at(documents: Sequence[Any], port: int) -> int:
    """The port at which it is reached: ``port``, if its command says which one it is to listen on."""
    raw = target_in(documents).raw
    own, values = container_port(raw), _given(raw, documents).values
    return port if _words(raw, values, own, port) != _words(raw, values, own, own) else own


def played(documents: Sequence[Any], changes: Changes) -> list[dict[str, Any]]:
    """The pod, after the ConfigMaps of its volumes. Raises ValueError for what podman would not play."""
    target = target_in(documents)
    pod = target.pod
    initial = [one for one in pod.get("initContainers") or () if not _runs_on(one)]
    for one in (*initial, *_together(pod)):
        check_container(one, str(one.get("name")))
    spec: dict[str, Any] = {key: pod[key] for key in _OF_A_POD if pod.get(key) is not None}
    spec |= {
        "hostNetwork": True,
        "restartPolicy": "Never",  # the sweep does that, and counts it
        "initContainers": [_own(one, documents, changes) for one in initial],
        "containers": [_container(one, target, documents, changes) for one in _together(pod)],
        "volumes": [*_volumes(pod, changes), *_folders(changes)],
    }
    metadata = {"name": changes.name, "labels": dict(changes.labels)}
    maps = [one for one in documents if isinstance(one, dict) and one.get("kind") == "ConfigMap"]
    return [*maps, {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}]


def beside(documents: Sequence[Any]) -> dict[str, Limits]:
    """Of the containers that run beside the target. Raises ValueError."""
    target = target_in(documents)
    return {str(one["name"]): limits_of(one) for one in _together(target.pod) if one is not target.raw}


def _together(pod: Facts) -> list[Facts]:
    """Those that run at once. Podman would wait for the end of an init container that restarts always."""
    return [*filter(_runs_on, pod.get("initContainers") or ()), *pod["containers"]]


def _runs_on(initial: Facts) -> bool:
    return initial.get("restartPolicy") == "Always"


def left_out(documents: Sequence[Any]) -> tuple[str, ...]:
    """Variables that a Secret of the cluster gives, or that say of the pod what it is not here."""
    return _given(target_in(documents).raw, documents).left_out


def _given(raw: Facts, documents: Sequence[Any], pod: str = "") -> Given:
    return environment_given(raw, documents, limits_of(raw), {_NAME: pod})


def _container(raw: Facts, target: Target, documents: Sequence[Any], changes: Changes) -> dict[str, Any]:
    if raw["name"] != target.raw["name"]:
        return _own(raw, documents, changes)
    values = {**_given(raw, documents, changes.name).values, **changes.environment}
    made = _own(raw, documents, changes) | _words(raw, values, container_port(raw), changes.port)
    made["env"] = _variables(values)
    made["volumeMounts"] = [
        *made.get("volumeMounts", ()),
        *(
            {"name": name, "mountPath": path, "readOnly": not writes}
            for name, (path, writes) in _named(changes).items()
        ),
    ]
    return made


def _own(raw: Facts, documents: Sequence[Any], changes: Changes) -> dict[str, Any]:
    """Any of its containers: its image is here already, its probes are played by the sweep.

    Podman fills in no ``$(VARIABLE)``, and fails for a Secret or a fact of the pod.
    """
    values = _given(raw, documents, changes.name).values
    made: dict[str, Any] = {key: value for key, value in raw.items() if key not in _NOT_TAKEN}
    made |= {"image": _image(raw), "imagePullPolicy": "Never", "env": _variables(values)}
    made |= _command(raw, values)
    made["resources"] = {"limits": _limited(limits_of(raw))}
    if mounts := made.pop("volumeMounts", None):
        made["volumeMounts"] = [{**one, "name": f"{changes.name}-{one['name']}"} for one in mounts]
    return made


def _limited(limits: Limits) -> dict[str, str]:
    """In whole numbers: podman 4 takes 1.5Gi for a thousand million times that."""
    cores, memory = limits.container_cores, limits.memory_bytes
    cpu = {} if cores is None else {"cpu": f"{math.ceil(1000 * cores)}m"}
    return cpu if memory is None else {**cpu, "memory": str(memory)}


def _variables(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": text} for name, text in values.items()]


def _command(raw: Facts, values: Mapping[str, str]) -> dict[str, list[str]]:
    given = {key: list(map(str, raw[key])) for key in ("command", "args") if raw.get(key)}
    return {key: [expanded(word, values) for word in words] for key, words in given.items()}


def _image(raw: Facts) -> str:
    """Podman has an image without a registry's name under that of this machine."""
    image = str(raw.get("image") or "")
    if not image:
        raise ValueError(f"the container {raw.get('name')} names no image")
    host, slash, _ = image.partition("/")
    registry = slash and (host == "localhost" or "." in host or ":" in host)
    return image if registry else f"localhost/{image}"


def _words(raw: Facts, values: Mapping[str, str], own: int, port: int) -> dict[str, list[str]]:
    """Its command with another port, and seen from this machine alone: beside it stand other pods. Words may
    have either in them, as those of a shell and ``--bind=0.0.0.0:8001`` do."""
    number = re.compile(f"{_BEFORE_A_PORT}{own}{_AFTER_A_PORT}")

    def changed(word: str) -> str:
        return number.sub(rf"\g<1>{port}", _EVERYWHERE.sub(_HERE, word))

    return {key: list(map(changed, words)) for key, words in _command(raw, values).items()}


def _volumes(pod: Facts, changes: Changes) -> Iterable[dict[str, Any]]:
    for one in pod.get("volumes") or ():
        kind = next((kind for kind in _VOLUMES if kind in one), None)
        if kind is None:
            what = ", ".join(key for key in one if key != "name")
            raise ValueError(f"the volume {one['name']} ({what}) is of a cluster; podman plays an emptyDir")
        yield {"name": f"{changes.name}-{one['name']}", kind: one[kind]}


def _named(changes: Changes) -> dict[str, tuple[str, bool]]:
    return {f"folder-{at}": one for at, one in enumerate(changes.folders.items())}


def _folders(changes: Changes) -> Iterable[dict[str, Any]]:
    for name, (path, _) in _named(changes).items():
        yield {"name": name, "hostPath": {"path": path, "type": "Directory"}}
