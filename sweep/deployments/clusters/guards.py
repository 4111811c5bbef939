"""Who else writes to a Deployment: what is changed in place under one of these is changed back, or scaled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_MANAGERS = {
    "argocd.argoproj.io/": "Argo CD",
    "kustomize.toolkit.fluxcd.io/": "Flux",
    "helm.toolkit.fluxcd.io/": "Flux",
}
"""By how their labels and annotations begin."""


def managers(deployment: Mapping[str, Any], scalers: Iterable[Mapping[str, Any]]) -> list[str]:
    """Those of a Deployment, in words; ``scalers``: the HPAs of its namespace."""
    metadata = _of(deployment, "metadata")
    named = [*_of(metadata, "labels"), *_of(metadata, "annotations")]
    found = [who for prefix, who in _MANAGERS.items() if any(name.startswith(prefix) for name in named)]
    name = metadata.get("name")
    for scaler in scalers:
        target = _of(_of(scaler, "spec"), "scaleTargetRef")
        if target.get("kind") == "Deployment" and target.get("name") == name:
            found.append(f"the HorizontalPodAutoscaler {_of(scaler, 'metadata').get('name')}")
    return list(dict.fromkeys(found))


def written_claims(template: Mapping[str, Any]) -> list[str]:
    """The PersistentVolumeClaims that its pods write to: a clone would write to the same."""
    spec = _of(template, "spec")
    claims = {
        volume.get("name"): _of(volume, "persistentVolumeClaim")
        for volume in spec.get("volumes") or ()
        if volume.get("persistentVolumeClaim")
    }
    mounts = [
        mount
        for container in (*(spec.get("initContainers") or ()), *(spec.get("containers") or ()))
        for mount in container.get("volumeMounts") or ()
        if not mount.get("readOnly")
    ]
    written = [claims[mount.get("name")] for mount in mounts if mount.get("name") in claims]
    return sorted({str(claim.get("claimName")) for claim in written if not claim.get("readOnly")})


def _of(raw: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = raw.get(name)
    return found if isinstance(found, Mapping) else {}
