"""A cell's load as a Job: the master of ``k8s/base``, beside a container that keeps its records."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from sweep.deployments.clusters.clone import own_labels

LOAD, KEEPER = "load", "results"
"""Its containers. The second one sleeps, so that the records can be fetched when the first one has ended."""
RESULTS, CELL = "/results", "/results/cell"
FILES = "/order"
LOCUSTFILES = "locustfiles"
"""In the folder in which the image begins."""
_KEEPER_RESOURCES = {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}}
_STARTS_SECONDS = 1200
"""For its image to be pulled and a node to be added, before the cluster itself ends what nobody waits for."""
_KEPT_SECONDS = 600
_MEMORY_MI = 512
"""A load worker, and its master, as in ``k8s/base``."""


class NoLoad(ValueError):
    """What was rendered has no such Job."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """What one is made of besides the manifests."""

    name: str
    run: str
    words: Sequence[str]
    files: Mapping[str, bytes]
    processes: int
    seconds: float
    image: str = ""
    private: Mapping[str, str] = field(default_factory=dict)
    """Variables that say what is sent and kept nowhere, a key above all; without one its value is, as the
    manifests say, that of the Secret ``target``, if there is one."""


def master_in(documents: Iterable[Any]) -> dict[str, Any]:
    """The pod template of ``k8s/base/load``'s Job. Raises NoLoad."""
    for one in documents:
        if isinstance(one, dict) and one.get("kind") == "Job":
            found: dict[str, Any] = one["spec"]["template"]
            return found
    raise NoLoad("there is no Job in it")


def load_job(template: Mapping[str, Any], job: Job) -> tuple[dict[str, Any], dict[str, Any]]:
    """The Secret of what the load is told, for there may be a key and certificates in it; and the Job."""
    labels = own_labels(job.name, job.run)
    metadata = {"name": job.name, "labels": labels}
    told = {**job.files, **{name: text.encode() for name, text in job.private.items()}}
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata,
        "data": {name: base64.b64encode(text).decode() for name, text in told.items()},
    }
    made = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": metadata,
        "spec": {
            "backoffLimit": 0,
            # Where nobody is left to remove it, it ends by itself.
            "activeDeadlineSeconds": round(job.seconds) + _STARTS_SECONDS + _KEPT_SECONDS,
            "ttlSecondsAfterFinished": _KEPT_SECONDS,
            "template": {"metadata": {"labels": labels}, "spec": _pod(template["spec"], job)},
        },
    }
    return secret, made


def _pod(given: Mapping[str, Any], job: Job) -> dict[str, Any]:
    spec = deepcopy(dict(given))
    spec.pop("serviceAccountName", None)  # the namespace's own: ours may not be there
    load = spec["containers"][0]
    load.pop("ports", None)
    load.pop("envFrom", None)
    image = job.image or load["image"]
    memory = f"{_MEMORY_MI * (2 + job.processes)}Mi"
    load |= {
        "name": LOAD,
        "image": image,
        # A dollar sign is doubled, so that it stays one.
        "command": ["locust", *(word.replace("$", "$$") for word in job.words)],
        "env": [{"name": "HOME", "value": "/tmp"}, *_private(load.get("env") or (), job)],
        "resources": {
            "requests": {"cpu": str(max(1, job.processes)), "memory": memory},
            "limits": {"memory": memory},
        },
        "volumeMounts": [
            *(load.get("volumeMounts") or ()),
            {"name": "order", "mountPath": FILES, "readOnly": True},
        ],
    }
    keeper = {
        "name": KEEPER,
        "image": image,
        "command": ["sleep", str(round(job.seconds) + _KEPT_SECONDS)],
        "resources": _KEEPER_RESOURCES,
        "volumeMounts": [one for one in load["volumeMounts"] if one.get("mountPath") == RESULTS],
        **{name: load[name] for name in ("imagePullPolicy", "securityContext") if name in load},
    }
    return {
        **spec,
        "terminationGracePeriodSeconds": 5,  # what is removed is of no use any more
        "containers": [load, keeper],
        "volumes": [*(spec.get("volumes") or ()), {"name": "order", "secret": {"secretName": job.name}}],
    }


def _private(environment: Sequence[Mapping[str, Any]], job: Job) -> list[dict[str, Any]]:
    """The variables of secrets: from the Secret of this Job where it has them, else as the manifests say."""
    found = {one["name"]: dict(one) for one in environment if "secretKeyRef" in (one.get("valueFrom") or {})}
    for name in job.private:
        found[name] = {"name": name, "valueFrom": {"secretKeyRef": {"name": job.name, "key": name}}}
    return list(found.values())
