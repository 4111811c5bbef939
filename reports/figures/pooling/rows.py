"""Which cells are one row of a report: those of one deployment and variant that differ in nothing.

Where settings in effect, code, CPUs, machine, what was started, the way a service was reached or what was
asked of it differ, there are several rows, and the name of each carries what it has and others have not:
``baseline RETRIEVAL=blocking``; where that is the code of the service alone, its run: ``baseline before``.
Cells that are too old to tell some of that are rows of their own beside those that do.
What was asked is held against cells of the same other factors and of the same kind of load, for that is what
those change.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from records.cells.cell import Cell
from records.secrets.secret_names import harmless
from records.services.variants import moves
from reports.figures.pooling.alike import (
    Facts,
    cpus_of,
    is_older,
    machine_of,
    reach_of,
    service_of,
    settings_of,
    stages_of,
)
from reports.figures.pooling.requested import LATER, canonical, load_keys
from reports.figures.pooling.run_names import CODE, SERVICE, run_names

OF_THE_LOAD = frozenset({"rate"})
"""What levels of one row differ in: it is their load itself."""
LONGEST_VALUE = 40
DIGEST, SHOWN_OF_DIGEST = re.compile("[0-9a-f]{64}"), 6
UNTOLD = "?"
"""The value of a cell that does not tell it, beside others that differ in it."""


@dataclass(frozen=True, kw_only=True)
class PooledRow:
    """Cells that may be pooled, at one load or another."""

    deployment: str
    variant: str
    difference: str = ""
    """What it has and the variant's other rows have not; empty where there are none."""
    named: frozenset[str] = frozenset()
    """The facts that are in it."""
    told: str = ""
    """What stands behind it, where it is the name of a run: ``service.code=1d953f``."""

    @property
    def config(self) -> str:
        return f"{self.variant} {self.difference}".rstrip()


Kind = tuple[Callable[[Cell], Facts | None], Callable[[Cell], Hashable]]
"""Facts, and among which cells of a variant they are to be the same."""


def _settings(cell: Cell) -> Facts | None:
    """None where nobody knows them; that nothing was set is told, too."""
    return settings_of(cell) if cell.settings or isinstance(cell.requested.get("set"), dict) else None


def _requested(cell: Cell) -> Facts:
    wanted, keys = cell.requested, load_keys([cell])
    return {k: wanted.get(k) for k in keys if k not in OF_THE_LOAD and (k in wanted or k not in LATER)}


def _load_of(cell: Cell) -> Hashable:
    shape = cell.requested.get("shape")
    return tuple(cell.point.options.items()), str(shape), bool(cell.requested.get("rate")), is_older(cell)


def _age(cell: Cell) -> Facts:
    return {"older": is_older(cell)}


def _everywhere(cell: Cell) -> Hashable:
    return None


def _told(kind: Callable[[Cell], Facts]) -> Callable[[Cell], Facts | None]:
    """None of a cell that tells none of that kind."""
    return lambda cell: kind(cell) or None


KINDS: tuple[Kind, ...] = (
    (_age, _everywhere),
    (_settings, _everywhere),
    (_told(service_of), is_older),
    (_requested, _load_of),
    (_told(machine_of), _everywhere),
    (_told(cpus_of), _everywhere),
    (_told(reach_of), _everywhere),
    (_told(stages_of), _everywhere),
)


def rows_of(cells: Sequence[Cell], sources: Sequence[str] = ()) -> list[PooledRow]:
    """The row of each cell; ``sources``: the folders of their runs, by which rows may be called."""
    groups: dict[tuple[str, str], list[int]] = {}
    for place, cell in enumerate(cells):
        groups.setdefault((cell.deployment, cell.config), []).append(place)
    found: dict[int, PooledRow] = {}
    for (deployment, variant), places in groups.items():
        own = [_Facts() for _ in places]
        for kind, among in KINDS:
            _add(own, [cells[place] for place in places], kind, among)
        names = run_names([facts.values for facts in own], [sources[place] for place in places if sources])
        for n, (place, facts, text) in enumerate(zip(places, own, _texts(own), strict=True)):
            named = frozenset(facts.values)
            difference, told = (names[n], text) if names else (text, "")
            found[place] = PooledRow(
                deployment=deployment, variant=variant, difference=difference, named=named, told=told
            )
    return [found[place] for place in range(len(cells))]


