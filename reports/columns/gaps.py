"""Lists of whole numbers from their JSON, all lists of a block of lines at once: no object is made of one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import msgspec
import numpy as np
import numpy.typing as npt

from reports.columns.kinds import Ints, Lists

_OPEN, _CLOSE, _COMMA, _ZERO = b"[],0"
DIGITS = 9
"""So many fit into 32 bits, whatever they are."""
_LIST = msgspec.json.Decoder(list[int])


def lists_of(texts: Sequence[msgspec.Raw]) -> Lists:
    """Of JSON, each a request's.

    Raises:
        msgspec.MsgspecError: one of them is no list of whole numbers.
        OverflowError: one of the numbers has more than 64 bits.
    """
    found = _plain(np.frombuffer(b"".join(texts), dtype=np.uint8), len(texts))
    return found or _of_any([_LIST.decode(text) for text in texts])


def _of_any(lists: Sequence[Sequence[int]]) -> Lists:
    counts = np.fromiter(map(len, lists), np.int32, len(lists))
    flat = np.fromiter(chain.from_iterable(lists), np.int64, int(counts.sum()))
    return Lists(flat=flat, counts=counts)


def _plain(text: npt.NDArray[np.uint8], count: int) -> Lists | None:
    """None where they are not all lists, without a blank, of numbers without a sign and of few digits."""
    opens, closes, commas = text == _OPEN, text == _CLOSE, text == _COMMA
    starts, ends = np.flatnonzero(opens | commas) + 1, np.flatnonzero(closes | commas)
    signs = 2 * count + int(np.count_nonzero(commas))
    if (
        int(np.count_nonzero(opens)) != count
        or int(np.count_nonzero(closes)) != count
        or int(np.count_nonzero(text - np.uint8(_ZERO) <= 9)) + signs != len(text)
        or not (opens[:1].all() and closes[-1:].all() and (closes[:-1] == opens[1:]).all())
    ):
        return None
    lengths = ends - starts
    longest = int(lengths.max(initial=0))
    if longest > DIGITS:
        return None
    firsts = np.flatnonzero(opens[starts - 1])
    counts = np.diff(firsts, append=len(starts)).astype(np.int32)
    if (empty := lengths == 0).any():
        counts[empty[firsts]] = 0
        ends, lengths = ends[~empty], lengths[~empty]
    return Lists(flat=_numbers(text, ends, lengths, longest), counts=counts)


def _numbers(text: npt.NDArray[np.uint8], ends: Ints, lengths: Ints, longest: int) -> npt.NDArray[np.int32]:
    """Digit by digit from the right."""
    shortest = int(lengths.min(initial=longest))
    found = np.zeros(len(ends), dtype=np.int32)
    for place in range(longest):
        digits = (text[ends - (place + 1)] - np.uint8(_ZERO)).astype(np.int32)
        if place >= shortest:
            digits[lengths <= place] = 0
        digits *= 10**place
        found += digits
    return found
