"""How a target in a cluster is asked: its ways from within, and the port-forward from here."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sweep.deployments.clusters.ingress import Front, address_of
from sweep.deployments.clusters.spec import Spec
from sweep.running.elsewhere import Way
from sweep.running.errors import UsageError
from sweep.running.kubectl import Kubectl
from sweep.running.waiting import Wait

INGRESS_SECONDS = 300.0
"""For a controller to take a new ingress, and say its address."""
_POLL_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class Ways:
    """To the pods of a clone, or of the original."""

    kubectl: Kubectl
    spec: Spec
    made: str
    """The clone's name, or the original's."""
    pods: list[dict[str, Any]]
    port: int
    report: Callable[[str], None]
    budget_ends: float = float("inf")
    """The moment, by `time.monotonic`."""
    front: Front | None = None
    """The clone's ingress, where it has one."""
    insecure: bool = False
    """Nobody's certificate is verified, so a clone's is asked for by its own host."""

    def by(self, via: str) -> Way:
        """Raises UsageError where it leads nowhere, or to one of several pods."""
        self.spec.check_reaches(len(self.pods), via)
        if via == "url":
            return Way(base_url=self.spec.url.rstrip("/"))
        if via == "service":
            return Way(base_url=self._service())
        if via == "ingress":
            assert self.front is not None  # it was made with the clone
            return self._ingress(self.front)
        return Way(base_url=f"http://{_host((self.pods[0].get('status') or {}).get('podIP'))}:{self.port}")

    def _service(self) -> str:
        name = self.spec.deployment if self.spec.in_place else self.made
        found = self.kubectl.get("service", name).get("spec") or {}
        at = (found.get("ports") or [{}])[0].get("port", self.port)
        # By its name a headless one is found, too, and DNS is on the way as it is for others.
        named = f"{name}.{self.spec.namespace}.svc"
        return f"http://{named if self.spec.in_cluster else _host(found.get('clusterIP'))}:{at}"

    def _ingress(self, front: Front) -> Way:
        wait = Wait.from_now(INGRESS_SECONDS, self.budget_ends)
        while True:
            if address := address_of(self.kubectl.get("ingress", self.made)):
                at = f"[{address}]" if ":" in address else address
                named = "" if self.insecure else front.server_name
                return Way(base_url=front.url, connect_to=f"{at}:{front.port}", server_name=named)
            if wait.is_over:
                see = f"kubectl --context {self.spec.context} -n {self.spec.namespace} describe ingress"
                raise wait.error(f"no controller took it; see {see}", f"via=ingress: the ingress {self.made}")
            self.report(f"waiting for the address of the ingress {self.made}")
            time.sleep(_POLL_SECONDS)


def autoscaler_of(kubectl: Kubectl, deployment: str) -> tuple[str, float, int | None] | None:
    """The name, the CPU target in percent of the request and the most replicas of its HPA that has one."""
    for scaler in kubectl.items("horizontalpodautoscalers"):
        spec = scaler.get("spec") or {}
        target = spec.get("scaleTargetRef") or {}
        if target.get("kind") != "Deployment" or target.get("name") != deployment:
            continue
        percent = _cpu_percent(spec)
        if percent is not None:
            return str((scaler.get("metadata") or {}).get("name")), percent, spec.get("maxReplicas")
    return None


def _cpu_percent(spec: Mapping[str, Any]) -> float | None:
    """As ``autoscaling/v2`` says it, or ``v1``."""
    for metric in spec.get("metrics") or ():
        resource = metric.get("resource") or {}
        found = (resource.get("target") or {}).get("averageUtilization")
        if resource.get("name") == "cpu" and isinstance(found, int):
            return float(found)
    found = spec.get("targetCPUUtilizationPercentage")
    return float(found) if isinstance(found, int) else None


def _host(address: Any) -> str:
    """Raises UsageError for a Service or pod without one."""
    if not isinstance(address, str) or address in ("", "None"):
        raise UsageError("the cluster gave it no address of its own: say via=service, or via=forward")
    return f"[{address}]" if ":" in address else address
