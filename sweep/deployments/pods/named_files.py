"""Files that an overlay names, and the folders that it leads on to: can all of them be read to their end?"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from records.options.given_files import GivenFileError, check_given, read_given

_KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_MOST_FOLDERS = 1000
_MOST_BYTES = 10_000_000


def check_files(overlay: Path) -> None:
    """Raises ValueError for a file of the overlay, or of its bases and components, that its reader would wait
    for, or read without end. What is not there, or is no YAML, whoever renders it says itself."""
    found = [overlay.resolve()]
    for folder in found:  # it grows meanwhile
        for path in _named_in(folder, overlay):
            if path.is_dir():
                if (there := path.resolve()) not in found and len(found) < _MOST_FOLDERS:
                    found.append(there)
            else:
                _readable(path, overlay)


def _named_in(folder: Path, overlay: Path) -> Iterator[Path]:
    for path in (folder / name for name in _KUSTOMIZATIONS if (folder / name).exists()):
        for text in _texts(_loaded(_readable(path, overlay))):
            # A generator's files are given as NAME=PATH, too; what is not of this folder none may name.
            for one in {text, text.rpartition("=")[2]}:
                with suppress(OSError, ValueError):  # no path, but a patch
                    if one and not os.path.isabs(one) and (folder / one).exists():
                        yield folder / one


def _readable(path: Path, overlay: Path) -> Path:
    """Raises ValueError."""
    try:
        check_given(path)
    except GivenFileError as error:
        raise ValueError(f"{os.path.relpath(path, overlay)}: {error}") from None
    return path


def _loaded(path: Path) -> Any:
    """None: it is not understood."""
    try:
        import yaml  # here, for no other deployment needs it
    except ImportError:
        return None  # who renders it says that
    with suppress(yaml.YAMLError, ValueError, RecursionError):
        return yaml.safe_load(read_given(path, _MOST_BYTES))
    return None


def _texts(document: Any) -> Iterator[str]:
    """All that are in it; what has several names there once, for it may be in itself."""
    rest, seen = [document], set[int]()
    while rest:
        value = rest.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, (dict, list)) and id(value) not in seen:
            seen.add(id(value))
            rest += value.values() if isinstance(value, dict) else value
