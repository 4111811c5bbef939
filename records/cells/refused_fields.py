"""Which fields of a request's body a service refused or missed: in the words of an error, and from them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

_LONG = 120
"""Characters of all names: what is kept of an error has a bound."""
_NAME = re.compile(r"[A-Za-z_][\w-]{0,39}(?:\.[A-Za-z_][\w-]{0,39}){0,3}", re.ASCII)
"""What may be written so into a terminal, a page and a command line; another is left out."""
_REFUSES, _MISSES, _MORE = "refuses ", "misses ", "and more"
_READ = re.compile(rf"HTTP 4\d\d (?:{_REFUSES}([\w., -]+))?(?:; )?(?:{_MISSES}([\w., -]+))?$", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class RefusedFields:
    """Names are as `--drop-field` takes them: ``a.b`` is the field b of the object a."""

    refused: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()
    more: bool = False
    """Are there others, for which there was no room?"""

    @classmethod
    def named(cls, refused: Sequence[str], missed: Sequence[str]) -> RefusedFields | None:
        """Those that have a name and room; None where there is none."""
        # What is missed comes first: without it there is no good request, whatever is left out.
        asked = [(name, False) for name in missed] + [(name, True) for name in refused]
        plain = [one for one in dict.fromkeys(asked) if _NAME.fullmatch(one[0])]
        ends = accumulate(len(name) + 2 for name, _ in plain)
        kept = [one for one, end in zip(plain, ends, strict=True) if end <= _LONG]
        if not kept:
            return None
        return cls(
            refused=tuple(name for name, is_refused in kept if is_refused),
            missed=tuple(name for name, is_refused in kept if not is_refused),
            more=len(kept) < len(plain),
        )

    def __str__(self) -> str:
        parts = [(_REFUSES, self.refused), (_MISSES, self.missed)]
        said = [f"{verb}{', '.join(names)}" for verb, names in parts if names]
        return "; ".join(said) + (f", {_MORE}" if self.more else "")

    @classmethod
    def read(cls, error: str) -> RefusedFields | None:
        """From an error that says it behind its status; None from any other."""
        found = _READ.match(error)
        if found is None or not any(found.groups()):
            return None
        more = error.endswith(_MORE)
        refused, missed = (
            tuple(name for name in (text or "").split(", ") if name and name != _MORE)
            for text in found.groups()
        )
        return cls(refused=refused, missed=missed, more=more)
