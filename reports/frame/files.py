"""A frame as a file, and back with the types that it had."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd

from reports.frame.build import COLUMNS, frame
from reports.frame.table import natural

ENGINES = ("pyarrow", "fastparquet")
"""Either of which pandas writes Parquet with."""
TYPES = {
    "integer": "int64",
    "integer or none": "Int64",
    "number": "float64",
    "truth": "bool",
    "text": "str",
}
NEVER_EMPTY = frozenset({"error", "finish_reason", "config_said"})
"""Texts that are missing where a CSV has nothing; of the others that is a text without letters."""


def export(directories: Sequence[Path], form: str, path: Path) -> int:
    """Write the frame of these directories; how many rows it has. Raises as `frame` and `write`."""
    made = frame(directories)
    write(made, form, path)
    return len(made)


def write(made: pd.DataFrame, form: str, path: Path | str) -> None:
    """Replace ``path`` whole or not at all. Raises OSError; ImportError where Parquet has no engine."""
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        if form == "csv":
            made.to_csv(temporary, index=False)
        else:
            made.to_parquet(temporary, index=False, engine=_engine())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _engine() -> Any:
    for name in ENGINES:
        if find_spec(name):
            return name
    raise ImportError(f"Parquet wants {' or '.join(ENGINES)}")


def read(path: Path | str) -> pd.DataFrame:
    """What ``report --export`` wrote: Parquet, or CSV by the ending ``.csv``, with the types of `frame`."""
    if Path(path).suffix != ".csv":
        return _with_texts(pd.read_parquet(path, engine=_engine()))
    names = list(pd.read_csv(path, nrows=0).columns)
    types = {name: TYPES[_kind(name)] for name in names}
    whole = {name for name in names if types[name] == "str" and name in COLUMNS and name not in NEVER_EMPTY}
    made = pd.read_csv(
        path,
        dtype=types,
        keep_default_na=False,  # "None" and "NA" are names, too
        na_values={name: [""] for name in names if name not in whole},
    )
    return _with_texts(made)


def _with_texts(made: pd.DataFrame) -> pd.DataFrame:
    """Every text is a category of `frame`'s kind: also one that nobody has, of which a file keeps no type."""
    for name in made.columns:
        if _kind(name) == "text":
            texts = made[name].astype("category").cat
            ordered = sorted(texts.categories, key=natural)
            texts = texts.reorder_categories(ordered).cat
            categories = pd.Index(ordered, dtype="str")
            made[name] = pd.Categorical.from_codes(texts.codes, categories)
    return made


def _kind(name: str) -> str:
    if name in COLUMNS:
        return COLUMNS[name].kind
    return "text" if name.startswith("labels.") or name.endswith(".text") else "number"
