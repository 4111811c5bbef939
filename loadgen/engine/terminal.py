"""What a load says to whoever started it: one clear line each, whatever becomes of it."""

from __future__ import annotations

import logging
import sys
from typing import Any

from records.exit_codes import USAGE
from records.files import discard
from records.secrets.urls import blank_given

log = logging.getLogger(__name__)


def show(text: str) -> None:
    """Print. Where it cannot be (a full disk, a reader that left) the load does not end for it."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        discard(sys.stdout)
    except OSError as error:
        discard(sys.stdout)
        log.error("It could not be printed: %s", error.strerror or error)


def warn(message: str) -> None:
    """Say one line before the load, which starts all the same."""
    print(f"warning: {blank_given(message)}", file=sys.stderr, flush=True)


def refuse(message: str, code: int = USAGE) -> Any:
    """Say one line and leave with the exit code, that of a usage error if it is nothing else."""
    print(f"error: {blank_given(message)}", file=sys.stderr)
    raise SystemExit(code)
