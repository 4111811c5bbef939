"""``sweep``, and ``python -m sweep``."""

import sys

from records.started import started


def main() -> int | None:
    return started("sweep.cli")


if __name__ == "__main__":
    sys.exit(main())
