"""What `profile` says: a line on standard error, the summary on standard output."""

from __future__ import annotations

import errno
import sys

from records.files import discard, of_the_disk
from records.secrets.urls import blank_given


def print_out(text: str | bytes) -> bool:
    """To standard output; False on a full disk. The files are written, so that a reader that has left
    (``| head -1``) is no fault."""
    if sys.stdout is None:  # closed, as by ``>&-``
        return True
    try:
        line = text if isinstance(text, bytes) else text.encode(sys.stdout.encoding, "replace")
        sys.stdout.buffer.write(line)
        sys.stdout.flush()
    except OSError as error:  # or a terminal that was closed
        discard(sys.stdout)
        if of_the_disk(error) and error.errno != errno.EIO:  # that is what such a terminal says
            report_error(f"the summary could not be printed: {error.strerror}; the profile is written")
            return False
    return True


def report(text: str) -> None:
    _say(f"profile: {text}")


def report_error(text: str) -> None:
    """As every command says what went wrong."""
    _say(f"error: {blank_given(text)}")


def _say(line: str) -> None:
    if sys.stderr is None:  # closed, as by ``2>&-``
        return
    try:
        print(line, file=sys.stderr, flush=True)
    except OSError:
        discard(sys.stderr)
