"""Real questions, many, in a seeded order, so that no cache answers in the service's place (TRAPS 24)."""

from __future__ import annotations

import importlib
import inspect
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import orjson

TEMPLATES = (
    ("does", "What does {name} do?"),
    ("use", "How do I use {name}?"),
    ("explain", "Explain the function {name}"),
)
# Modules that do nothing when imported and that locust does not patch.
MODULES = """
abc argparse array base64 binascii bisect calendar cmath cmd code codecs collections colorsys
configparser contextlib copy csv dataclasses datetime decimal difflib dis email.message email.utils enum
filecmp fileinput fnmatch fractions functools gc getopt gettext glob gzip hashlib heapq hmac html
html.parser inspect io ipaddress itertools json keyword linecache locale logging lzma math mimetypes
numbers operator os.path pathlib pickle pickletools pkgutil platform plistlib pprint quopri random re
reprlib sched secrets shelve shlex shutil statistics string stringprep struct tarfile tempfile textwrap
timeit token tokenize traceback types typing unicodedata urllib.parse uuid warnings wave weakref
xml.etree.ElementTree xml.sax.saxutils zipfile zlib
""".split()  # noqa: SIM905 - a hundred quoted names read worse


HOMES = ("posixpath", "genericpath")
"""Where what a module shows may be defined but in itself; else it is only imported there."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question with an id that stays the same from run to run."""

    id: str
    text: str


class QuestionError(ValueError):
    """A file of questions that cannot be used; the text is one clear line."""


@cache
def library_names() -> tuple[str, ...]:
    """Public dotted names of documented functions, classes and methods of the standard library, sorted."""
    names: set[str] = set()
    for module_name in MODULES:
        try:
            module = importlib.import_module(module_name)
        except ImportError:
            continue  # an optional part of this Python (lzma, zlib)
        for name in getattr(module, "__all__", None) or dir(module):
            value = getattr(module, name, None)
            home = getattr(value, "__module__", None) or module_name
            if name.startswith("_") or not callable(value) or not getattr(value, "__doc__", None):
                continue
            if home.lstrip("_").split(".")[0] in (module_name.split(".")[0], *HOMES):
                names.add(f"{module_name}.{name}")
                if inspect.isclass(value):
                    names.update(f"{module_name}.{name}.{method}" for method in _methods(value))
    return tuple(sorted(names))


def _methods(cls: type) -> Iterator[str]:
    for name, value in vars(cls).items():
        if not name.startswith("_") and callable(value) and getattr(value, "__doc__", None):
            yield name


def library_questions() -> list[Question]:
    """Each name of the standard library in each template: thousands."""
    names = library_names()
    return [Question(f"{name}:{key}", text.format(name=name)) for name in names for key, text in TEMPLATES]


def read_questions(path: Path) -> list[Question]:
    """A question a line: plain text, or objects with ``question``, ``query`` or ``prompt`` (and ``id``).

    Raises:
        QuestionError: no such file, not text, no question in it, or a line that is none.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except OSError as error:
        raise QuestionError(f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise QuestionError(f"{path}: not UTF-8") from error
    ids: dict[str, str] = {}
    questions: list[Question] = []
    for number, line in enumerate(map(str.strip, lines), start=1):
        if line:
            name, text = _from_json(path, number, line) if line.startswith("{") else (None, line)
            # The same text is the same question, so that a cache that answers it is found out.
            name = name or ids.setdefault(text, f"{path.name}:{number}")
            questions.append(Question(name, text))
    if not questions:
        raise QuestionError(f"{path}: no question in it")
    return questions


def _from_json(path: Path, number: int, line: str) -> tuple[str | None, str]:
    """Its id, if it has one, and its text."""
    try:
        raw = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise QuestionError(f"{path}:{number}: not JSON: {error}") from error
    for key in ("question", "query", "prompt"):
        text = raw.get(key)
        if isinstance(text, str) and text.strip():
            return (str(raw["id"]) if "id" in raw else None), text
    raise QuestionError(f"{path}:{number}: no text under question, query or prompt")


def shuffled(questions: Sequence[Question], seed: int) -> list[Question]:
    """The order in which a whole run goes through its questions."""
    order = list(questions)
    random.Random(seed).shuffle(order)
    return order


def users_questions(
    order: Sequence[Question], *, user: int, users: int, worker: int = 0, workers: int = 1
) -> Iterator[Question]:
    """A user's endless questions: its own share of the run's order, so that nobody repeats another's
    until all were asked. When its share is used up it starts again."""
    step = max(1, users) * max(1, workers)
    place = (user % max(1, users)) * max(1, workers) + worker % max(1, workers)
    if len(order) < step:
        # Fewer questions than users: each starts somewhere else and walks them all.
        step = 1
    place %= len(order)
    while True:
        for index in range(place, len(order), step):
            yield order[index]
        if step == 1:
            place = 0
