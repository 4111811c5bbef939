"""What the status of a Deployment's pods says: whether all new ones are ready, and what keeps one from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_HOPELESS = {
    "CrashLoopBackOff": "it crashes again and again",
    "ImagePullBackOff": "its image cannot be pulled",
    "ErrImageNeverPull": "its image is not on the node",
    "InvalidImageName": "its image's name is none",
    "CreateContainerConfigError": "its configuration cannot be made",
    "CreateContainerError": "it cannot be made",
    "RunContainerError": "it cannot be run",
}
"""What a container waits for that no waiting mends."""


@dataclass(frozen=True)
class Waits:
    """What pods wait for, in a line."""

    text: str
    hopeless: bool = False
    """No waiting mends it."""
    unschedulable: bool = False
    """Waiting may: a node may be added."""


@dataclass(frozen=True, kw_only=True)
class Container:
    """One of a pod's."""

    pod: str
    name: str
    image: str
    """By its digest, where the node says it."""
    node: str
    restarts: int
    oom_killed: bool
    """It was, when it was ended last."""
    requests: Mapping[str, str]
    limits: Mapping[str, str]


def containers_of(pods: Iterable[Mapping[str, Any]]) -> list[Container]:
    """All of them, sidecars too; their environment is not looked at."""
    found = []
    for pod in pods:
        spec, name = pod.get("spec") or {}, _name(pod)
        statuses = {one.get("name"): one for one in _statuses(pod)}
        native = [one for one in spec.get("initContainers") or () if one.get("restartPolicy") == "Always"]
        for container in (*(spec.get("containers") or ()), *native):
            status = statuses.get(container.get("name"), {})
            resources = container.get("resources") or {}
            found.append(
                Container(
                    pod=name,
                    name=str(container.get("name")),
                    image=str(status.get("imageID") or container.get("image") or ""),
                    node=str(spec.get("nodeName") or ""),
                    restarts=int(status.get("restartCount") or 0),
                    oom_killed=any(one.get("reason") == "OOMKilled" for one in _ends(status)),
                    requests=_quantities(resources.get("requests")),
                    limits=_quantities(resources.get("limits")),
                )
            )
    return found


def rolled_out(deployment: Mapping[str, Any], pods: Iterable[Mapping[str, Any]]) -> bool:
    """The controller has seen the last change, all wanted pods are new and ready, and no old one is left."""
    status, wanted = deployment.get("status") or {}, (deployment.get("spec") or {}).get("replicas", 1)
    if status.get("observedGeneration", 0) < (deployment.get("metadata") or {}).get("generation", 0):
        return False
    counts = [status.get(name, 0) for name in ("replicas", "updatedReplicas", "availableReplicas")]
    return counts == [wanted] * 3 and len(list(pods)) == wanted


def waits_for(deployment: Mapping[str, Any], pods: Iterable[Mapping[str, Any]]) -> Waits | None:
    """What a rollout waits for that is worth a word; None: that time passes."""
    found = _found(pods)
    for condition in (deployment.get("status") or {}).get("conditions") or ():
        if condition.get("type") == "ReplicaFailure" and condition.get("status") == "True":
            found.append(Waits(f"no pod is made: {_line(condition.get('message'))}", hopeless=True))
    return _worst(found)


def waits_of(pods: Iterable[Mapping[str, Any]]) -> Waits | None:
    """The same of pods alone."""
    return _worst(_found(pods))


def _found(pods: Iterable[Mapping[str, Any]]) -> list[Waits]:
    return [one for pod in pods for one in _of_pod(pod)]


def _worst(found: Sequence[Waits]) -> Waits | None:
    return next((one for one in found if one.hopeless), found[0] if found else None)


def _of_pod(pod: Mapping[str, Any]) -> Iterator[Waits]:
    name = _name(pod)
    for condition in (pod.get("status") or {}).get("conditions") or ():
        if condition.get("type") == "PodScheduled" and condition.get("reason") == "Unschedulable":
            yield Waits(f"pod {name} fits on no node: {_line(condition.get('message'))}", unschedulable=True)
    for status in _statuses(pod):
        reason = ((status.get("state") or {}).get("waiting") or {}).get("reason")
        if reason in _HOPELESS:
            last = next(_ends(status), {})
            ended = f", ended with {last.get('exitCode')} ({last.get('reason')})" if last else ""
            restarts = int(status.get("restartCount") or 0)
            again = f", restarted {restarts} times" if restarts else ""
            text = f"pod {name}, container {status.get('name')}: {_HOPELESS[reason]} ({reason}{ended}{again})"
            yield Waits(text, hopeless=True)


def _statuses(pod: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    status = pod.get("status") or {}
    return [*(status.get("containerStatuses") or ()), *(status.get("initContainerStatuses") or ())]


def _ends(status: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """How it ended, the last time first."""
    for state in ("state", "lastState"):
        ended = (status.get(state) or {}).get("terminated")
        if ended:
            yield ended


def _name(pod: Mapping[str, Any]) -> str:
    return str((pod.get("metadata") or {}).get("name"))


def _quantities(raw: Any) -> dict[str, str]:
    return {str(name): str(value) for name, value in (raw or {}).items()}


def _line(message: Any) -> str:
    return " ".join(str(message or "no word of why").split())
