"""What counters of a cell's time come to, where no profiler watched: in the form of what one sees."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any

from records.evidence.limits import CellLimits
from records.evidence.machine import Machine

_MB = 1024 * 1024


def machine_of(limits: CellLimits) -> Machine | None:
    """None where it is not known over which time the CPU was used, or of how many CPUs.

    The CPU is that of all the time between two looks, which is longer than the load: what an idle app uses is
    in it, and makes it more by that.
    """
    cpus = limits.sees.get("cpus_allowed") or limits.sees.get("cpu_count")
    if limits.cpu_seconds is None or not limits.seconds or not (cpus or limits.cpu_limit_cores):
        return None
    periods, throttled = limits.nr_periods, limits.nr_throttled
    known: dict[str, Any] = {
        "samples": 0,
        "seconds": limits.seconds,
        "cpu_cores": limits.cpu_seconds / limits.seconds,
        "cpu_limit_cores": limits.cpu_limit_cores,
        "cpu_period_ms": None if limits.cpu_period_us is None else limits.cpu_period_us / 1e3,
        "cpus_allowed": cpus,
        "throttled_periods": None if throttled is None or not periods else min(1.0, throttled / periods),
        "memory_max_mb": None if limits.memory_peak_bytes is None else limits.memory_peak_bytes / _MB,
        "memory_limit_mb": None if limits.memory_limit_bytes is None else limits.memory_limit_bytes / _MB,
        "oom_kills": limits.oom_kills,
        "peers": (),
        "replicas": limits.replicas,
    }
    if limits.throttled_seconds is not None:
        known["throttled_seconds_per_s"] = limits.throttled_seconds / limits.seconds
    unknown = {one.name: None for one in fields(Machine) if one.default is MISSING}
    return Machine(**{**unknown, **known})
