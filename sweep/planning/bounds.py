"""What a plan's numbers and paths may be, and how long things take."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from records.secrets.secret_names import path_trouble

MOST_REQUESTS = 10**7
MOST_REPEATS = 50
MOST_SECONDS = 366 * 24 * 3600
MOST_SEED = 2**31
MOST_WORKERS = 64
MAX_SECONDS = 8
"""Of a cell, where nobody said otherwise."""
WARM_UP_TIMES = 3
"""As long as a cell is measured its warm-up may take besides, while answers come."""
DIAL_SECONDS = 100.0
"""Of a cell with the dial: two stages are slowed about 16 times each in windows of 1.5 seconds."""
CELL_OVERHEAD_SECONDS = 2.5
PROBES_SECONDS = 1.5
"""From the start of a cell's probes until enough are taken for its load to begin."""
TARGET_START_SECONDS = 5.0


def load_seconds(cell_seconds: float) -> float:
    """The longest that a load takes of a cell that is measured for so long, its warm-up with it."""
    return (1 + WARM_UP_TIMES) * cell_seconds


def _checked_path(path: str) -> str:
    if trouble := path_trouble("--probe-path", path):
        raise ValueError(trouble)
    return path


ProbePath = Annotated[str, AfterValidator(_checked_path)]
