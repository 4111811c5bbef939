"""The pod that podman plays, made of a target's rendered Deployment. Values only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sweep.deployments.pods.container import Facts, Target, target_in
from sweep.deployments.pods.probes import LIVENESS, READINESS, STARTUP

_OF_A_POD = ("initContainers", "securityContext", "hostAliases", "terminationGracePeriodSeconds")
"""What is taken as it is; the rest places it in a cluster, or is of its API server."""
_VOLUMES = ("emptyDir", "configMap")
_IN_CLUSTERS_ALONE = ("secretKeyRef",)
_EVERYWHERE, _HERE = "0.0.0.0", "127.0.0.1"


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


def listens_at(raw: Facts, port: int) -> int:
    """The port at which it is reached: ``port``, if its command says which one it is to listen on."""
    own = container_port(raw)
    return port if _words(raw, own, port) != _words(raw, own, own) else own


def played(documents: Sequence[Any], changes: Changes) -> list[dict[str, Any]]:
    """The pod, after the ConfigMaps that it names. Raises ValueError for what podman would not play."""
    target = target_in(documents)
    pod = target.pod
    containers = [_container(one, target, changes) for one in pod["containers"]]
    spec: dict[str, Any] = {key: pod[key] for key in _OF_A_POD if key in pod}
    if "initContainers" in spec:
        spec["initContainers"] = [_own(one, changes) for one in spec["initContainers"]]
    spec |= {
        "hostNetwork": True,
        "restartPolicy": "Never",  # the sweep does that, and counts it
        "containers": containers,
        "volumes": [*_volumes(pod, changes), *_folders(changes)],
    }
    metadata = {"name": changes.name, "labels": dict(changes.labels)}
    maps = [one for one in documents if isinstance(one, dict) and one.get("kind") == "ConfigMap"]
    return [*maps, {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}]


def left_out(documents: Sequence[Any]) -> tuple[str, ...]:
    """Variables that a Secret of the cluster gives."""
    env = target_in(documents).raw.get("env") or ()
    return tuple(sorted(str(one["name"]) for one in env if _of_a_cluster(one)))


def _of_a_cluster(variable: Facts) -> bool:
    return any(key in (variable.get("valueFrom") or {}) for key in _IN_CLUSTERS_ALONE)


def _container(raw: Facts, target: Target, changes: Changes) -> dict[str, Any]:
    if raw["name"] != target.raw["name"]:
        return _own(raw, changes)
    port = container_port(raw)
    set_to = [{"name": name, "value": text} for name, text in changes.environment.items()]
    kept = [one for one in raw.get("env") or () if one["name"] not in changes.environment]
    words = _words(raw, port, changes.port)
    made = _own(raw, changes) | words
    made["env"] = [*(one for one in kept if not _of_a_cluster(one)), *set_to]
    made["volumeMounts"] = [
        *made.get("volumeMounts", ()),
        *(
            {"name": name, "mountPath": path, "readOnly": not writes}
            for name, (path, writes) in _named(changes).items()
        ),
    ]
    return made


def _own(raw: Facts, changes: Changes) -> dict[str, Any]:
    """Any of its containers: its image is here already, its probes are played by the sweep."""
    not_played = (STARTUP, READINESS, LIVENESS, "ports", "lifecycle")
    made: dict[str, Any] = {key: value for key, value in raw.items() if key not in not_played}
    made |= {"image": _image(raw), "imagePullPolicy": "Never"}
    if mounts := made.pop("volumeMounts", None):
        made["volumeMounts"] = [{**one, "name": f"{changes.name}-{one['name']}"} for one in mounts]
    return made


def _image(raw: Facts) -> str:
    """Podman has an image without a registry's name under that of this machine."""
    image = str(raw.get("image") or "")
    if not image:
        raise ValueError(f"the container {raw.get('name')} names no image")
    host, slash, _ = image.partition("/")
    registry = slash and (host == "localhost" or "." in host or ":" in host)
    return image if registry else f"localhost/{image}"


def _words(raw: Facts, own: int, port: int) -> dict[str, list[str]]:
    """Its command with another port, and seen from this machine alone: beside it stand other pods."""

    def changed(word: str) -> str:
        if word == _EVERYWHERE:
            return _HERE
        name, equals, value = word.partition("=")
        if equals and name.startswith("-"):
            return f"{name}={changed(value)}"
        return str(port) if word == str(own) else word

    given = {key: list(map(str, raw[key])) for key in ("command", "args") if raw.get(key)}
    return {key: list(map(changed, words)) for key, words in given.items()}


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
