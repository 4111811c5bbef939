"""What things are called in a results directory."""

from __future__ import annotations

RUN = "run.json"
CELLS = "cells"
"""The folder of a run below which the cells lie, each in the folder of its name."""
CELL = "cell.json"
REQUESTS = "requests.jsonl"
LLM = "llm.jsonl"
"""What the LLM sent: in a run's folder all of it, in a cell's what falls in its time."""


def cell_name(deployment: str, config: str, concurrency: int, repeat: int) -> str:
    """A cell's name, which is also its folder below ``CELLS``."""
    return f"{deployment}/{config}/c{concurrency:02d}-r{repeat}"
