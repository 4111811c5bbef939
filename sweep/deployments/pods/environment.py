"""The environment that manifests give a container. Values only."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from records.options.quantity import quantity
from sweep.running.cgroups.limits import Limits

Facts = Mapping[str, Any]
NOTHING: Mapping[str, str] = {}
_REFERENCE = re.compile(r"\$(\$|\(([^)]*)\))")


@dataclass(frozen=True, kw_only=True)
class Given:
    """By their names."""

    values: Mapping[str, str] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    """What is known in a cluster alone; of all of a Secret, the Secret's name."""


def environment_given(
    raw: Facts, documents: Sequence[Any], limits: Limits, facts: Mapping[str, str] = NOTHING
) -> Given:
    """``facts``: of its pod, by ``fieldPath``. Raises ValueError where a ConfigMap or its key is missing."""
    maps = {
        one["metadata"]["name"]: one.get("data") or {}
        for one in documents
        if isinstance(one, dict) and one.get("kind") == "ConfigMap"
    }
    found: dict[str, str | None] = dict(_from_maps(raw, maps))
    for one in raw.get("env") or ():  # it comes after ``envFrom``, and wins
        name, source = str(one["name"]), one.get("valueFrom") or {}
        if "value" in one or not source:
            found[name] = _with_references(str(one.get("value") or ""), found)
        elif reference := source.get("configMapKeyRef"):
            value = _data(maps, reference).get(reference["key"])
            if value is not None:
                found[name] = str(value)
            elif not reference.get("optional"):
                raise ValueError(f"{name}: the ConfigMap {reference['name']} has no key {reference['key']}")
        elif reference := source.get("fieldRef"):
            found[name] = facts.get(str(reference.get("fieldPath")))
        else:
            found[name] = _of_resources(source.get("resourceFieldRef") or {}, raw, limits)
    values = {name: value for name, value in found.items() if value is not None}
    return Given(values=values, left_out=tuple(sorted({*found} - {*values} | {*_secrets(raw)})))


def expanded(text: str, known: Mapping[str, str]) -> str:
    """With the value of X for ``$(X)``, as in Kubernetes: what is not known stays, and ``$$`` is ``$``."""
    return _REFERENCE.sub(lambda found: known.get(found[2], found[0]) if found[2] is not None else "$", text)


def _with_references(text: str, found: Mapping[str, str | None]) -> str | None:
    """None: it has a part that is known in a cluster alone."""
    named = [name for dollar, name in _REFERENCE.findall(text) if dollar != "$"]
    if any(name in found and found[name] is None for name in named):
        return None
    return expanded(text, {name: value for name, value in found.items() if value is not None})


def _from_maps(raw: Facts, maps: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for source in raw.get("envFrom") or ():
        if reference := source.get("configMapRef"):
            for key, value in _data(maps, reference).items():
                yield f"{source.get('prefix') or ''}{key}", str(value)


def _secrets(raw: Facts) -> Iterator[str]:
    for source in raw.get("envFrom") or ():
        if reference := source.get("secretRef"):
            yield f"all of the Secret {reference.get('name')}"


def _data(maps: Mapping[str, Any], reference: Facts) -> Facts:
    name = str(reference.get("name"))
    if name in maps:
        found: Facts = maps[name]
        return found
    if reference.get("optional"):
        return {}
    raise ValueError(f"there is no ConfigMap {name}")


def _of_resources(reference: Facts, raw: Facts, limits: Limits) -> str | None:
    """A limit that the container is told, rounded up as Kubernetes does."""
    if reference.get("containerName") not in (None, "", raw.get("name")):
        return None
    known = {
        "limits.cpu": limits.cpu_cores,
        "requests.cpu": limits.cpu_request_cores,
        "limits.memory": limits.memory_bytes,
    }
    value = known.get(str(reference.get("resource")))
    divisor = float(quantity(reference.get("divisor") or 1)) or 1.0
    return None if value is None else str(math.ceil(value / divisor))
