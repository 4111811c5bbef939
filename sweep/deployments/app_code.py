"""Which code an app of the reader's has, told by the Python files of the folder that it is started in."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

MOST_FILES, MOST_BYTES = 2000, 20 << 20
"""More is not read before each cell; nothing is then known of the code."""
_OTHERS = {"node_modules", "site-packages", "results"}
_DIGITS = 12


def code_of(folder: Path) -> str | None:
    """Some digits of a digest of names and contents; None where there are no Python files, or too many."""
    whole, files, size = hashlib.sha256(), 0, 0
    for path in _files(folder):
        with suppress(OSError):
            content = path.read_bytes()
            files, size = files + 1, size + len(content)
            if files > MOST_FILES or size > MOST_BYTES:
                return None
            for part in (str(path.relative_to(folder)).encode(errors="surrogateescape"), content):
                whole.update(len(part).to_bytes(8, "big") + part)
    return whole.hexdigest()[:_DIGITS] if files else None


def _files(folder: Path) -> Iterator[Path]:
    """In one order; not of environments, caches and what is hidden."""
    for here, folders, names in os.walk(folder):
        if "pyvenv.cfg" in names:
            folders.clear()
            continue
        folders[:] = sorted(one for one in folders if one not in _OTHERS and not one.startswith((".", "__")))
        yield from (Path(here, name) for name in sorted(names) if name.endswith(".py"))
