"""What a command line says of the app that a server of Python apps is to serve."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import dropwhile
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
_APP = re.compile(r"(?!unix:)([A-Za-z_][\w.]*):([A-Za-z_][\w.]*)(?:\(.*\))?")
"""A module and what is served of it: ``mine.web:app``. ``unix:`` is before a socket's path."""


def served_app(words: Sequence[str]) -> tuple[str, str] | None:
    """The module and its attribute; None where no word names a server before it: ``image:tag`` of ``docker``
    is no app, nor are two names for a program of which nothing is known."""
    after = dropwhile(lambda word: PurePath(word).name not in _SERVERS, words)
    found = next(filter(None, (_APP.fullmatch(word.partition("=")[2] or word) for word in after)), None)
    return (found[1], found[2]) if found else None
