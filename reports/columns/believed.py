"""Which requests are believed, as `records.cells.believed` says, of all of a cell at once."""

from __future__ import annotations

import numpy as np

from records.cells.believed import COUNTS, LATEST_NS, MOMENTS, Bounds, LeftOut
from records.cells.cell import Cell
from records.cells.flags import WARMUP
from reports.columns.kinds import NO_INTEGER, Mask
from reports.columns.requests import PERHAPS, Requests

_MIXED = (0x1E3779B97F4A7C15, 0x3F58476D1CE4E5B9)
"""Odd and great, so that numbers of users and workers go to all 64 bits."""


def believed(requests: Requests, cell: Cell) -> tuple[Requests, LeftOut]:
    """Those of them, in their order, and how many are not."""
    first = first_records(requests)
    once = requests.where(first)
    can_be = once.where(possible(once, Bounds.of(cell)))
    return can_be, LeftOut(repeated=len(requests) - len(once), impossible=len(once) - len(can_be))


def first_records(requests: Requests) -> Mask:
    """Which are the first of their request? Names are made one number, which two requests hardly share by
    chance, so that the names themselves are compared of few."""
    user, seq = requests.integers("user"), requests.integers("seq")
    workers = requests.manner.ranks(lambda one: one.worker)
    first = np.ones(len(seq), dtype=np.bool_)
    mixed = seq + user * _MIXED[0] + workers * _MIXED[1]  # of 64 bits, the rest is cut off
    ordered = np.sort(mixed)
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    if not len(twice):
        return first
    places = np.flatnonzero(np.isin(mixed, twice))
    names = [name[places] for name in (workers, user, seq)]
    order = np.lexsort((places, *names))
    same = np.logical_and.reduce([name[order][1:] == name[order][:-1] for name in names])
    first[places[order[1:][same]]] = False
    return first


def possible(requests: Requests, bounds: Bounds) -> Mask:
    """Which can have happened so? `records.cells.believed.is_possible` says how."""
    start, sent, ended = requests.start_ns, requests.sent_ns, requests.ended_ns
    found: Mask = (start >= 0) & (start <= sent) & (sent <= ended) & (ended <= LATEST_NS)
    found &= ended - np.maximum(start, 0) <= bounds.longest_ns
    outside = (sent < bounds.first_ns) | (bounds.last_ns < sent)
    if outside.any():
        found &= ~outside | requests.mask(lambda one: WARMUP in one.flags)
    latest = sent
    for name in MOMENTS:
        at = requests.integers(name)
        found &= (at == NO_INTEGER) | ((latest <= at) & (at <= ended))
        latest = np.maximum(latest, at)  # which is less than all where it is none
    body = requests.integers("body_ended_at_ns")
    found &= (body == NO_INTEGER) | ((sent <= body) & (body - np.maximum(sent, 0) <= bounds.longest_ns))
    for name, most in COUNTS.items():
        number = requests.integers(name)
        found &= (number >= 0) & (number <= most) | (number == NO_INTEGER) & (name in PERHAPS)
    seen = requests.mask(lambda one: one.token_source == "events")
    tokens, size = requests.integers("tokens"), requests.integers("bytes")
    found &= ~seen | (size == 0) | (tokens <= size)
    _refuse_gaps(requests, found)
    return found


def _refuse_gaps(requests: Requests, found: Mask) -> None:
    """Of those that have some, as numbers that no sum is too great for."""
    gaps = requests.gaps_us
    if not len(gaps.flat):
        return
    has = np.flatnonzero(gaps.counts)
    counts = gaps.counts[has].astype(np.int64)
    starts = np.cumsum(counts) - counts
    # As what they are kept in, where no sum has more bits: that takes a fourth of the time.
    most = int(gaps.flat.max()) * int(gaps.counts.max())
    fits = gaps.flat.min() >= 0 and most <= np.iinfo(gaps.flat.dtype).max
    total_us = np.add.reduceat(gaps.flat, starts, dtype=gaps.flat.dtype if fits else np.float64)
    first, last = (requests.integers(name)[has] for name in ("first_token_at_ns", "last_token_at_ns"))
    known = (first != NO_INTEGER) & (last != NO_INTEGER)
    between = np.where(known, last - first, (requests.ended_ns - requests.sent_ns)[has])
    more_ns = 1000.0 * total_us - between
    can_be = more_ns <= 1000 * counts
    short = more_ns < -1000 * counts
    if short.any():
        of_events = requests.mask(lambda one: one.token_source == "events")[has]
        can_be &= ~(short & known & of_events & (counts == requests.integers("tokens")[has] - 1))
    if not fits:
        can_be &= np.minimum.reduceat(gaps.flat, starts) >= 0
    found[has] &= can_be
