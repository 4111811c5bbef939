"""From lines of JSON to columns, many lines at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import MISSING, fields
from typing import Any, get_type_hints

import msgspec
import numpy as np
import orjson
from msgspec.structs import astuple

from records.cells.request import RequestRecord
from records.errors import RecordError
from records.files import newlines_in
from reports.columns.gaps import lists_of
from reports.columns.kinds import NO_INTEGER, Coded, Column, Ints, Lists, joined
from reports.columns.places import Places
from reports.columns.requests import ALWAYS, NAMED, PERHAPS, Manner, Requests, of_columns
from reports.columns.stages import StageTypes

AT_A_TIME = 1 << 19
"""Bytes of lines that are made columns at once: their objects fit into a CPU's cache."""
FIELDS = tuple(own.name for own in fields(RequestRecord))
_OWN_TYPES: dict[str, Any] = {
    "gaps_us": msgspec.Raw,
    "flags": tuple[str, ...],
    **dict.fromkeys(NAMED, msgspec.Raw),
    "token_source": str,
}
_NOTHING: dict[str, Any] = {
    "gaps_us": msgspec.Raw(b"[]"),
    "flags": (),
    **dict.fromkeys(NAMED, msgspec.Raw(b"{}")),
}
_NAMED = {name: msgspec.json.Decoder(get_type_hints(RequestRecord)[name]) for name in NAMED}


def _decoder(stages: Any) -> msgspec.json.Decoder[Any]:
    """Of a line whose stage times are of that type. Its fields are those of a record, so that it takes what
    `records.cells.request.decode` takes at once."""
    types = {**get_type_hints(RequestRecord), **_OWN_TYPES, "stages": stages | None}
    made: list[Any] = []  # in the order of FIELDS
    for own in fields(RequestRecord):
        if own.name in _NOTHING:
            made.append((own.name, types[own.name], _NOTHING[own.name]))
        elif own.default is MISSING:
            made.append((own.name, types[own.name]))
        else:
            made.append((own.name, types[own.name], own.default))
    return msgspec.json.Decoder(msgspec.defstruct("Line", made, kw_only=True, gc=False))


class Columns:
    """Makes the columns of one cell, a block of lines after the other."""

    def __init__(self) -> None:
        self._stages = StageTypes()
        self._decoder = _decoder(self._stages.made)
        self._blocks: dict[str, list[Any]] = {}
        named = {name: Places[Any](decoder.decode) for name, decoder in _NAMED.items()}
        self._places = {"manner": Places[Any](), "question": Places[Any](), **named}
        self._count = 0

    def take(self, lines: bytes) -> int:
        """Add these lines, and say how many they are; 0: none of them was added, for one is no record as this
        version writes it."""
        try:
            rows = self._decoded(lines)
            if len(rows) != newlines_in(lines):  # an empty line, two records in one, or one in two
                return 0
            self._add(rows)
        except (msgspec.MsgspecError, UnicodeError, RecursionError, OverflowError):
            return 0
        return len(rows)

    def add_records(self, records: Iterable[RequestRecord]) -> None:
        """Raises RecordError for what has no column: a number of more than 64 bits."""
        try:
            # A record that was read has its gaps in an array.
            if lines := [orjson.dumps(record, default=list) for record in records]:
                self._add(self._decoded(b"\n".join(lines)))
        except (TypeError, msgspec.MsgspecError, OverflowError) as error:
            raise RecordError(f"it holds a number of more than 64 bits: {error}") from error

    def _add(self, rows: Sequence[Any]) -> None:
        """All of them or, where one makes it raise, none."""
        for name, column in self._block(rows).items():
            self._blocks.setdefault(name, []).append(column)
        self._count += len(rows)

    def _decoded(self, lines: bytes) -> list[Any]:
        try:
            return self._decoder.decode_lines(lines)
        except msgspec.ValidationError:
            if not self._stages.learn(line for line in lines.split(b"\n") if line.strip()):
                raise
            self._decoder = _decoder(self._stages.made)
            return self._decoder.decode_lines(lines)

    def _block(self, rows: Sequence[Any]) -> dict[str, Any]:
        """Raises OverflowError for a number of more than 64 bits, msgspec.MsgspecError."""
        found = dict(zip(FIELDS, zip(*map(astuple, rows), strict=True), strict=True))
        coded: dict[str, Iterable[Any]] = {name: map(bytes, found[name]) for name in NAMED}
        coded["question"] = found["question"]
        coded["manner"] = zip(*(found[name] for name in Manner._fields), strict=True)
        block: dict[str, Any] = {name: np.array(found[name], dtype=np.int64) for name in ALWAYS}
        block |= {name: _perhaps_none(found[name]) for name in PERHAPS}
        for name, own in coded.items():
            block[name] = np.fromiter(map(self._places[name].__getitem__, own), np.int32, len(rows))
        block["gaps_us"] = lists_of(found["gaps_us"])
        block["stages"] = self._stages.column(found["stages"])
        return block

    def requests(self) -> Requests:
        """All that was added; these are then gone from here."""
        distinct: dict[str, Sequence[Any]] = {name: list(places) for name, places in self._places.items()}
        distinct["manner"] = [Manner(*one) for one in distinct["manner"]]
        made: dict[str, Column] = {}
        for name in list(self._blocks):
            blocks = self._blocks.pop(name)
            if name in distinct:
                made[name] = Coded(codes=np.concatenate(blocks), distinct=distinct[name])
            elif name == "stages":
                made[name] = self._stages.joined(blocks)
            elif name == "gaps_us":
                made[name] = Lists.joined(blocks).whole()
            else:
                made[name] = joined(blocks)
        return of_columns(self._count, made) if made else Requests.joined([])


def _perhaps_none(found: Sequence[Any]) -> Ints:
    """A number that would pass for none is made the next one: no moment and no count is either."""
    none = 0
    try:
        made = np.array(found, dtype=np.int64)
    except TypeError:
        none = found.count(None)
        made = np.array([NO_INTEGER if at is None else at for at in found], dtype=np.int64)
    if np.count_nonzero(made == NO_INTEGER) > none:
        said = [at is not None and at == NO_INTEGER for at in found]
        made[said] = NO_INTEGER + 1
    return made


def requests_in(records: Sequence[RequestRecord]) -> Requests:
    """These records in columns. Raises RecordError for a number of more than 64 bits."""
    if isinstance(records, Requests):
        return records
    columns = Columns()
    columns.add_records(records)
    return columns.requests()
