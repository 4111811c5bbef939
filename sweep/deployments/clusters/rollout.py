"""The wait until a Deployment's old pods are gone and all new ones are ready."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from sweep.deployments.clusters.pods import rolled_out, waits_for
from sweep.running.errors import UsageError
from sweep.running.kubectl import Kubectl
from sweep.running.waiting import Wait

POLL_SECONDS = 1.0
UNSCHEDULABLE_SECONDS = 120.0
"""In which an autoscaler may add a node; then it is said."""
Pods = list[dict[str, Any]]


def selector_of(deployment: Mapping[str, Any]) -> str:
    """As kubectl takes it. Raises UsageError for one that is not of labels alone."""
    selector = (deployment.get("spec") or {}).get("selector") or {}
    if selector.get("matchExpressions") or not selector.get("matchLabels"):
        name = (deployment.get("metadata") or {}).get("name")
        raise UsageError(f"{name} selects its pods by matchExpressions: only its clone can be measured")
    return ",".join(f"{key}={value}" for key, value in selector["matchLabels"].items())


def wait_rolled_out(
    kubectl: Kubectl, name: str, selector: str, *, wait: Wait, report: Callable[[str], None]
) -> Pods:
    """The pods, once they are the ones that were asked for.

    Raises:
        OutOfTime: the budget ended first.
        UsageError: they do not come in time, or never will; in one line.
    """
    while True:
        deployment = kubectl.get("deployment", name)
        pods = kubectl.items("pods", f"--selector={selector}")
        if rolled_out(deployment, pods):
            return pods
        waits, passed = waits_for(deployment, pods), time.monotonic() - wait.began
        told = f"kubectl --context {kubectl.context} -n {kubectl.namespace} describe pods -l {selector}"
        if waits is not None and waits.hopeless:
            raise UsageError(f"{name} never gets ready: {waits.text}; see {told}")
        late = waits is not None and waits.unschedulable and passed > UNSCHEDULABLE_SECONDS
        why = waits.text if waits else _counts(deployment, pods)
        if late:
            raise UsageError(f"{name} was not ready after {passed:.0f} s: {why}; see {told}")
        if wait.is_over:
            raise wait.error(f"{why}; see {told}", name)
        report(f"waiting for {name}: {why}")
        time.sleep(POLL_SECONDS)


def _counts(deployment: Mapping[str, Any], pods: Pods) -> str:
    wanted = (deployment.get("spec") or {}).get("replicas", 1)
    ready = (deployment.get("status") or {}).get("readyReplicas", 0)
    return f"{ready} of {wanted} pods ready, {len(pods)} there"
