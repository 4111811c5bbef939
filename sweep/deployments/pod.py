"""``pod[:OVERLAY]``: the reference app as a process under the limits that an overlay renders; beside it
``local-equal-cpu``, which has its CPU and wastes none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from reach.options import Reach
from sweep.deployments.app_settings import check_app_settings
from sweep.deployments.confinement import Confinement
from sweep.deployments.installed import check_installed
from sweep.deployments.local import LocalDeployment
from sweep.deployments.pod_target import PodDeployment
from sweep.deployments.pods.container import Container
from sweep.deployments.pods.here import unplayed_probes
from sweep.deployments.pods.render import container_in, folder_of
from sweep.deployments.protocol import Deployment, Kind, Setup
from sweep.fixes.reference_app import REFERENCE_APP
from sweep.fixes.remedy import Remedies
from sweep.running.cgroups.choice import Cgroups
from sweep.running.cgroups.limits import SHORT_PERIOD_US, Limits
from sweep.running.cpus import as_if, thread_settings
from sweep.running.errors import UsageError

DEFAULT_OVERLAY = "local"


@dataclass(frozen=True)
class Pod(Kind):
    """An overlay, by its name in ``k8s/overlays`` or by its folder."""

    prefix: ClassVar[str] = "pod"
    form = "pod[:OVERLAY]"
    started = configurable = reaches_loopback = has_mocks = has_dial = has_quota = on_a_node = True
    overlay: str = DEFAULT_OVERLAY

    @classmethod
    def of(cls, spec: str) -> Self | None:
        prefix, colon, overlay = spec.partition(":")
        if prefix != cls.prefix:
            return None
        if (colon and not overlay) or not overlay.isprintable():
            raise UsageError(f"--deployment {cls.form} wants the name or the folder of an overlay")
        return cls(overlay or DEFAULT_OVERLAY)

    @property
    def name(self) -> str:
        return (
            self.prefix
            if self.overlay == DEFAULT_OVERLAY
            else f"{self.prefix}-{folder_of(self.overlay).name}"
        )

    @property
    def remedies(self) -> Remedies:
        return REFERENCE_APP

    @property
    def container(self) -> Container:
        """Raises UsageError."""
        return container_in(self.overlay, self.form)

    def check(self, reach: Reach, headers: Mapping[str, str]) -> None:
        """Raises UsageError where it is not installed, not rendered, or no process can be limited."""
        check_installed()
        _ = self.limits()
        Cgroups.here().method()

    def check_settings(self, by_name: Mapping[str, Mapping[str, str]]) -> None:
        check_app_settings(by_name)

    def limits(self) -> Limits:
        """Raises UsageError."""
        return self.container.limits

    def kept(self) -> dict[str, str]:
        limits = self.limits()
        said = {
            "cpu_limit": limits.cpu_cores,
            "cpu_period_us": None if limits.cpu_cores is None else limits.period_us,
            "cpu_request": limits.cpu_request_cores,
            "memory_limit": limits.memory_bytes,
        }
        return {
            name: f"{value:g}" if isinstance(value, float) else str(value) for name, value in said.items()
        }

    def facts(self) -> dict[str, Any]:
        container, method = self.container, Cgroups.here().method()
        return {
            "by": method,
            "overlay": str(folder_of(self.overlay)),
            **self.kept(),
            "environment": dict(container.environment),
            "environment_left_out": list(container.left_out),
            "ready_seconds": container.ready_seconds,
            "probes_left_out": list(unplayed_probes(container.raw)),
        }

    def deployment(self, setup: Setup) -> Deployment:
        container = self.container
        sizes = {} if setup.as_if_cores is None else as_if(setup.as_if_cores)
        return PodDeployment(setup, container, {**sizes, **container.environment})


@dataclass(frozen=True)
class EqualCpu(Pod):
    """The app as it runs locally, with as much CPU as the pod has, and nothing wasted of it.

    As on a machine that small: it has no more threads than cores, and is stopped for some milliseconds at a
    time. So what it answers less than ``local`` is what less CPU costs; what a pod answers less than it, is
    what is wasted there, by threads that do not fit its quota and stops of a whole period. (Cores alone, by
    affinity, cannot be halved; a burner beside it would take the load's CPU as well.)
    """

    prefix: ClassVar[str] = "local-equal-cpu"
    form = "local-equal-cpu[:OVERLAY]"
    on_a_node = False

    def limits(self) -> Limits:
        limits = self.container.limits
        if limits.cpu_cores is None:
            raise UsageError(f"--deployment {self.form}: {folder_of(self.overlay)} limits no CPU")
        return replace(limits, memory_bytes=None, cpu_period_us=SHORT_PERIOD_US)

    def facts(self) -> dict[str, Any]:
        return {"by": Cgroups.here().method(), "overlay": str(folder_of(self.overlay)), **self.kept()}

    def deployment(self, setup: Setup) -> LocalDeployment:
        limits = self.limits()
        threads = thread_settings(max(1, int(limits.cpu_cores or 1)))
        return LocalDeployment(
            setup,
            Confinement(limits=limits, environment=threads, ready_seconds=self.container.ready_seconds),
        )
