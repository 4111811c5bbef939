"""Kubernetes quantities, as ``500m``, ``2Gi``, ``1e3m``: a number and a suffix of powers of 1000 or 1024."""

from __future__ import annotations

import re
from decimal import Decimal

_FORM = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))([eE][+-]?\d{1,3})?([numkMGTPE]|[KMGTPE]i)?", re.ASCII)
_LARGEST = 2**63 - 1
"""Of Kubernetes', which are whole numbers of 64 bits, with a scale."""
_DECIMAL = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}


def quantity(said: object) -> Decimal:
    """Raises ValueError for what is none, or is below zero."""
    text = str(said).strip() if isinstance(said, str | int | float) and not isinstance(said, bool) else ""
    found = _FORM.fullmatch(text)
    if found is None:
        raise ValueError(f"{said!r} is no quantity, such as 500m, 2 or 2Gi")
    number, exponent, suffix = found[1], found[2] or "", found[3] or ""
    if exponent and suffix in _BINARY:
        raise ValueError(f"{said!r} is no quantity: an exponent goes with no suffix of powers of 1024")
    value = Decimal(f"{number}{exponent}")
    value *= Decimal(2) ** _BINARY[suffix] if suffix in _BINARY else Decimal(10) ** _DECIMAL.get(suffix, 0)
    if value < 0:
        raise ValueError(f"{said!r} is below zero")
    if value > _LARGEST:
        raise ValueError(f"{said!r} is more than a quantity can be, 2^63 - 1")
    return value
