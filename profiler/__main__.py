"""``profile``, and ``python -m profiler``."""

import sys

from records.started import started


def main() -> int | None:
    return started("profiler.cli")


if __name__ == "__main__":
    sys.exit(main())
