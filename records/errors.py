"""A user's mistake, the same for every command."""

from __future__ import annotations


class UsageError(ValueError):
    """Said in one clear line, with the exit code of a usage error."""
