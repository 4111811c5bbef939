"""``report``, and ``python -m reports``."""

import sys

from records.started import started


def main() -> int | None:
    return started("reports.cli", prog_name="report")


if __name__ == "__main__":
    sys.exit(main())
