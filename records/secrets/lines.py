"""Lines of JSON that another process wrote: kept without the secrets in their texts."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from records.secrets.urls import BLANK

_DEEPEST = 50


def blank_line(line: bytes, redact: Callable[[str], str]) -> bytes:
    """The line with ``redact`` of each of its texts. Numbers and fields' names are the writer's own and stay:
    the digits of a moment are nobody's secret. One that is damaged is redacted as the text that it is."""
    try:
        raw = orjson.loads(line)
    except ValueError:
        return redact(line.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    blanked = _within(raw, redact, _DEEPEST)
    return line if blanked == raw else orjson.dumps(blanked, option=orjson.OPT_APPEND_NEWLINE)


def blank_lines(path: Path, redact: Callable[[str], str]) -> None:
    """Replace a file into which nobody writes any more by what may be kept of it, whole. Where there is no
    room for that it is removed: better none than one with a secret. So is a link, or a pipe, which whoever
    wrote there has put in its place. Raises OSError where that fails, too."""
    temporary, changed = None, False
    try:
        with _opened(path) as file:
            descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # new, ours alone
            temporary = Path(name)
            with os.fdopen(descriptor, "wb") as kept:
                os.fchmod(descriptor, stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o666)
                for line in file:
                    blanked = blank_line(line, redact)
                    changed = changed or blanked != line
                    kept.write(blanked)
        if changed:
            temporary.replace(path)
    except OSError:
        path.unlink(missing_ok=True)
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _opened(path: Path) -> BinaryIO:
    """Raises OSError for a link, and for what is no file."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    raise OSError(errno.EINVAL, "is no regular file", str(path))


def _within(raw: Any, redact: Callable[[str], str], deepest: int) -> Any:
    if isinstance(raw, str):
        return redact(raw)
    if isinstance(raw, dict | list) and not deepest:
        return BLANK
    if isinstance(raw, list):
        return [_within(one, redact, deepest - 1) for one in raw]
    if isinstance(raw, dict):
        return {name: _within(one, redact, deepest - 1) for name, one in raw.items()}
    return raw
