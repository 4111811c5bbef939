"""``profile``, and ``python -m profiler``."""

import sys
from typing import Any

from records.started import started


def main() -> Any:
    """The exit code; None is 0."""
    return started("profiler.cli")


if __name__ == "__main__":
    sys.exit(main())
