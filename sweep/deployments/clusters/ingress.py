"""An ingress for a clone: the original's class, annotations, paths and TLS, under a host of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
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
_OTHER_NAMES = re.compile(r"/(server-alias|from-to-www-redirect|canary(-.*)?)$")
"""Annotations that give it more names, or make it a part of another ingress."""
_CLASS = "kubernetes.io/ingress.class"
"""As it was said before there was a field for it; an API server takes no new one with both."""
_REWRITING = re.compile(r"/(rewrite-target|use-regex|path-rewrite)$")
"""What is made of a path then depends on how it is matched, so the clone's are those of the original."""
_PASSED_THROUGH = "/ssl-passthrough"
_SECURE = re.compile(r"/(force-ssl-redirect|router\.tls)$")
"""With these it speaks TLS though it names no certificate: its controller, or what is before it, has one."""
_LITERAL = re.compile(r"(?:[^(\[{*+?|^$\\.]|\.(?![*+?{]))*")


@dataclass(frozen=True, kw_only=True)
class Front:
    """A clone's ingress, and how it is asked."""

    made: dict[str, Any]
    url: str
    """With the path that goes before those of the load, where the original takes one away."""
    port: int
    server_name: str = ""
    """To which its certificate is given; empty: there is no TLS, or nobody knows."""
    left_out: tuple[str, ...] = ()
    """Annotations of the original that it has not."""


def ingress_of(
    ingresses: Iterable[Mapping[str, Any]],
    services: Iterable[Mapping[str, Any]],
    labels: Mapping[str, str],
    spec: Spec,
) -> Mapping[str, Any]:
    """The one that was named, else the first that leads to pods with these labels. Raises UsageError."""
    found = list(ingresses)
    if spec.ingress:
        named = [one for one in found if _name(one) == spec.ingress]
    else:
        ours = selecting(services, labels)
        named = [one for one in found if ours & set(_backends(one))]
    if not named:
        there = ", ".join(sorted(map(_name, found))) or "none at all"
        raise UsageError(
            f"via=ingress: no ingress of the namespace leads to {spec.deployment} (there is {there}): "
            "ingress=NAME says whose class and annotations the clone's has"
        )
    if any(key.endswith(_PASSED_THROUGH) for key, text in _annotations(named[0]).items() if text == "true"):
        raise UsageError(
            f"via=ingress: {_name(named[0])} passes TLS on to the pods by its name, which a clone has not: "
            "say via=service"
        )
    return named[0]


def selecting(services: Iterable[Mapping[str, Any]], labels: Mapping[str, str]) -> set[str]:
    """The names of those that select pods with these labels."""
    return {_name(one) for one in services if _selects(one, labels)}


def clone_ingress(
    original: Mapping[str, Any], name: str, port: int, labels: Mapping[str, str], ours: Iterable[str] = ()
) -> Front:
    """That of a clone, which leads to its Service. ``ours``: the Services that lead to the original."""
    spec, annotations = original.get("spec") or {}, _annotations(original)
    given = spec.get("ingressClassName")
    kept = {
        key: text
        for key, text in annotations.items()
        if not (key.startswith(_NOT_TAKEN) or _OTHER_NAMES.search(key) or (given and key == _CLASS))
    }
    rules = list(_rules(spec, set(ours))) or list(_rules(spec, set()))
    theirs = [path for _, path in rules] if any(map(_REWRITING.search, kept)) else []
    backend = {"service": {"name": name, "port": {"number": port}}}
    paths = [{**path, "backend": backend} for path in theirs]
    host, hosts = HOST.format(name), [host for host, _ in rules if host]
    tls = _tls(spec, hosts)
    secure = tls is not None or any(text == "true" for key, text in kept.items() if _SECURE.search(key))
    certified = [*hosts, *(tls or {}).get("hosts", ())]
    made = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name, "labels": dict(labels), "annotations": kept},
        "spec": {
            **({"ingressClassName": given} if given else {}),
            **({"tls": [{**tls, "hosts": [host]}]} if tls is not None else {}),
            "rules": [
                {
                    "host": host,
                    "http": {"paths": paths or [{"path": "/", "pathType": "Prefix", "backend": backend}]},
                }
            ],
        },
    }
    return Front(
        made=made,
        url=f"{'https' if secure else 'http'}://{host}{_before(theirs)}",
        port=443 if secure else 80,
        server_name=certified[0].replace("*", "chokepoint") if secure and certified else "",
        left_out=tuple(sorted(annotations.keys() - kept.keys() - {_CLASS})),
    )


def address_of(ingress: Mapping[str, Any]) -> str:
    """Where its controller listens, by IP address or name; empty while it does not say."""
    balancer = (ingress.get("status") or {}).get("loadBalancer") or {}
    for one in balancer.get("ingress") or ():
        if found := one.get("ip") or one.get("hostname"):
            return str(found)
    return ""


def _tls(spec: Mapping[str, Any], hosts: Iterable[str]) -> dict[str, Any] | None:
    """The part of it that is for one of these hosts, else the first; None: there is none."""
    found: list[dict[str, Any]] = spec.get("tls") or []
    of_theirs = [one for one in found if set(hosts) & set(one.get("hosts") or ())]
    return next(iter((*of_theirs, *found)), None)


def _before(paths: Iterable[Mapping[str, Any]]) -> str:
    """What the first path begins with, as far as it is no pattern: ``/api`` of ``/api(/|$)(.*)``."""
    for path in paths:
        found = _LITERAL.match(str(path.get("path") or ""))
        return found[0].rstrip("/") if found else ""
    return ""


def _rules(spec: Mapping[str, Any], ours: set[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Hosts and paths that lead to these Services; none named: all."""
    for rule in spec.get("rules") or ():
        for path in (rule.get("http") or {}).get("paths") or ():
            if not ours or ((path.get("backend") or {}).get("service") or {}).get("name") in ours:
                yield str(rule.get("host") or ""), path


def _annotations(ingress: Mapping[str, Any]) -> Mapping[str, str]:
    return (ingress.get("metadata") or {}).get("annotations") or {}


def _name(one: Mapping[str, Any]) -> str:
    return str((one.get("metadata") or {}).get("name"))


def _selects(service: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    selector = (service.get("spec") or {}).get("selector") or {}
    return bool(selector) and selector.items() <= labels.items()


def _backends(ingress: Mapping[str, Any]) -> Iterator[str]:
    """The Services that it leads to."""
    spec = ingress.get("spec") or {}
    for backend in (spec.get("defaultBackend"), *(path.get("backend") for _, path in _rules(spec, set()))):
        if name := ((backend or {}).get("service") or {}).get("name"):
            yield str(name)
