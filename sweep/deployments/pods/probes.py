"""A container's probes as manifests say them, and what follows from their results, as a kubelet has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

PERIOD, TIMEOUT, FAILURES, SUCCESSES, DELAY = 10.0, 1.0, 3, 1, 0.0
"""Kubernetes' defaults."""
STARTUP, READINESS, LIVENESS = "startupProbe", "readinessProbe", "livenessProbe"
NO_PORTS: Mapping[int, int] = {}
_PLAYED = ("httpGet", "tcpSocket", "exec")


@dataclass(frozen=True, kw_only=True)
class Probe:
    """One of them: it asks a path, or opens a connection where there is none, or runs a command."""

    path: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    command: tuple[str, ...] = ()
    port: int | str = 0
    """By its number or name; 0: a command needs none."""
    unplayed: str = ""
    """Why it cannot be played here."""
    delay: float = DELAY
    period: float = PERIOD
    timeout: float = TIMEOUT
    failures: int = FAILURES
    """So many in a row, and it has failed."""
    successes: int = SUCCESSES

    @property
    def asks(self) -> str:
        """In words."""
        if self.command:
            return " ".join(self.command)
        return f"GET {self.path}" if self.path else f"port {self.port}"

    @property
    def allowed_seconds(self) -> float:
        """From the start until the container would be killed for not being ready."""
        return self.delay + self.period * self.failures


def probe_of(container: Mapping[str, Any], name: str) -> Probe | None:
    """None: it has none."""
    raw = container.get(name)
    if not raw:
        return None
    how = next((one for one in _PLAYED if one in raw), "")
    at, unplayed = raw.get(how) or {}, ""
    scheme = str(at.get("scheme") or "HTTP").upper()
    if not how:
        unplayed = f"the {name} is none of {', '.join(_PLAYED)}, which are played here"
    elif scheme != "HTTP":
        unplayed = f"the {name} asks over {scheme}, which is not played here"
    elif at.get("host"):
        unplayed = f"the {name} asks the host {at['host']}, which is not played here"
    return Probe(
        path=str(at.get("path") or "/") if how == "httpGet" else "",
        headers=tuple((str(one["name"]), str(one.get("value") or "")) for one in at.get("httpHeaders") or ()),
        command=tuple(map(str, at.get("command") or ())),
        port=at.get("port", 0),
        unplayed=unplayed,
        # Kubernetes takes 0 and null as if they were not said.
        delay=float(raw.get("initialDelaySeconds") or DELAY),
        period=float(raw.get("periodSeconds") or PERIOD),
        timeout=float(raw.get("timeoutSeconds") or TIMEOUT),
        failures=int(raw.get("failureThreshold") or FAILURES),
        successes=int(raw.get("successThreshold") or SUCCESSES),
    )


def played_probe(
    container: Mapping[str, Any], name: str, instead: Mapping[int, int] = NO_PORTS
) -> Probe | None:
    """With the number of its port, or what that is here ``instead``. Raises ValueError for one that is not
    played here."""
    probe = probe_of(container, name)
    if probe is None:
        return None
    if probe.unplayed:
        raise ValueError(probe.unplayed)
    if probe.command:
        return probe
    port = _number(container, probe.port, name)
    return replace(probe, port=instead.get(port, port))


def _number(container: Mapping[str, Any], said: int | str, name: str) -> int:
    if said and str(said).isdecimal():
        return int(said)
    ports: Sequence[Any] = container.get("ports") or ()
    for one in ports:
        if said and one.get("name") == said:
            return int(one["containerPort"])
    raise ValueError(f"the {name} is of port {said}, which the container does not have")


@dataclass(kw_only=True)
class Tally:
    """Results of one probe in a row: what they come to changes at a threshold."""

    probe: Probe
    passing: bool = True
    _in_a_row: int = 0

    def took(self, passed: bool) -> bool:
        """Whether this result changed what they come to."""
        if passed == self.passing:
            self._in_a_row = 0
            return False
        self._in_a_row += 1
        if self._in_a_row < (self.probe.successes if passed else self.probe.failures):
            return False
        self.passing, self._in_a_row = passed, 0
        return True


def pause_before(restarts: int) -> float:
    """Seconds until it is started again, after so many times: none, then 10 and twice as long each time."""
    return 0.0 if restarts == 0 else float(min(300, 10 * 2 ** min(restarts - 1, 10)))
