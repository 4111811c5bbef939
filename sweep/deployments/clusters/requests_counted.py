"""How many requests an app has counted, by its own metrics, read past every Service, ingress and mesh."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sweep.running.kubectl import Kubectl, KubectlError

OWN = "target_requests_total"
"""The reference app's: of questions alone, whatever became of them."""
PATH = "/api/v1/namespaces/{}/pods/{}:{}/proxy/metrics"
_SECONDS = 10.0
_LINE = re.compile(r"^([a-zA-Z_:][\w:]*)(?:\{.*\})?\s+(\S+)")


def requests_counted(kubectl: Kubectl, pods: Iterable[str], port: int, series: str) -> int | None:
    """Of all these pods together; None where one does not say."""
    found = 0
    for pod in pods:
        path = PATH.format(kubectl.namespace, pod, port)
        try:
            text = kubectl.run("get", "--raw", path, seconds=_SECONDS)
        except KubectlError:
            return None
        if (number := total(text, series or OWN)) is None:
            return None
        found += number
    return found


def total(text: str, series: str) -> int | None:
    """The sum over a series' labels, from Prometheus's text; None where there is no such series."""
    found: float | None = None
    for line in text.splitlines():
        match = _LINE.match(line)
        if match and match[1] == series:
            try:
                found = (found or 0.0) + float(match[2])
            except ValueError:
                return None
    return None if found is None else round(found)
