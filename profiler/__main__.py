"""``python -m profiler`` is ``profile``."""

import sys

from profiler.cli import main

sys.exit(main())
