"""The exit codes that this room ends with by itself: ``records.exit_codes`` has their words.

They are said again here because ``--help`` and ``--version`` import no room; a test holds them together.
"""

FAULT = 1
USAGE = 2
INTERRUPTED = 130
