"""What goes wrong in a way that is told in one line, the same for every command."""

from __future__ import annotations


class UsageError(ValueError):
    """Said in one clear line, with the exit code of a usage error."""


class RecordError(ValueError):
    """A line or file that is not a record of a schema this version reads."""
