"""``report``, and ``python -m reports``."""

import sys
from typing import Any

from records.started import started


def main() -> Any:
    """The exit code; None is 0."""
    return started("reports.cli", prog_name="report")


if __name__ == "__main__":
    sys.exit(main())
