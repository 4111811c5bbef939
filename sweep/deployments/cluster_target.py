"""A target in a cluster: made, waited for, reached, watched, and removed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import orjson

from reach.key import VARIABLES
from records.evidence.pods import Autoscaler, ForwardCost
from records.secrets.secret_names import is_secret
from records.services.served import Served
from sweep.deployments.clusters.clone import clone_name, clone_of, container_of, literals, port_of
from sweep.deployments.clusters.forward import Forward
from sweep.deployments.clusters.forward_cost import forward_cost
from sweep.deployments.clusters.ingress import Front, clone_ingress, ingress_of, selecting
from sweep.deployments.clusters.load import JobLoad
from sweep.deployments.clusters.rollout import Pods, selector_of, wait_rolled_out
from sweep.deployments.clusters.spec import Spec
from sweep.deployments.clusters.watch import PodsWatch
from sweep.deployments.clusters.ways import Ways, autoscaler_of
from sweep.deployments.pods.probes import STARTUP, probe_of
from sweep.deployments.protocol import HEALTH_PATH, Endpoint, Setup
from sweep.deployments.start_options import MOST_READY_SECONDS, READY_SECONDS
from sweep.running.asking import served, trouble
from sweep.running.elsewhere import Way
from sweep.running.errors import UsageError
from sweep.running.in_clusters import CLONE_KINDS, CLONE_LABEL, INGRESS_KINDS, Leftover
from sweep.running.kubectl import Kubectl, KubectlError
from sweep.running.left_in_cluster import remove_left
from sweep.running.waiting import Wait

ANSWER_SECONDS = 60.0
"""For what is ready in the cluster to answer here,"""
_ASK_SECONDS = 10.0
"""and where nothing hangs on it."""
_REVISION = "deployment.kubernetes.io/revision"


def waited_for(deployment: Mapping[str, Any], setup: Setup) -> Setup:
    """As long as the startup probes of its pods allow, or the Deployment itself for its progress, unless the
    user says how long; never shorter than what is waited for others, for before that a node may have to be
    added, and an image to be fetched."""
    if setup.ready_seconds is not None:
        return setup
    spec = deployment["spec"]
    probes = [probe_of(one, STARTUP) for one in spec["template"]["spec"]["containers"]]
    progress = spec.get("progressDeadlineSeconds") or 0
    allowed = [
        READY_SECONDS,
        *(probe.allowed_seconds for probe in probes if probe),
        progress if progress <= MOST_READY_SECONDS else 0,  # a number beyond all says that there is none
    ]
    return replace(setup, ready_seconds=float(min(max(allowed), MOST_READY_SECONDS)))


class ClusterDeployment:
    """A clone, or the original with other settings. ``template``: of the load's pods; None: it is here."""

    def __init__(self, spec: Spec, setup: Setup, template: Mapping[str, Any] | None = None) -> None:
        self._spec = spec
        self._setup = setup
        self._template = template
        self._kubectl = Kubectl(spec.context, spec.namespace)
        self._left: Leftover | None = None
        self._forward: Forward | None = None
        self._front: Front | None = None

    def start(self, name: str, settings: Mapping[str, str]) -> Endpoint:
        """Raises UsageError."""
        secret = next((one for one in settings if is_secret(one)), None)
        if secret is not None:  # its value would stand in the Deployment, for all who may read that
            raise UsageError(f"{secret} may be a secret: give it to pods by a Secret of the namespace")
        setup, spec = self._setup, self._spec
        if left := remove_left(self._kubectl):
            setup.report(f"removed what a killed sweep left: {', '.join(left)}")
        original = self._kubectl.get("deployment", spec.deployment)
        container = container_of(original["spec"]["template"], spec)
        port = port_of(container, spec)
        change = self._changed if spec.in_place else self._cloned
        made, selector = change(original, settings)
        wait = waited_for(original, setup).wait()
        pods = wait_rolled_out(self._kubectl, made, selector, wait=wait, report=setup.report)
        watch = partial(
            PodsWatch,
            kubectl=self._kubectl,
            spec=spec,
            name=made,
            selector=selector,
            container=str(container["name"]),
            port=port,
            autoscaler=self._autoscaler(),
            left_out=self._front.left_out if self._front else (),
        )
        if spec.via == "forward":
            return self._forwarded(pods, str(container["name"]), port, watch)
        to = Ways(
            kubectl=self._kubectl,
            spec=spec,
            made=made,
            pods=pods,
            port=port,
            report=setup.report,
            budget_ends=setup.budget_ends,
            front=self._front,
            insecure=setup.reach.tls.insecure,
        )
        ways = {via: to.by(via) for via in dict.fromkeys((*setup.ways, *(() if setup.ways else (spec.via,))))}
        return self._asked_by(ways, pods, port, watch())

    def stop(self) -> None:
        """Raises KubectlError where the cluster does not remove it; `--resume` tries again."""
        self._end_forward()
        left, self._left = self._left, None
        if left is not None:
            self._setup.ledger.remove_in_cluster(left)

    def _asked_by(self, ways: Mapping[str, Way], pods: Pods, port: int, watch: PodsWatch) -> Endpoint:
        """By the first of these ways, unless it is said by which."""
        setup, first = self._setup, next(iter(ways.values()))
        if self._template is None:
            self._wait_answers(first.base_url)
            said = served(first.base_url, reach=setup.reach, headers=setup.headers)
            return Endpoint(base_url=first.base_url, served=said, watch=watch, ways=ways)
        load = JobLoad(
            kubectl=self._kubectl,
            ledger=setup.ledger,
            template=self._template,
            report=setup.report,
            image=self._spec.load_image,
            private={name: os.environ[name] for name in VARIABLES if os.environ.get(name)},
            where=partial(setattr, watch, "load_node"),
        )
        return Endpoint(
            base_url=first.base_url,
            connect_to=first.connect_to,
            server_name=first.server_name,
            served=self._ask_from_here(pods, port),
            watch=watch,
            ways=ways,
            load=load,
        )

    def _forwarded(self, pods: Pods, container: str, port: int, watch: Callable[..., PodsWatch]) -> Endpoint:
        setup = self._setup
        self._spec.check_reaches(len(pods))
        forward = self._begin_forward(pods, port)
        self._wait_answers(forward.base_url)
        said = served(forward.base_url, reach=setup.reach, headers=setup.headers)
        setup.report("measuring what the port-forward costs")
        cost: ForwardCost = forward_cost(
            self._kubectl,
            pods[0]["metadata"]["name"],
            container,
            local=forward.local,
            port=port,
            path=HEALTH_PATH,
        )
        return Endpoint(
            base_url=forward.base_url, served=said, watch=watch(forward=forward, forward_cost=cost)
        )

    def _ask_from_here(self, pods: Pods, port: int) -> Served:
        """What it says of itself, through a port-forward that is gone before the load begins; nothing where
        none is allowed: then the load itself asks."""
        setup = self._setup
        setup.report("asking it for its settings through a port-forward")
        forward, ends = self._begin_forward(pods, port), time.monotonic() + _ASK_SECONDS
        try:
            while trouble(forward.base_url, HEALTH_PATH, 5.0, setup.reach, setup.headers):
                if time.monotonic() > ends:
                    return Served()
                time.sleep(0.2)
            return served(forward.base_url, reach=setup.reach, headers=setup.headers)
        finally:
            self._end_forward()

    def _begin_forward(self, pods: Pods, port: int) -> Forward:
        pod, setup = pods[0]["metadata"]["name"], self._setup
        self._forward = Forward(self._kubectl, pod, port, log=setup.log, ledger=setup.ledger, cpus=setup.cpus)
        return self._forward

    def _end_forward(self) -> None:
        forward, self._forward = self._forward, None
        if forward is not None:
            forward.stop()

    def _autoscaler(self) -> Autoscaler | None:
        """The original's; None where there is none, or it may not be read."""
        with suppress(KubectlError):
            if found := autoscaler_of(self._kubectl, self._spec.deployment):
                name, percent, most = found
                return Autoscaler(name=name, cpu_percent=percent, max_replicas=most)
        return None

    def _cloned(self, original: Mapping[str, Any], settings: Mapping[str, str]) -> tuple[str, str]:
        """The clone's name, and how its pods are selected."""
        spec, template = self._spec, original["spec"]["template"]
        made, services = clone_name(spec.deployment), self._kubectl.items("services")
        selectors = [(one.get("spec") or {}).get("selector") or {} for one in services]
        clone, service = clone_of(
            original,
            spec,
            name=made,
            run=self._setup.ledger.run,
            settings=settings,
            selected_by={key for selector in selectors for key in selector},
        )
        objects, kinds = [clone, service], CLONE_KINDS
        if "ingress" in (self._setup.ways or (spec.via,)):
            labels = (template.get("metadata") or {}).get("labels") or {}
            theirs = ingress_of(self._kubectl.items("ingresses"), services, labels, spec)
            port, own = service["spec"]["ports"][0]["port"], service["metadata"]["labels"]
            self._front = clone_ingress(theirs, made, port, own, selecting(services, labels))
            objects.append(self._front.made)
            kinds = INGRESS_KINDS
        self._mark(Leftover(context=spec.context, namespace=spec.namespace, name=made, kinds=kinds))
        self._kubectl.create(*objects, hidden=literals(template))
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

    def _wait_answers(self, base_url: str) -> None:
        setup = self._setup
        wait = Wait.from_now(ANSWER_SECONDS, setup.budget_ends)
        while why := trouble(base_url, HEALTH_PATH, 5.0, setup.reach, setup.headers):
            if wait.is_over:
                words = f"; the port-forward: {self._forward.last_words()}" if self._forward else ""
                hint = (
                    "" if self._forward else "; via=service, with the load in the cluster, needs no way here"
                )
                raise wait.error(f"its pods are ready, but {why}{words}{hint}", f"an answer at {base_url}")
            setup.report(f"waiting for an answer at {base_url}")
            time.sleep(0.5)
