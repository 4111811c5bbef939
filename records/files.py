"""Files that survive a kill: appended line by line, or replaced whole in one step."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, TextIO, TypeVar

import orjson

from records.errors import RecordError

T = TypeVar("T")
MOST_BYTES = 64_000_000
"""Of a file that is one value, and of one line of others: no run comes near it, and more could take
all of the memory."""
_AT_A_TIME = 1 << 20
_OF_THE_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG}


def of_the_disk(error: OSError) -> bool:
    """Is the disk full, or broken? Nobody's command line is wrong then."""
    return error.errno in _OF_THE_DISK


def in_words(error: OSError) -> str:
    """What it says to people: which file and what is wrong with it, not its number."""
    said = error.strerror or str(error)
    said = f"{said[:1].lower()}{said[1:]}"
    if error.filename is None:
        return said
    return f"{error.filename}{' ' if said.startswith('is ') else ': '}{said}"


class LineFile:
    """A file of JSON lines, opened before the work starts and appended to as things happen.

    Every ``append`` reaches the operating system before it returns, so a SIGKILL of the process
    loses nothing that was appended. One that fails (a full disk) leaves no half line behind.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: BinaryIO = path.open("ab", buffering=0)
        self._size = self._file.tell()

    def append(self, lines: bytes) -> None:
        """Write one or more whole lines (each ending in a newline). Raises OSError."""
        view = memoryview(lines)
        with _naming(self.path):
            try:
                while view:
                    view = view[self._file.write(view) :]
            except OSError:
                self._file.truncate(self._size)
                raise
        self._size += len(lines)

    def deleted(self) -> bool:
        """Is the file gone from its folder? What is appended to it then is lost. Raises OSError."""
        return os.fstat(self._file.fileno()).st_nlink == 0

    def close(self) -> None:
        self._file.close()


def open_file(path: Path, *, follow: bool = True) -> BinaryIO:
    """A file of a results directory, to be read. A pipe would keep its reader waiting for ever, and a device
    may have no end. ``follow``: False opens no link, which others who may write there could have made of a
    file that they may not read. Raises OSError, which names it."""
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
    descriptor = os.open(path, flags)
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    raise OSError(errno.EINVAL, "is no regular file", str(path))


def read_lines(path: Path, *, follow: bool = True) -> Iterator[tuple[int, bytes]]:
    """(line number, line) of a file that a kill may have ended in the middle of a line.

    A last line without its newline was being written when the writer died: it is left out. Of a line that is
    longer than `MOST_BYTES` that much is given, of which no parser makes anything. ``follow``: as of
    `open_file`.
    """
    with open_file(path, follow=follow) as file:
        for number, line in enumerate(iter(partial(_line, file), b""), start=1):
            if line.endswith(b"\n") and line.strip():
                yield number, line


def _line(file: BinaryIO) -> bytes:
    """The next line, or what is left of it; of one that is too long its beginning."""
    line = file.readline(MOST_BYTES)
    if len(line) < MOST_BYTES or line.endswith(b"\n"):
        return line
    while more := file.read(_AT_A_TIME):
        if (end := more.find(b"\n") + 1) > 0:
            file.seek(end - len(more), os.SEEK_CUR)
            return line + b"\n"
    return line


def line_blocks(path: Path, size: int) -> Iterator[bytes]:
    """Whole lines with their newlines, about ``size`` bytes at a time, of such a file: empty lines too, but
    none that a kill cut off. Of one that is too long as `read_lines`."""
    with open_file(path) as file:
        while lines := file.read(size) + _line(file):
            if whole := lines[: lines.rfind(b"\n") + 1]:
                yield whole
            if len(whole) < len(lines):
                return


def newlines_in(text: bytes) -> int:
    """How many. `bytes.count` looks at byte after byte, which takes twice as long where lines are long."""
    count = at = 0
    while at := text.find(b"\n", at) + 1:
        count += 1
    return count


def line_count(path: Path) -> int:
    """Of a file that is not there, or cannot be read, 0."""
    with suppress(OSError):
        return sum(1 for _ in read_lines(path))
    return 0


_NO_LINE_OF_IT = (LookupError, TypeError, ValueError, AttributeError, OverflowError)


def good_lines(path: Path, parse: Callable[[bytes], T]) -> Iterator[T]:
    """What ``parse`` makes of the lines. Those of which it makes nothing, as a full disk or another program
    leaves them, are left out: `bad_lines` of a file says how many. Raises OSError."""
    for _, line in read_lines(path):
        with suppress(*_NO_LINE_OF_IT):
            yield parse(line)


def bad_lines(path: Path, parse: Callable[[bytes], object]) -> int:
    """How many lines `good_lines` leaves out. Raises OSError."""
    bad = 0
    for _, line in read_lines(path):
        try:
            parse(line)
        except _NO_LINE_OF_IT:
            bad += 1
    return bad


def write_json(path: Path, value: Any) -> None:
    """Replace ``path`` by ``value`` as indented JSON, whole or not at all. Raises OSError, which names it."""
    replace_file(path, orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def replace_file(path: Path, text: bytes) -> None:
    """Replace ``path``, whole or not at all. Raises OSError, which names it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with _naming(path):
        try:
            with temporary.open("wb") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """An error of writing says by itself only what is wrong, not where."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def read_json(path: Path, most_bytes: int = MOST_BYTES) -> Any:
    """Raises RecordError naming the file when it is missing, no regular file, too long or not JSON; OSError
    when it cannot be read."""
    try:
        with open_file(path) as file:
            if (size := os.fstat(file.fileno()).st_size) > most_bytes:
                raise RecordError(
                    f"{path} has {size / 1e6:.0f} MB; of such a file up to {most_bytes / 1e6:g} MB are read"
                )
            return orjson.loads(file.read())
    except FileNotFoundError as error:
        raise RecordError(f"{path} is missing") from error
    except orjson.JSONDecodeError as error:
        raise RecordError(f"{path} is not JSON: {error}") from error
    except OSError as error:
        if error.errno in (errno.EINVAL, errno.ENXIO, errno.EISDIR):  # a socket is the second
            what = "is a directory" if error.errno == errno.EISDIR else "is no regular file"
            raise RecordError(f"{path} {what}") from error
        raise


def discard(stream: TextIO) -> None:
    """Throw away what is written to ``stream`` from here on, for nobody reads it (``| head -1``): also what
    is still buffered, and what Python itself writes as it ends."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream.fileno())
    os.close(null)
