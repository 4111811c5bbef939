"""Stage times of lines, by a type that has the stages' names in it: so no object is made of a name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np

from reports.columns.kinds import Coded, Codes, Floats, Shape, Stages
from reports.columns.places import Places

MOST = 32
"""Names that the type has; a service that has more, as one that numbers its stages, is read without it."""
_ANY = dict[str, dict[str, float]]
_UNNAMEABLE = re.compile(r'["\\\x00-\x1f\x7f]')


class _Named(msgspec.Struct, gc=False):
    stages: _ANY | None = None


_NAMED = msgspec.json.Decoder(_Named)
_Block = tuple[Codes, Floats]


class StageTypes:
    """The type of a cell's stage times, as far as their names are known, and columns of what it decodes."""

    def __init__(self) -> None:
        self._names: dict[str, dict[str, None]] = {}
        self._shapes = Places[Shape]()
        self._made()

    def _made(self) -> None:
        numbers = [name for own in self._names.values() for name in own]
        self.made: Any = _ANY if len(self._names) + len(numbers) > MOST else _typed(self._names)
        """Has all that is known, and refuses what is not."""
        paths = [f"s{i}.n{j}" for i, own in enumerate(self._names.values()) for j in range(len(own))]
        whole = self.made is not _ANY and all(self._names.values()) and len(paths) > 1
        self._width, self._all = len(paths), attrgetter(*paths) if whole else None

    def learn(self, lines: Iterable[bytes]) -> bool:
        """Add the names in these lines to the type; False: it has them. Raises msgspec.MsgspecError."""
        before = self._shape
        names = {stage: dict(own) for stage, own in self._names.items()}
        for line in lines:
            for stage, numbers in (_NAMED.decode(line).stages or {}).items():
                names.setdefault(stage, {}).update(dict.fromkeys(numbers))
        self._names = names
        if self._shape == before or self.made is _ANY:
            return False
        self._made()
        return True

    @property
    def _shape(self) -> Shape:
        """That of a request with all of them."""
        return tuple((stage, tuple(numbers)) for stage, numbers in self._names.items())

    def column(self, found: Sequence[Any]) -> _Block:
        """Of what was decoded by ``made``, a request each."""
        given = found if None not in found else [one for one in found if one is not None]
        if given and self._all is not None:
            try:
                flat = np.fromiter(
                    chain.from_iterable(map(self._all, given)), np.float64, len(given) * self._width
                )
            except (AttributeError, TypeError):
                pass  # one of them has not all
            else:
                full, none = self._shapes[self._shape], self._shapes[()]
                codes = np.full(len(found), full, dtype=np.int32)
                if len(given) < len(found):
                    codes[[one is None for one in found]] = none
                return codes, flat
        return self._one_by_one(found)

    def _one_by_one(self, found: Sequence[Any]) -> _Block:
        numbers: list[float] = []
        codes = []
        for one in found:
            stages: _ANY = {} if one is None else one if isinstance(one, dict) else msgspec.to_builtins(one)
            codes.append(self._shapes[tuple((stage, tuple(own)) for stage, own in stages.items())])
            for own in stages.values():
                numbers += own.values()
        return np.array(codes, dtype=np.int32), np.array(numbers, dtype=np.float64)

    def joined(self, blocks: Sequence[_Block]) -> Stages:
        codes, flat = zip(*blocks, strict=True)
        distinct = list(self._shapes)
        return Stages(shapes=Coded(codes=np.concatenate(codes), distinct=distinct), flat=np.concatenate(flat))


def _typed(names: dict[str, dict[str, None]]) -> Any:
    """The type of these names alone, of which a request need not have all; any, where a name has what none of
    a type may have: quotes, backslashes, control characters."""
    if any(_UNNAMEABLE.search(name) for name in chain(names, *names.values())):
        return _ANY
    made = [
        _struct("Numbers", {f"n{i}": name for i, name in enumerate(numbers)}, [float] * len(numbers))
        for numbers in names.values()
    ]
    return _struct("Stages", {f"s{i}": name for i, name in enumerate(names)}, made)


def _struct(name: str, called: dict[str, str], types: Sequence[Any]) -> Any:
    return msgspec.defstruct(
        name,
        [(own, kind | msgspec.UnsetType, msgspec.UNSET) for own, kind in zip(called, types, strict=True)],
        rename=called,
        gc=False,
        forbid_unknown_fields=True,
    )
