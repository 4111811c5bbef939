"""What it means: tables, statistics and findings, read from results directories and from nothing else.

``print_report`` is what the sweep calls after a run; ``report`` is the same on the command line.
"""

from reports.show import print_report

__all__ = ["print_report"]
