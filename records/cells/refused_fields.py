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
_OTHER = re.compile(rf"{_NAME.pattern}: {_NAME.pattern}", re.ASCII)
_REFUSES, _MISSES, _MORE = "refuses ", "misses ", "and more"
_READ = re.compile(
    rf"HTTP 4\d\d (?:{_REFUSES}([\w., -]+))?(?:; )?(?:{_MISSES}([\w., -]+))?(?:; ([\w., :-]+))?$", re.ASCII
)


@dataclass(frozen=True, kw_only=True)
class RefusedFields:
    """Names are as `--drop-field` takes them: ``a.b`` is the field b of the object a."""

    refused: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    """What else is wrong, as ``user: int_parsing``: a name and pydantic's type of error."""
    more: bool = False
    """Are there others, which have no plain name, or for which there was no room?"""

    @classmethod
    def named(
        cls, refused: Sequence[str], missed: Sequence[str], others: Sequence[str] = (), *, more: bool = False
    ) -> RefusedFields | None:
        """Those that have a plain name and room; None where none is refused or missed of these."""
        # What is missed comes first: without it there is no good request, whatever is left out.
        said = [(_MISSES, name) for name in missed] + [(_REFUSES, name) for name in refused]
        asked = list(dict.fromkeys(said + [("", other) for other in others]))
        plain = [(verb, name) for verb, name in asked if (_NAME if verb else _OTHER).fullmatch(name)]
        ends = accumulate(len(name) + 2 for _, name in plain)
        kept = [one for one, end in zip(plain, ends, strict=True) if end <= _LONG]
        if not any(verb for verb, _ in kept):
            return None
        missed, refused, others = ([n for v, n in kept if v == verb] for verb in (_MISSES, _REFUSES, ""))
        return cls(
            refused=tuple(refused),
            missed=tuple(missed),
            others=tuple(others),
            more=more or len(kept) < len(asked),
        )

    def __str__(self) -> str:
        parts = [(_REFUSES, self.refused), (_MISSES, self.missed), ("", self.others)]
        said = [f"{verb}{', '.join(names)}" for verb, names in parts if names]
        return "; ".join(said) + (f", {_MORE}" if self.more else "")

    @classmethod
    def read(cls, error: str) -> RefusedFields | None:
        """From an error that says it behind its status; None from any other."""
        found = _READ.match(error)
        if found is None or not any(found.groups()[:2]):
            return None
        refused, missed, others = (
            tuple(name for name in (text or "").split(", ") if name and name != _MORE)
            for text in found.groups()
        )
        return cls(refused=refused, missed=missed, others=others, more=error.endswith(f", {_MORE}"))
