"""What `profile` says: a line on standard error, the summary on standard output."""

from __future__ import annotations

import errno
import sys

from records.files import discard


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
        if error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT):
            report(f"the summary could not be printed: {error.strerror}; the profile is written")
            return False
    return True


def report(text: str) -> None:
    if sys.stderr is None:  # closed, as by ``2>&-``
        return
    try:
        print(f"profile: {text}", file=sys.stderr, flush=True)
    except OSError:
        discard(sys.stderr)
