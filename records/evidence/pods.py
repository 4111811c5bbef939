"""pods.json: the pods that a cell was measured on, and what each of their containers used in its time."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from records.cells.layout import PODS
from records.evidence.value_file import value_in
from records.files import write_json


@dataclass(frozen=True, kw_only=True)
class ContainerUse:
    """One container, a sidecar too. None: nobody says."""

    pod: str
    container: str
    image: str = ""
    node: str = ""
    requests: dict[str, str] = field(default_factory=dict)
    limits: dict[str, str] = field(default_factory=dict)
    restarts: int = 0
    """In this cell's time, from before its load to after it, as are the next seven."""
    oom_killed: bool = False
    """It was restarted, or ended, and that for its memory."""
    not_ready_seconds: float | None = None
    """In which it would have got no new connections, where the sweep plays its probes."""
    nr_periods: int | None = None
    nr_throttled: int | None = None
    throttled_seconds: float | None = None
    cpu_seconds: float | None = None
    oom_kills: int | None = None
    memory_peak_bytes: int | None = None
    """The most since the container was started."""
    cpu_period_us: int | None = None
    """Over which its quota is counted."""
    read_by: str = ""
    """``cgroup``: from its files, inside it; ``cadvisor``: from the kubelet, whose figures are of some
    seconds before, and are waited for after the load."""
    unread: str = ""
    """Why its counters were not read."""


@dataclass(frozen=True, kw_only=True)
class ForwardCost:
    """What a port-forward costs, before the load: medians of requests on new connections. None: not known."""

    through_ms: float | None = None
    """From the connection to the first byte of an answer, through it,"""
    inside_ms: float | None = None
    """and inside the pod, where nothing is between."""
    unmeasured: str = ""
    """Why one is not known."""

    @property
    def more_ms(self) -> float | None:
        if self.through_ms is None or self.inside_ms is None:
            return None
        return self.through_ms - self.inside_ms


@dataclass(frozen=True, kw_only=True)
class Autoscaler:
    """The HPA of the original, which does not know a clone."""

    name: str
    cpu_percent: float
    """Of the request: the mean over pods that it keeps."""
    max_replicas: int | None = None


@dataclass(frozen=True, kw_only=True)
class CellPods:
    """All of a cell's. Nothing of any environment is here."""

    context: str
    namespace: str
    deployment: str
    """The one that was measured: a clone's name, or the original's."""
    of: str
    """The original's."""
    via: str
    replicas: int
    forward_ends: int = 0
    """How often the port-forward ended in the cell's time, and was begun again."""
    forward: ForwardCost | None = None
    load: str = "here"
    """Where it ran: on the machine of the sweep, or ``cluster``, in a Job beside the pods."""
    load_node: str = ""
    container: str = ""
    """The one that was set, and is asked; empty: nobody says."""
    autoscaler: Autoscaler | None = None
    counted_requests: int | None = None
    """By the app itself in the cell's time, by its own counter; None: it has none that is known."""
    sent_requests: int | None = None
    """By the load, as it recorded them, the ones that nobody waited for to the end, too."""
    other_pods: int = 0
    """Pods at the end that were not there at the begin: evicted ones were replaced."""
    containers: tuple[ContainerUse, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def write(self, folder: Path) -> None:
        write_json(folder / PODS, self.to_json())

    @classmethod
    def read(cls, folder: Path) -> CellPods | None:
        """None where it was measured on no pods of a cluster. Raises RecordError for what says nothing."""
        return value_in(folder / PODS, cls, "says of no pods")
