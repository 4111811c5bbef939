"""A target in a cluster: made, waited for, reached, watched, and removed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import orjson

from records.secrets.secret_names import is_secret
from sweep.deployments.clusters.clone import clone_name, clone_of, container_of, literals, port_of
from sweep.deployments.clusters.forward import Forward
from sweep.deployments.clusters.rollout import Pods, selector_of, wait_rolled_out
from sweep.deployments.clusters.spec import Spec
from sweep.deployments.clusters.watch import PodsWatch
from sweep.deployments.protocol import HEALTH_PATH, Endpoint, Setup
from sweep.running.asking import served, trouble
from sweep.running.errors import UsageError
from sweep.running.in_clusters import CLONE_LABEL, Leftover
from sweep.running.kubectl import Kubectl

ANSWER_SECONDS = 60.0
"""For what is ready in the cluster to answer here."""
_REVISION = "deployment.kubernetes.io/revision"


class ClusterDeployment:
    """A clone, or the original with other settings."""

    def __init__(self, spec: Spec, setup: Setup) -> None:
        self._spec = spec
        self._setup = setup
        self._kubectl = Kubectl(spec.context, spec.namespace)
        self._left: Leftover | None = None
        self._forward: Forward | None = None

    def start(self, name: str, settings: Mapping[str, str]) -> Endpoint:
        """Raises UsageError."""
        secret = next((one for one in settings if is_secret(one)), None)
        if secret is not None:  # its value would stand in the Deployment, for all who may read that
            raise UsageError(f"{secret} may be a secret: give it to pods by a Secret of the namespace")
        setup, spec = self._setup, self._spec
        original = self._kubectl.get("deployment", spec.deployment)
        port = port_of(container_of(original["spec"]["template"], spec), spec)
        change = self._changed if spec.in_place else self._cloned
        made, selector = change(original, settings)
        pods = wait_rolled_out(
            self._kubectl, made, selector, seconds=setup.ready_seconds, report=setup.report
        )
        base_url = self._way(made, pods, port)
        self._wait_answers(base_url)
        said = served(base_url, reach=setup.reach, headers=setup.headers)
        watch = PodsWatch(
            kubectl=self._kubectl, spec=spec, name=made, selector=selector, forward=self._forward
        )
        return Endpoint(base_url=base_url, served=said, watch=watch)

    def stop(self) -> None:
        """Raises KubectlError where the cluster does not remove it; `--resume` tries again."""
        forward, self._forward = self._forward, None
        left, self._left = self._left, None
        try:
            if forward is not None:
                forward.stop()
        finally:
            if left is not None:
                self._setup.ledger.remove_in_cluster(left)

    def _cloned(self, original: Mapping[str, Any], settings: Mapping[str, str]) -> tuple[str, str]:
        """The clone's name, and how its pods are selected."""
        made = clone_name(self._spec.deployment)
        selectors = [(one.get("spec") or {}).get("selector") or {} for one in self._kubectl.items("services")]
        clone, service = clone_of(
            original,
            self._spec,
            name=made,
            run=self._setup.ledger.run,
            settings=settings,
            selected_by={key for selector in selectors for key in selector},
        )
        self._mark(Leftover(context=self._spec.context, namespace=self._spec.namespace, name=made))
        self._kubectl.create(clone, service, hidden=literals(original["spec"]["template"]))
        return made, f"{CLONE_LABEL}={made}"

    def _changed(self, original: Mapping[str, Any], settings: Mapping[str, str]) -> tuple[str, str]:
        spec, name = self._spec, self._spec.deployment
        revision = (original["metadata"].get("annotations") or {}).get(_REVISION)
        if not revision:
            raise UsageError(f"{name} has no revision yet to go back to: nothing has rolled it out")
        replicas = original["spec"].get("replicas", 1)
        other = spec.replicas is not None and spec.replicas != replicas
        if settings or other:
            self._mark(
                Leftover(
                    context=spec.context,
                    namespace=spec.namespace,
                    name=name,
                    revision=str(revision),
                    replicas=replicas if other else None,
                )
            )
        if settings:
            container = container_of(original["spec"]["template"], spec)
            # What came from a ConfigMap or Secret so far has a value of its own now; both are refused.
            set_to = [{"name": key, "value": text.replace("$", "$$")} for key, text in settings.items()]
            changed = {"name": container["name"], "env": [{**one, "valueFrom": None} for one in set_to]}
            patch = {"spec": {"template": {"spec": {"containers": [changed]}}}}
            words = ("patch", "deployment", name, "--type=strategic", "--patch-file=/dev/stdin")
            self._kubectl.run(*words, given=orjson.dumps(patch))
        if other:
            self._kubectl.run("scale", f"deployment/{name}", f"--replicas={spec.replicas}")
        return name, selector_of(original)

    def _mark(self, left: Leftover) -> None:
        self._setup.ledger.add_in_cluster(left)
        self._left = left

    def _way(self, made: str, pods: Pods, port: int) -> str:
        """The base URL at which it is reached. Raises UsageError."""
        spec = self._spec
        spec.check_reaches(len(pods))
        if spec.url:
            return spec.url.rstrip("/")
        if spec.via == "service":
            service = self._kubectl.get("service", spec.deployment if spec.in_place else made)
            found = service.get("spec") or {}
            at = (found.get("ports") or [{}])[0].get("port", port)
            return f"http://{_host(found.get('clusterIP'))}:{at}"
        if spec.via == "pod":
            return f"http://{_host((pods[0].get('status') or {}).get('podIP'))}:{port}"
        pod, setup = pods[0]["metadata"]["name"], self._setup
        self._forward = Forward(self._kubectl, pod, port, log=setup.log, ledger=setup.ledger, cpus=setup.cpus)
        return self._forward.base_url

    def _wait_answers(self, base_url: str) -> None:
        setup, ends = self._setup, time.monotonic() + ANSWER_SECONDS
        while why := trouble(base_url, HEALTH_PATH, 5.0, setup.reach, setup.headers):
            if time.monotonic() > ends:
                words = f"; the port-forward: {self._forward.last_words()}" if self._forward else ""
                hint = "" if self._forward else "; via=forward needs no way of its own"
                raise UsageError(f"its pods are ready, but {why}{words}{hint}")
            setup.report(f"waiting for an answer at {base_url}")
            time.sleep(0.5)


def _host(address: Any) -> str:
    """Raises UsageError for a Service or pod without one."""
    if not isinstance(address, str) or address in ("", "None"):
        raise UsageError("the cluster gave it no address of its own: say via=forward")
    return f"[{address}]" if ":" in address else address
