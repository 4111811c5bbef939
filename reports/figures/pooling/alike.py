"""What may differ between services that are pooled or compared, and what may not: the rule, in one place.

- Cells of one deployment and variant are pooled: nothing may differ, what was started or asked included, but
  where things lie, unless it was set. Those that do differ are rows of their own, whose names say in what
  (`rows.py`). Older cells, which do not tell what was started, are pooled only with each other.
- Cells are added up that loaded one service at the same time (`same_service`): it has one address.
- Rows of two machines are compared where they are of one variant: of two a ratio would be of the machines,
  too. Of two deployments it is said beside their ratio.
- Two rows of one deployment may differ in what they say: in the settings of their variants, in what their
  names say, and in the paths of the stages that such settings move. Of a variant that is no mock of ours and
  whose settings were not kept nothing is known, so all may be what it names.
- Two deployments may be set differently, that is what they are; the same configuration must run the same
  code in both.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from records.cells.cell import Cell
from records.options.hosts import is_here
from records.services.served import AS_IS
from records.services.variants import MOCKS, moves

PLACES = frozenset({"URL", "DIR", "PORT", "HOST"})
"""The last words of the names of settings that say where things lie: no difference, unless they were set."""
OWN_PLACES = frozenset({"PORT", "HOST"})
"""Where a service itself listens, whoever says so."""
ORDERS = frozenset({"DIAL_SEED"})
"""In which order a service does what it does: another one in each run, and no difference."""
MACHINE = "machine"
Facts = Mapping[str, Any]


def settings_of(cell: Cell) -> Facts:
    """Those in effect, and those that were set and of which the service says nothing."""
    kept = cell.requested.get("set")
    given = kept if isinstance(kept, dict) else {}
    known = {**given, **cell.settings}
    return {
        name: value
        for name, value in known.items()
        if name not in OWN_PLACES | ORDERS and (name in given or name.rpartition("_")[2] not in PLACES)
    }


def is_older(cell: Cell) -> bool:
    """Was it kept before cells told what was started, and what their questions were?"""
    return "service" not in cell.requested


def service_of(cell: Cell) -> Facts:
    """What was started for it, or the address of what ran; none of an older cell."""
    return {} if is_older(cell) else {"service": cell.requested["service"]}


def same_service(one: Cell, other: Cell) -> bool:
    """Did two cells of one time load one service? Its address is the same, also by the name asked for; an
    address that each machine has for itself is another one on each."""
    if is_older(one) != is_older(other) or _address(one) != _address(other):
        return False
    here = [cell.requested.get(MACHINE) for cell in (one, other)]
    return here[0] == here[1] or not is_here(_address(one)[0])


def _address(cell: Cell) -> tuple[str, Any]:
    tls = cell.requested.get("tls")
    name = tls.get("server_name") if isinstance(tls, dict) else None
    return str(cell.requested.get("host", "")).rstrip("/"), name


def stages_of(cell: Cell) -> Facts:
    return {f"stage {stage}": path for stage, path in cell.paths.items()}


def machine_of(cell: Cell) -> Facts:
    """The one that asked, which also ran whatever a sweep started; none of a cell that does not tell it."""
    machine = cell.requested.get(MACHINE)
    return {} if machine is None else {MACHINE: machine}


def cpus_of(cell: Cell) -> Facts:
    cpus = cell.requested.get("cpus")
    if isinstance(cpus, dict):  # why the load did not come first is no other load
        cpus = {key: value for key, value in cpus.items() if key != "realtime_refused"}
    return {} if cpus is None else {"CPUs": cpus}


def reach_of(cell: Cell) -> Facts:
    """How it was reached: of a cell that tells it. The name that was asked for, and the client that asked,
    may each lead to another service behind the same address; whom to trust, and where a key lies, do not."""
    asked = cell.requested
    if "proxy" not in asked:
        return {}
    told = asked.get("tls")
    tls = told or {}
    return {
        "proxy": asked["proxy"],
        "tls": "none" if told is None else "unverified" if tls.get("insecure") else "verified",
        "--server-name": tls.get("server_name"),
        "--cert": tls.get("cert"),
    }


def _values(sides: Iterable[Facts]) -> dict[str, set[str]]:
    """Each fact's values, over all cells that tell any of its kind."""
    known = [side for side in sides if side]
    return {name: {repr(side.get(name)) for side in known} for name in sorted({n for s in known for n in s})}


def served_differently(one: Cell, other: Cell) -> bool:
    """Did two cells of one deployment and variant have services of other settings, or other code?"""
    return any(_apart(kind, [one], [other]) for kind in (settings_of, stages_of))


def variant_settings(cell: Cell) -> Facts | None:
    """The settings that its variant stands for; None where they are not known."""
    kept, mock = cell.requested.get("variant"), MOCKS.get(cell.config)
    if isinstance(kept, dict) and cell.config != AS_IS:
        return kept
    return mock.settings if mock else None


def _apart(kind: Callable[[Cell], Facts], first: Sequence[Cell], second: Sequence[Cell]) -> list[str]:
    """The facts of that kind in which two groups differ; none where one of them tells none."""
    one, other = _values(map(kind, first)), _values(map(kind, second))
    if not one or not other:
        return []
    return [name for name in sorted({*one, *other}) if one.get(name) != other.get(name)]


def more_than_named(
    first: Sequence[Cell], second: Sequence[Cell], *, named: Collection[str] = ()
) -> tuple[str, ...]:
    """In what two rows of one deployment differ beyond what they say, ``named`` in their names too, or one
    variant of two deployments in its code: then a ratio would be of something else than it is called."""
    one, other = first[0], second[0]
    if one.deployment != other.deployment:
        return tuple(_told(name, first, second) for name in _apart(stages_of, first, second))
    if one.config != other.config:
        named = set(named) - {MACHINE}
    own, others = variant_settings(one), variant_settings(other)
    if own is None or others is None:
        found = [name for kind in (machine_of, cpus_of, service_of) for name in _apart(kind, first, second)]
        return tuple(name for name in found if name not in named)
    said = {*named, *(name for name in {**own, **others} if own.get(name) != others.get(name))}
    kinds = (stages_of, settings_of, machine_of, cpus_of, service_of)
    found = [name for kind in kinds for name in _apart(kind, first, second)]
    return tuple(_told(name, first, second) for name in found if not _said(name, said))


def _said(name: str, said: Collection[str]) -> bool:
    """Is it said that this differs, or does it follow from a setting that is said to?"""
    kind, _, stage = name.partition(" ")
    settings = [one for one in said if one.isupper()]
    return name in said or (kind == "stage" and moves(settings, stage))


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
    return tuple(_apart(settings_of, first, second))


def reached_apart(first: Sequence[Cell], second: Sequence[Cell]) -> tuple[str, ...]:
    """In what the ways to two deployments differ, to be said beside their ratio: it has that in it."""
    return tuple(name for kind in (_way, _asker) for name in _apart(kind, first, second))


def _asker(cell: Cell) -> Facts:
    machine = cell.requested.get(MACHINE)
    return {} if machine is None else {"the machine that asked": machine}


def _way(cell: Cell) -> Facts:
    """All that reaching it took; none of a cell that does not tell it."""
    if "proxy" not in cell.requested:
        return {}
    tls = cell.requested.get("tls")
    options = {f"--{name.replace('_', '-')}": value for name, value in (tls or {}).items() if value}
    return {"proxy": cell.requested["proxy"], "TLS": tls is not None, **options}
