"""What settings name as `package.module:factory`. Others wrote it: whatever it raises is told in one line."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import reduce
from typing import Any, TypeVar

from pydantic import ValidationError

MESSAGE_CHARS = 300
Made = TypeVar("Made")


class FactoryError(ValueError):
    """What is named cannot be imported, fails, or makes something else; the message is for the user."""


def find_factory(name: str) -> Callable[..., Any]:
    """What `package.module:factory` names; the part after the colon may have dots (`Class.from_documents`).

    Raises:
        FactoryError: there is none, or it cannot be called.
    """
    module, _, attributes = name.partition(":")
    if not module or not attributes:
        raise FactoryError("say package.module:factory")
    try:
        found = reduce(getattr, attributes.split("."), importlib.import_module(module))
    except Exception as error:  # a module may raise anything while it is imported
        raise FactoryError(f"cannot be imported: {in_words(error)}") from error
    if not callable(found):
        raise FactoryError("cannot be called")
    return found


def check_factory(name: str) -> str:
    """The name itself, if it is empty or names a factory. Raises FactoryError."""
    if name:
        find_factory(name)
    return name


def made(kind: type[Made], factory: Callable[..., Any], *arguments: object) -> Made:
    """What the factory makes of the arguments.

    Raises:
        FactoryError: it fails, or makes something else than a `kind`.
    """
    try:
        found = factory(*arguments)
    except Exception as error:  # it is anybody's
        raise FactoryError(f"the factory failed: {in_words(error)}") from error
    if not isinstance(found, kind):
        raise FactoryError(f"the factory made a {type(found).__name__}, not a {kind.__name__}")
    return found


def in_words(error: Exception) -> str:
    """An error on one line. What pydantic was given stays out of it, for keys are among that."""
    said = str(error)
    if isinstance(error, ValidationError):
        problems = error.errors(include_url=False, include_input=False)
        said = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}" for problem in problems
        )
    return f"{type(error).__name__}: {' '.join(said.split())[:MESSAGE_CHARS]}".removesuffix(": ")
