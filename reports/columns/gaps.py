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
    return Lists(parts=[flat], counts=counts)


def _plain(text: npt.NDArray[np.uint8], count: int) -> Lists | None:
    """None where they are not all lists, without a blank, of numbers without a sign and of few digits."""
    digits = text - np.uint8(_ZERO)
    marks = np.flatnonzero(digits > 9)
    kinds = text[marks]
    opens, closes = kinds == _OPEN, kinds == _CLOSE
    if (
        int(np.count_nonzero(opens)) != count
        or int(np.count_nonzero(kinds == _COMMA)) + 2 * count != len(kinds)
        or not (opens[:1].all() and closes[-1:].all() and (closes[:-1] == opens[1:]).all())
    ):
        return None
    lengths = np.diff(marks) - 1
    longest = int(lengths.max(initial=0))
    if longest > DIGITS:
        return None
    there = lengths > 0  # not in an empty list, nor between two lists
    counts = np.add.reduceat(there, np.flatnonzero(opens), dtype=np.int32)
    return Lists(parts=[_numbers(digits, marks[1:][there], lengths[there], longest)], counts=counts)


def _numbers(digits: npt.NDArray[np.uint8], ends: Ints, lengths: Ints, longest: int) -> npt.NDArray[np.int32]:
    """Digit by digit from the right."""
    shortest = int(lengths.min(initial=longest))
    found = np.zeros(len(ends), dtype=np.int32)
    for place in range(longest):
        # Only what counts for nothing may lie outside, left of all: to have that checked takes longer.
        own = digits.take(ends - (place + 1), mode="clip").astype(np.int32)
        if place >= shortest:
            own *= lengths > place
        own *= 10**place
        found += own
    return found
