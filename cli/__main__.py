"""``chokepoint``, and ``python -m cli``."""

import sys
from typing import Any

from records.started import started


def main() -> Any:
    """The exit code; None is 0."""
    return started("cli.main")


if __name__ == "__main__":
    sys.exit(main())
