"""``chokepoint``, and ``python -m cli``."""

import sys

from records.started import started


def main() -> int | None:
    return started("cli.main")


if __name__ == "__main__":
    sys.exit(main())