class _Facts:
    """Those of one cell in which it differs from others of its variant."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    @property
    def settings(self) -> dict[str, str]:
        return {name: text for name, text in self.values.items() if name.isupper()}


def _add(
    own: Sequence[_Facts], cells: Sequence[Cell], kind: Callable[[Cell], Facts | None], among: Any
) -> None:
    scopes: dict[Hashable, list[int]] = {}
    for place, cell in enumerate(cells):
        scopes.setdefault(among(cell), []).append(place)
    for places in scopes.values():
        said = {place: kind(cells[place]) for place in places}
        told = {place: facts for place, facts in said.items() if facts is not None}
        for name in _differing(told.values()):
            if not _follows(name, own, told):
                for place in places:
                    own[place].values[name] = _text(told.get(place, {}), name)


def _differing(told: Iterable[Facts]) -> Iterator[str]:
    """The names of the facts that are not the same in all that tell any; one that a cell does not have
    although it tells others counts, unless it was not always kept."""
    known = list(told)
    for name in dict.fromkeys(name for facts in known for name in facts):
        values = {canonical(facts[name]) for facts in known if name in facts}
        missing = any(name not in facts for facts in known) and name not in LATER
        if len(values) + missing > 1:
            yield name


def _follows(name: str, own: Sequence[_Facts], told: Mapping[int, Facts]) -> bool:
    """Is what runs a stage another thing only because of a setting that is named already?"""
    kind, _, stage = name.partition(" ")
    if kind != "stage":
        return False
    runs: dict[str, set[bytes]] = {}
    for place, facts in told.items():
        settings = own[place].settings
        if not moves(settings, stage):
            return False
        if name in facts:
            runs.setdefault(str(sorted(settings.items())), set()).add(canonical(facts[name]))
    return all(len(values) == 1 for values in runs.values())


def _text(facts: Facts, name: str) -> str:
    return canonical(facts[name]).decode() if name in facts else UNTOLD


def _texts(own: Sequence[_Facts]) -> list[str]:
    """``RETRIEVAL=blocking think_time_s=0.5`` of each; no two differ without their texts doing so."""
    names = dict.fromkeys(name for facts in own for name in facts.values)
    shorts = {name: _short(name, [f.values[name] for f in own if name in f.values]) for name in names}
    return [" ".join(shorts[name][text] for name, text in facts.values.items()) for facts in own]


def _short(name: str, texts: Sequence[str]) -> dict[str, str]:
    """Each value of a fact, with its name; of an object only what differs."""
    distinct = list(dict.fromkeys(texts))
    objects = [orjson.loads(text) if text != UNTOLD else {} for text in distinct]
    if all(isinstance(one, dict) for one in objects) and any(objects):
        keys = [key for key in sorted({k for one in objects for k in one}) if _vary(key, objects)]
        columns = [
            [f"{name}.{key}={text}" for text in _cut(_shown(name, key, o.get(key)) for o in objects)]
            for key in keys
        ]
        parts = [" ".join(row) for row in zip(*columns, strict=True)]
    else:
        known = [None if text == UNTOLD else orjson.loads(text) for text in distinct]
        values = zip(distinct, _cut(known), strict=True)
        parts = [f"{name}={UNTOLD if text == UNTOLD else value}" for text, value in values]
    numbered = enumerate(zip(distinct, parts, strict=True), 1)
    return {text: part if parts.count(part) == 1 else f"{part}#{i}" for i, (text, part) in numbered}


def _shown(name: str, key: str, value: Any) -> Any:
    """The code is a digest, too, of fewer digits."""
    return value[:SHOWN_OF_DIGEST] if (name, key) == (SERVICE, CODE) and isinstance(value, str) else value


def _vary(key: str, objects: Sequence[Mapping[str, Any]]) -> bool:
    return len({canonical(one.get(key)) for one in objects}) > 1


def _value(value: Any) -> str:
    """As it would be set: ``yes``, ``5``, ``blocking``."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = "unset" if value is None else value if isinstance(value, str) else canonical(value).decode()
    text = harmless(text)
    return text[:SHOWN_OF_DIGEST] if DIGEST.fullmatch(text) else text


def _cut(values: Iterable[Any]) -> list[str]:
    """The values' texts. A long one is cut at its end; before that at its beginning, if others have the same:
    what differs is shown."""
    texts = [_value(value) for value in values]
    long = sorted({text for text in texts if len(text) > LONGEST_VALUE})
    alike = ""
    if len(long) > 1:
        pairs = enumerate(zip(long[0], long[-1], strict=False))
        alike = long[0][: next((place for place, (a, b) in pairs if a != b), len(long[0]))]
    skipped = max(alike.rfind(" "), alike.rfind("/")) + 1
    found = []
    for text in texts:
        if skipped and len(text) > LONGEST_VALUE:
            text = f"…{text[skipped:]}"
        found.append(text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…")
    return found
