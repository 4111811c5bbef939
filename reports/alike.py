"""What may differ between services that are pooled or compared, and what may not: the rule, in one place.

- Cells of one deployment and configuration are pooled: nothing may differ but where things lie.
- Two configurations of one deployment may differ in what their names say: in the mock's own setting, and in
  the path of its own stage. Of a name that is not ours nothing is known, so all may be what it names.
- Two deployments may be set differently, that is what they are; the same configuration must run the same
  code in both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from records.cell import Cell
from records.served import MOCKS_OF_CONFIG

PLACES = ("_URL", "_DIR", "PORT", "HOST")
"""How the names of settings end that say where things lie."""
OF_A_MOCK = (("USE_MOCK_EMBEDDINGS", "embed"), ("USE_MOCK_LLM", "llm"))
"""The setting and the stage of each mock, in the order of MOCKS_OF_CONFIG."""
Facts = Mapping[str, Any]


def _settings(cell: Cell) -> Facts:
    return {name: value for name, value in cell.settings.items() if not name.endswith(PLACES)}


def _stages(cell: Cell) -> Facts:
    return {f"stage {stage}": path for stage, path in cell.paths.items()}


def _cpus(cell: Cell) -> Facts:
    cpus = cell.requested.get("cpus")
    return {} if cpus is None else {"CPUs": cpus}


def _reach(cell: Cell) -> Facts:
    """How it was reached: of a cell that tells it. The name that was asked for, and the client that asked,
    may each lead to another service behind the same address; whom to trust, and where a key lies, do not."""
    asked = cell.requested
    if "proxy" not in asked:
        return {}
    tls = asked.get("tls") or {}
    return {
        "proxy": asked["proxy"],
        "TLS": asked.get("tls") is not None,
        "verification of TLS": tls.get("insecure"),
        "--server-name": tls.get("server_name"),
        "--cert": tls.get("cert"),
    }


def _values(sides: Iterable[Facts]) -> dict[str, set[str]]:
    """Each fact's values, over all cells that tell any of its kind."""
    known = [side for side in sides if side]
    return {name: {repr(side.get(name)) for side in known} for name in sorted({n for s in known for n in s})}


def set_differently(cells: Iterable[Cell]) -> tuple[str, ...]:
    """In what cells of one deployment and configuration differ besides their load."""
    groups: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells:
        groups.setdefault((cell.deployment, cell.config), []).append(cell)
    return tuple(
        dict.fromkeys(
            name
            for kind in (_settings, _stages, _cpus, _reach)
            for group in groups.values()
            for name, values in _values(kind(cell) for cell in group).items()
            if len(values) > 1
        )
    )


def _apart(kind: Callable[[Cell], Facts], first: Sequence[Cell], second: Sequence[Cell]) -> list[str]:
    """The facts of that kind in which two groups differ; none where one of them tells none."""
    one, other = _values(map(kind, first)), _values(map(kind, second))
    if not one or not other:
        return []
    return [name for name in sorted({*one, *other}) if one.get(name) != other.get(name)]


def more_than_named(first: Sequence[Cell], second: Sequence[Cell]) -> tuple[str, ...]:
    """In what two configurations of one deployment differ beyond their names, or one configuration of two
    deployments in its code: then a ratio of them would be of something else than it is called."""
    one, other = first[0], second[0]
    if one.deployment != other.deployment:
        return tuple(_told(name, first, second) for name in _apart(_stages, first, second))
    if not {one.config, other.config} <= set(MOCKS_OF_CONFIG):
        return tuple(_apart(_cpus, first, second))
    named = {
        name
        for (setting, stage), a, b in zip(
            OF_A_MOCK, MOCKS_OF_CONFIG[one.config], MOCKS_OF_CONFIG[other.config], strict=True
        )
        if a != b
        for name in (setting, f"stage {stage}")
    }
    found = [name for kind in (_stages, _settings, _cpus) for name in _apart(kind, first, second)]
    return tuple(_told(name, first, second) for name in found if name not in named)


def _told(name: str, first: Sequence[Cell], second: Sequence[Cell]) -> str:
    """A stage with what runs it on either side; of settings the name alone, which may hold anything."""
    kind, _, stage = name.partition(" ")
    if kind != "stage":
        return name
    sides = [
        "/".join(dict.fromkeys(c.paths.get(stage, "nothing") for c in cells if c.paths))
        for cells in (first, second)
    ]
    return f"{name} ({sides[0]} against {sides[1]})"


def set_apart(first: Sequence[Cell], second: Sequence[Cell]) -> tuple[str, ...]:
    """The settings in which two deployments differ, to be said beside their ratio."""
    return tuple(_apart(_settings, first, second))


def reached_apart(first: Sequence[Cell], second: Sequence[Cell]) -> tuple[str, ...]:
    """In what the ways to two deployments differ, to be said beside their ratio: it has that in it."""
    return tuple(_apart(_way, first, second))


def _way(cell: Cell) -> Facts:
    """All that reaching it took; none of a cell that does not tell it."""
    if "proxy" not in cell.requested:
        return {}
    tls = cell.requested.get("tls")
    options = {f"--{name.replace('_', '-')}": value for name, value in (tls or {}).items() if value}
    return {"proxy": cell.requested["proxy"], "TLS": tls is not None, **options}
