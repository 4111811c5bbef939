"""What a command line says of the app that a server of Python apps is to serve."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import dropwhile, pairwise
from pathlib import PurePath

_SERVERS = frozenset(
    (
        "aiohttp.web",
        "bentoml",
        "cheroot",
        "daphne",
        "fastapi",
        "faststream",
        "flask",
        "granian",
        "gunicorn",
        "hypercorn",
        "litestar",
        "quart",
        "sanic",
        "uvicorn",
        "uwsgi",
        "waitress",
        "waitress-serve",
    )
)
"""Programs and modules that take ``module:attribute``."""
_APP = re.compile(r"(?!(?:unix|python|file):)([A-Za-z_][\w.]*):([A-Za-z_][\w.]*)(?:\(.*\))?")
"""A module and what is served of it: ``mine.web:app``. The other words are before a socket's path, or where a
server's own settings are."""


def served_app(words: Sequence[str]) -> tuple[str, str] | None:
    """The module and its attribute; None where no word names a server before it: ``image:tag`` of ``docker``
    is no app, nor are two names for a program of which nothing is known. What stands by itself goes before
    what may be an option's value: a header, or a class of workers."""
    after = [*dropwhile(lambda word: PurePath(word).name not in _SERVERS, words)]
    by_itself = [
        word for before, word in pairwise(after) if not before.startswith("-") and not word.startswith("-")
    ]
    of_options = (word.partition("=")[2] or word for word in after)
    found = next(filter(None, map(_APP.fullmatch, (*reversed(by_itself), *of_options))), None)
    return (found[1], found[2]) if found else None
