"""What a cell is judged by: its records, what was asked for, what the processes saw."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Any

from records.cells.cell import Check, Window
from records.cells.load_worker import LoadWorker
from records.cells.measure import measured, timed
from records.cells.request import RequestRecord
from records.evidence.noise import Noise
from records.services.served import Served

TOO_FEW = "too few answers to tell"
"""So begins what a check says that wanted more answers: nobody has to be told aloud."""


class Apart(Enum):
    """How the load's CPUs and the service's are divided: what could still be done depends on that."""

    OWN = "it has CPUs that the service is kept off"
    SHARED = "the sweep could keep the service off some, and was told not to"
    QUOTA = "a container's limit is a share of all CPUs, so that none is kept free of it"
    ONE_CPU = "there is but one to divide"
    TOO_FEW = "the system keeps no process on a CPU, or regions want more CPUs before any is kept free"
    CLUSTER = "both run in a cluster, which places them"
    NOT_OURS = "no sweep started the service, and none can keep it anywhere"


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Everything that a check may look at; what is not known has a value that no check fails for."""

    requests: Sequence[RequestRecord] = ()
    """All of the load, warm-up too."""
    window: Window | None = None
    fault: OSError | None = None
    """Why records could not be kept."""
    workers_expected: int = 1
    workers_fewest: int = 1
    load_workers: Sequence[LoadWorker] = ()
    served: Served = field(default_factory=Served)
    config: str | None = None
    """The configuration that was asked for; None: whatever the service runs."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Those that were asked for, over the service's defaults."""
    unproved: tuple[str, ...] = ()
    """Names of settings that it was given besides, and does not say."""
    noise: Noise = field(default_factory=Noise)
    apart: Apart = Apart.NOT_OURS
    """Is the load kept apart from the service, and what else could keep it so?"""
    users: int = 1
    think_time_s: float = 0.0
    concurrency_varies: bool = False
    """So many requests are in flight as it falls out: users think, or the loop is open."""
    rate: float = 0.0
    """Requests a second that an open loop asks for; 0 in a closed one."""
    poisson: bool = False
    """They are due at random (Poisson)."""
    documents: bool = False
    """Answers are to bring documents."""
    fields: tuple[str, ...] = ()
    """Those of a request's body."""
    question_field: str = ""
    """That of them which the dialect itself has for the question."""
    dialect: str = ""
    """The API that was spoken, where there are several."""
    headers: tuple[str, ...] = ()
    """The names of those that were sent."""
    shape: str | None = None
    """What changed the load on the way."""
    insecure: bool | None = None
    """Was nobody's certificate verified? None: there was none, without TLS."""
    profiler_s: float | None = None
    """How often the profiler was to take a sample; None: nobody asks."""
    profiled_at_ns: Sequence[int] = ()
    """When it took them (Unix ns)."""

    @cached_property
    def counted(self) -> list[RequestRecord]:
        """The requests that count, as `records.cells.measure.measured` says."""
        return measured(self.requests, self.window)

    @cached_property
    def timed(self) -> list[RequestRecord]:
        """Those of them whose dates may be believed."""
        return timed(self.requests, self.window)

    @cached_property
    def good(self) -> list[RequestRecord]:
        """The good answers among those that count."""
        return [r for r in self.counted if r.outcome == "ok"]


Judge = Callable[[Facts], Check | None]
"""A check as a workload lists it; None where its question does not arise."""
