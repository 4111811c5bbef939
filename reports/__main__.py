"""``python -m reports`` is ``report``."""

from reports.cli import main

main(prog_name="report")
