"""Files of questions, in the forms in which people have them: lines, JSON lines, JSON, tables."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from records.options.given_files import GivenFileError, read_given

MOST_BYTES = 100_000_000
"""A million questions; each load worker has them all in memory."""
TEXTS = ("question", "query", "prompt", "text", "input", "user_input", "instruction", "content", "value")
"""Where a question's text is, in an object or a table's column: the first of these that it has."""
IDS = ("id", "question_id", "_id", "custom_id", "qid")
MESSAGES = ("messages", "conversations", "conversation", "turns")
"""Lists of what was said: the last that a user says is the question."""
LISTS = ("questions", "data", "examples", "items", "rows", "prompts", "queries")
"""Where the questions are, in a file that is one object."""
USERS = ("user", "human")
TABLES = {".csv": ",", ".tsv": "\t"}
_NAMED = ", ".join(TEXTS[:4])


@dataclass(frozen=True, slots=True)
class Question:
    """A question with an id that stays the same from run to run."""

    id: str
    text: str


class QuestionError(ValueError):
    """A file of questions that cannot be used; the text is one clear line."""


def read_questions(path: Path) -> list[Question]:
    """The questions of a file: a line each (plain text, or JSON), a list in one JSON value, or the rows of a
    table (``.csv``, ``.tsv``) whose first row names its columns.

    Raises:
        QuestionError: no such file, one of more than MOST_BYTES, not text, no question in it, or an entry
            that is none.
    """
    text = _text(path)
    ids: dict[str, str] = {}
    questions: list[Question] = []
    for place, entry in _entries(path, text):
        name, question = _question(f"{path}:{place}", entry)
        # The same text is the same question, so that a cache that answers it is found out.
        questions.append(Question(name or ids.setdefault(question, f"{path.name}:{place}"), question))
    if not questions:
        raise QuestionError(f"{path}: no question in it")
    return questions


def _text(path: Path) -> str:
    try:
        raw = read_given(path, MOST_BYTES)
    except GivenFileError as error:
        raise QuestionError(f"{path}: {error}") from error
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise QuestionError(f"{path}: not UTF-8") from error


def _entries(path: Path, text: str) -> Iterator[tuple[int, Any]]:
    """(line, or place in a list, from 1; what stands there)."""
    if delimiter := TABLES.get(path.suffix.lower()):
        yield from _rows(path, text, delimiter)
        return
    if path.suffix.lower() != ".jsonl" and text.lstrip().startswith(("[", "{")):
        whole = _whole(text)
        if whole is not None:
            yield from enumerate(whole, start=1)
            return
    if path.suffix.lower() == ".json" and not text.lstrip().startswith("{"):
        raise QuestionError(f"{path}: not JSON, or no list of questions in it")
    for number, line in enumerate(text.split("\n"), start=1):
        if line := line.strip():
            yield number, _line(path, number, line)


def _rows(path: Path, text: str, delimiter: str) -> Iterator[tuple[int, Any]]:
    if "\0" in text:
        line = text.partition("\0")[0].count("\n") + 1
        raise QuestionError(f"{path}:{line}: not a table: a NUL in it")
    table = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    names: list[str] | None = None
    ended = 0
    """The line in which the last row that could be read ends."""
    try:
        for row in table:
            if names is None:
                names = [name.strip().lower() for name in row]
                _check_columns(path, names)
            elif row:
                yield table.line_num, _known(names, row)
            ended = table.line_num
    except csv.Error as error:  # of a quote without its end it says so at the end of the file
        raise QuestionError(f"{path}:{ended + 1}: not a table: {_why(error)}") from error
    if names is None:
        _check_columns(path, [])


def _known(names: Sequence[str], row: Sequence[str]) -> dict[str, str]:
    return {name: text for name, text in zip(names, row, strict=False) if name in (*IDS, *TEXTS)}


def _check_columns(path: Path, names: Sequence[str]) -> None:
    if not set(names).intersection(TEXTS):
        raise QuestionError(f"{path}: its first row names no column {_NAMED}")
    for name in (*IDS, *TEXTS):
        if names.count(name) > 1:
            raise QuestionError(f"{path}: its first row names {name} more than once")


def _why(error: csv.Error) -> str:
    """As csv says it, and what that may well be."""
    said = str(error)
    return f"{said}: is a quote not closed?" if "end of data" in said or "field limit" in said else said


def _whole(text: str) -> Sequence[Any] | None:
    """The list that the file is, or holds; None where it is not one JSON value with one."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    if isinstance(value, dict):
        value = next((value[name] for name in LISTS if isinstance(value.get(name), list)), None)
    return value if isinstance(value, list) else None


def _line(path: Path, number: int, line: str) -> Any:
    """A line is JSON where it begins so, else a question as it stands."""
    if not line.startswith(("{", '"')):
        return line
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as error:
        if not line.startswith("{"):
            return line
        raise QuestionError(f"{path}:{number}: not JSON: {error}") from error


def _question(place: str, entry: Any) -> tuple[str | None, str]:
    """Its id, if it has one, and its text."""
    try:
        text = _asked(entry)
    except RecursionError:
        text = None
    if text is None:
        raise QuestionError(f"{place}: no text under {_NAMED}")
    name = next((entry[key] for key in IDS if entry.get(key) not in (None, "")), None) if _is(entry) else None
    return None if name is None else str(name), text


def _asked(entry: Any) -> str | None:
    """The text of what may be a question, a message, a conversation, or hold one."""
    if isinstance(entry, str):
        return entry if entry.strip() else None
    if isinstance(entry, list):
        said = [one for one in entry if not _is(one) or _speaker(one) in USERS]
        return next(filter(None, map(_asked, reversed(said))), None)
    if not _is(entry):
        return None
    for key in (*TEXTS, *MESSAGES, "body"):
        if key in entry and (text := _asked(entry[key])) is not None:
            return text
    return None


def _is(entry: Any) -> bool:
    return isinstance(entry, Mapping)


def _speaker(message: Mapping[str, Any]) -> str:
    """Who says it; what is no message of anybody's is taken for a user's."""
    return str(message.get("role") or message.get("from") or USERS[0]).lower()
