"""What a node's kubelet counts of containers, by cAdvisor: where no program inside one reads its counters."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sweep.running.cgroups.used import Usage
from sweep.running.kubectl import Kubectl, KubectlError

PATH = "/api/v1/nodes/{}/proxy/metrics/cadvisor"
FRESH_SECONDS = 30.0
"""The kubelet looks at a container every 10 to 15 seconds: so long a look after the load is waited for."""
_AGAIN_SECONDS = 1.0
_SECONDS = 20.0
_LINE = re.compile(r"^(container_\w+)\{(.*)\}\s+(\S+)(?:\s+(\d+))?$")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_SERIES = {
    "container_cpu_cfs_periods_total": "periods",
    "container_cpu_cfs_throttled_periods_total": "throttled_periods",
    "container_cpu_cfs_throttled_seconds_total": "throttled_seconds",
    "container_cpu_usage_seconds_total": "cpu_seconds",
    "container_memory_max_usage_bytes": "memory_peak_bytes",
    "container_oom_events_total": "oom_kills",
    "container_spec_cpu_period": "period_us",
}
_WHOLE = {"periods", "throttled_periods", "memory_peak_bytes", "oom_kills", "period_us"}
Key = tuple[str, str]
"""A pod and a container."""


@dataclass(frozen=True, kw_only=True)
class NodeUsage:
    """Of one container, and when, in milliseconds by the node's clock; 0: it does not say."""

    usage: Usage
    at_ms: int = 0


@dataclass(kw_only=True)
class NodeCounters:
    """Of a namespace's containers, node by node."""

    kubectl: Kubectl
    _why: dict[str, str] = field(default_factory=dict)

    def read(self, nodes: Iterable[str]) -> dict[Key, NodeUsage]:
        found: dict[Key, NodeUsage] = {}
        for node in sorted(set(nodes) - {""}):
            try:
                text = self.kubectl.run("get", "--raw", PATH.format(node), seconds=_SECONDS)
            except KubectlError as error:
                self._why[node] = str(error)
            else:
                self._why.pop(node, None)
                found |= usages_in(text, self.kubectl.namespace)
        return found

    def why(self, node: str) -> str:
        """Why nothing is known of a container there."""
        return self._why.get(node, "the kubelet's cAdvisor does not name it")

    def read_fresh(self, wanted: Mapping[Key, str]) -> dict[Key, NodeUsage]:
        """Of these containers, with their nodes, as the kubelet saw them after now; where it does not look
        again in time, what it saw last."""
        first = now = self.read(wanted.values())
        ends = time.monotonic() + FRESH_SECONDS
        while time.monotonic() < ends and any(
            0 < first[key].at_ms == now[key].at_ms for key in wanted if key in first and key in now
        ):
            time.sleep(_AGAIN_SECONDS)
            now = {**now, **self.read(wanted.values())}
        return now


def usages_in(text: str, namespace: str) -> dict[Key, NodeUsage]:
    """From Prometheus's text: a container's series are summed, as those of usage are, a line a CPU."""
    found: dict[Key, dict[str, float]] = {}
    times: dict[Key, int] = {}
    for line in text.splitlines():
        match = _LINE.match(line)
        if match is None or (name := _SERIES.get(match[1])) is None:
            continue
        labels = dict(_LABEL.findall(match[2]))
        key = (labels.get("pod", ""), labels.get("container", ""))
        if labels.get("namespace") != namespace or not all(key) or key[1] == "POD":  # the sandbox's
            continue
        try:
            number = float(match[3])
        except ValueError:
            continue
        of = found.setdefault(key, {})
        of[name] = of.get(name, 0.0) + number
        times[key] = max(times.get(key, 0), int(match[4] or 0))
    return {key: NodeUsage(usage=_usage(of), at_ms=times[key]) for key, of in found.items()}


def _usage(of: Mapping[str, float]) -> Usage:
    return Usage(**{name: int(value) if name in _WHOLE else value for name, value in of.items()})  # type: ignore[arg-type]
