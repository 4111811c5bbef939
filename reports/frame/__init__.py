"""Requests as a pandas DataFrame, a row each: what docs/pandas.md is about. Only here pandas is needed."""

from reports.frame.build import COLUMNS, frame

__all__ = ["COLUMNS", "frame"]
