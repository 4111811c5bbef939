"""What a plan's numbers and paths may be."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from records.secrets.secret_names import path_trouble

MOST_REQUESTS = 10**7
MOST_REPEATS = 50
MOST_SECONDS = 366 * 24 * 3600
MOST_SEED = 2**31
MOST_WORKERS = 64


def _checked_path(path: str) -> str:
    if trouble := path_trouble("--probe-path", path):
        raise ValueError(trouble)
    return path


ProbePath = Annotated[str, AfterValidator(_checked_path)]
