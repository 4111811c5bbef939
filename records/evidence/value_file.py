"""A JSON file that holds one value of ours, in the folder of a cell."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from records.errors import RecordError
from records.files import read_json

T = TypeVar("T")


def value_in(path: Path, kind: type[T], otherwise: str) -> T | None:
    """None where the file is not there. Raises RecordError for what is none, which is said ``otherwise``."""
    if not path.exists():
        return None
    try:
        return TypeAdapter(kind).validate_python(read_json(path))
    except ValidationError as error:
        raise RecordError(f"{path} {otherwise}: {error.errors()[0]['msg']}") from error
