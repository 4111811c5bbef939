"""Real questions, many, in a seeded order, so that no cache answers in the service's place (TRAPS 24)."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import random
from collections.abc import Iterable, Iterator, Sequence
from functools import cache

import orjson

from loadgen.engine.task import Share
from loadgen.tasks.ask.question_files import Question

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


def digest(questions: Iterable[Question]) -> str:
    """The SHA-256 of their texts, in their order."""
    return hashlib.sha256(orjson.dumps([question.text for question in questions])).hexdigest()


def shuffled(questions: Sequence[Question], seed: int, turn: str = "") -> list[Question]:
    """The order in which a whole run goes through its questions. In each ``turn`` it is another one: of many
    questions there are hardly two that a cache knows from the turn before."""
    order = list(questions)
    random.Random(f"{seed}/{turn}" if turn else seed).shuffle(order)
    return order


def users_questions(order: Sequence[Question], share: Share) -> Iterator[Question]:
    """A user's endless questions: its own share of the run's order, so that nobody repeats another's
    until all were asked. When its share is used up it starts again."""
    step, place = share.places, share.place
    if len(order) < step:
        # Fewer questions than users: each starts somewhere else and walks them all.
        step = 1
    place %= len(order)
    while True:
        for index in range(place, len(order), step):
            yield order[index]
        if step == 1:
            place = 0
