"""An ingress for a clone: of the original's class and annotations, under a host of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sweep.deployments.clusters.spec import Spec
from sweep.running.errors import UsageError

HOST = "{}.chokepoint.invalid"
"""A name that no DNS knows: the load connects to the ingress's own address."""
_NOT_TAKEN = (
    *("kubectl.kubernetes.io/", "external-dns.", "cert-manager.io/", "acme.cert-manager.io/"),
    *("argocd.argoproj.io/", "kustomize.toolkit.fluxcd.io/", "helm.toolkit.fluxcd.io/", "meta.helm.sh/"),
)
"""Beginnings of annotations by which others would make names, certificates or a claim of it."""
_OF_PATHS = ("rewrite-target", "use-regex", "app-root", "ssl-redirect", "force-ssl-redirect")
"""Ends of annotations that go with the original's paths and its TLS: the clone's has one path, and none."""


def ingress_of(
    ingresses: Iterable[Mapping[str, Any]],
    services: Iterable[Mapping[str, Any]],
    labels: Mapping[str, str],
    spec: Spec,
) -> Mapping[str, Any]:
    """The one that was named, else the first that leads to pods with these labels. Raises UsageError."""
    found = list(ingresses)
    if spec.ingress:
        named = [one for one in found if (one.get("metadata") or {}).get("name") == spec.ingress]
    else:
        ours = {_name(one) for one in services if _selects(one, labels)}
        named = [one for one in found if ours & set(_backends(one))]
    if not named:
        there = ", ".join(sorted(map(_name, found))) or "none at all"
        raise UsageError(
            f"via=ingress: no ingress of the namespace leads to {spec.deployment} (there is {there}): "
            "ingress=NAME says whose class and annotations the clone's has"
        )
    return named[0]


def clone_ingress(
    original: Mapping[str, Any], name: str, port: int, labels: Mapping[str, str]
) -> dict[str, Any]:
    """That of a clone, which leads to its Service."""
    annotations = (original.get("metadata") or {}).get("annotations") or {}
    kept = {key: text for key, text in annotations.items() if not _is_of_the_original(key)}
    backend = {"service": {"name": name, "port": {"number": port}}}
    path = {"path": "/", "pathType": "Prefix", "backend": backend}
    given = (original.get("spec") or {}).get("ingressClassName")
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name, "labels": dict(labels), "annotations": kept},
        "spec": {
            **({"ingressClassName": given} if given else {}),
            "rules": [{"host": HOST.format(name), "http": {"paths": [path]}}],
        },
    }


def address_of(ingress: Mapping[str, Any]) -> str:
    """Where its controller listens, by IP address or name; empty while it does not say."""
    balancer = (ingress.get("status") or {}).get("loadBalancer") or {}
    for one in balancer.get("ingress") or ():
        if found := one.get("ip") or one.get("hostname"):
            return str(found)
    return ""


def _is_of_the_original(annotation: str) -> bool:
    return annotation.startswith(_NOT_TAKEN) or annotation.rpartition("/")[2] in _OF_PATHS


def _name(one: Mapping[str, Any]) -> str:
    return str((one.get("metadata") or {}).get("name"))


def _selects(service: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    selector = (service.get("spec") or {}).get("selector") or {}
    return bool(selector) and selector.items() <= labels.items()


def _backends(ingress: Mapping[str, Any]) -> Iterator[str]:
    """The Services that it leads to."""
    spec = ingress.get("spec") or {}
    paths = [path for rule in spec.get("rules") or () for path in (rule.get("http") or {}).get("paths") or ()]
    for backend in (spec.get("defaultBackend"), *(path.get("backend") for path in paths)):
        if name := ((backend or {}).get("service") or {}).get("name"):
            yield str(name)
