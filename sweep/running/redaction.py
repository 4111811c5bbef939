"""The secrets that a sweep has from its environment, and what its load sends in headers: shown nowhere."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from reach import unshown
from records.secrets.redaction import Redaction
from sweep.running.errors import UsageError

_sent: dict[str, str] = {}
"""The headers of the load that is being made: like the environment, of the whole process."""


@contextmanager
def sending(headers: Mapping[str, str]) -> Iterator[None]:
    """Within, `redaction` knows these headers, too: a target may repeat them."""
    before = dict(_sent)
    _sent.update(headers)
    try:
        yield
    finally:
        _sent.clear()
        _sent.update(before)


def redaction() -> Redaction:
    """Of what the environment holds, which what is started may write into its log, and of what is sent."""
    return unshown.redaction(os.environ, _sent)


def blank(log: bytes) -> bytes:
    """What a process wrote, without secrets; line by line, and bytes that are no text stay as they are."""
    redact = redaction().without_secrets
    lines = log.decode("utf-8", "surrogateescape").splitlines(keepends=True)
    return "".join(map(redact, lines)).encode("utf-8", "surrogateescape")


def unblanked(path: str, flags: int) -> int:
    """Opens a log for ``open``: what a process writes is for the sweep's user alone until it is blanked, also
    where it is written behind what was blanked before."""
    descriptor = os.open(path, flags, 0o600)
    os.fchmod(descriptor, 0o600)
    return descriptor


def blank_file(path: Path) -> None:
    """Once nobody writes into it any more; it may then be read as other results are. Raises OSError, also for
    a link, whose end may be private, and for what is no regular file."""
    descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(descriptor, "r+b", buffering=0) as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "is no regular file", str(path))
        log = file.readall()
        if (blanked := blank(log)) != log:
            file.seek(0)
            file.truncate()
            rest = memoryview(blanked)
            while rest:
                rest = rest[file.write(rest) :]
        os.fchmod(descriptor, 0o644)


def check_not_kept(texts: Iterable[str]) -> None:
    """See that no key is written where it would be kept. Raises UsageError, which does not show it."""
    if why := unshown.key_within(texts, os.environ):
        raise UsageError(why)
