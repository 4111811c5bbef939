"""What is known of a code object: whose it is, what it is called, and what one who is in it waits for."""

from __future__ import annotations

import linecache
import os
import re
import sys
from collections.abc import Sequence
from functools import partial
from itertools import islice
from opcode import opmap
from types import CodeType
from typing import Any

from .kinds import RULES, Rule, by_pattern
from .owners import FRAMEWORKS, LISTENERS, REQUESTS, SERVERS

_MOST = 20_000
"""Codes that are remembered; an app that makes new ones all the time would fill its memory with them."""
_STDLIB = os.path.dirname(os.path.realpath(os.__file__)) + os.sep
_STDLIB_TOO = os.path.dirname(os.__file__) + os.sep
_SCRIPTS = os.path.dirname(sys.executable or os.__file__) + os.sep
"""Where commands are installed, which begin what others have written."""
_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_PACKAGES = re.compile(r".*[/\\](?:site|dist)-packages[/\\]")
_CALL = re.compile(rb"(?:[\w.]+\.)?(\w+)\(")
_ENTERS = frozenset(code for name, code in opmap.items() if name == "BEFORE_WITH")
_TYPED = {"<string>", "<stdin>"}
"""What ``python -c`` runs is the app's own."""


class SeenCode:
    """One code object. Its ``rule`` is None where nothing is known of it, as in the app's own."""

    __slots__ = (
        "_calls",
        "_lines",
        "code",
        "file",
        "key",
        "module",
        "name",
        "own",
        "package",
        "request",
        "rule",
        "server",
    )

    def __init__(self, code: CodeType) -> None:
        self.code = code  # held, so that its id stays its own
        self.name = code.co_qualname.rpartition("<locals>.")[2]
        self.module = _module(code.co_filename)
        self.own = self.module is None
        self.file = _short(code.co_filename)
        self.key = (self.module or "", self.name)
        self.package = (self.module or "").partition(".")[0] if _PACKAGES.match(code.co_filename) else ""
        self.rule: Rule | None = None if self.own else RULES.get(self.key) or by_pattern(*self.key)
        self.server = self.key in LISTENERS or bool(SERVERS.match(self.key[0]))
        self.request = not self.own and any(
            modules.match(self.key[0]) and names.fullmatch(self.name) for modules, names in REQUESTS
        )
        """Is a task whose outermost it is a request?"""
        self._lines: dict[int, str] = {}
        self._calls: dict[int, str] = {}

    def at(self, line: int) -> str:
        text = self._lines.get(line)
        if text is None:
            text = self._lines[line] = f"{self.name} ({self.file}:{line})"
        return text

    def call(self, instruction: int) -> str:
        """The function that is called there, by its name in the source: ``sub`` of ``TAG.sub(...)``; where a
        block ``with`` begins, ``__enter__``. What is written in C has no frame of its own. Empty where it is
        no call, or the source is not there."""
        name = self._calls.get(instruction)
        if name is None:
            name = self._calls[instruction] = _called(self.code, instruction)
        return name


KNOWN: dict[int, SeenCode] = {}
OWN: set[str] = set()
"""The files of the app's own code that was met; of one that is installed there are none."""


def seen_code(code: CodeType) -> SeenCode:
    # By its id: to hash a code is to hash all that is in it.
    place = KNOWN.get(id(code))
    if place is None:
        if len(KNOWN) >= _MOST:
            KNOWN.clear()
        place = KNOWN[id(code)] = SeenCode(code)
        if place.own:
            OWN.add(place.file)
    return place


def code_of(found: Any) -> CodeType | None:
    """Of a coroutine, a generator, or an asynchronous one."""
    for name in ("cr_code", "ag_code", "gi_code"):
        code = getattr(found, name, None)
        if type(code) is CodeType:
            return code
    return None


def line_of(found: Any) -> int:
    """Where it stands now; where it begins, if it does not say."""
    for name in ("cr_frame", "ag_frame", "gi_frame"):
        line = getattr(getattr(found, name, None), "f_lineno", None)
        if line:
            return int(line)
    code = code_of(found)
    return code.co_firstlineno if code else 0


def installed_app(places: Sequence[SeenCode]) -> int | None:
    """Of an app that is installed like a library, its innermost place, from the outermost inwards: it is what
    the frameworks call first, and none of the libraries that it calls."""
    package = next((one.package for one in places if one.package and not FRAMEWORKS.match(one.package)), "")
    return next(
        (at for at in reversed(range(len(places))) if package and places[at].package == package), None
    )


def own_function(function: Any, deep: int = 5) -> str | None:
    """Where a function, or an iterator, of the app's own begins; None of anybody else's.

    Of a partial one that is no function of the app's it is one that it is called with: a framework has its
    own call the app's.
    """
    if isinstance(function, partial) and deep:
        parts = (function.func, *function.args, *function.keywords.values())
        return next(filter(None, (own_function(part, deep - 1) for part in parts if callable(part))), None)
    inner = getattr(function, "__wrapped__", None)
    if inner is not None and deep:
        return own_function(inner, deep - 1)
    function = getattr(function, "__func__", function)
    code = getattr(function, "__code__", None) or code_of(function)
    if code is None and not isinstance(function, type):
        code = getattr(getattr(type(function), "__call__", None), "__code__", None)  # noqa: B004
    if type(code) is not CodeType:
        return None
    place = seen_code(code)
    return place.at(code.co_firstlineno) if place.own else None


def _module(filename: str) -> str | None:
    """Its dotted name, of what is installed or comes with Python; None: the app's own."""
    packaged = _PACKAGES.match(filename)
    if packaged:
        rest = filename[packaged.end() :]
    elif filename.startswith((_STDLIB, _STDLIB_TOO)):
        rest = filename[len(_STDLIB if filename.startswith(_STDLIB) else _STDLIB_TOO) :]
    elif filename.startswith("<") and filename not in _TYPED:
        rest = filename.strip("<>").removeprefix("frozen ")
    elif filename.startswith(_HERE):
        rest = "_chokepoint_inside"
    elif filename.startswith(_SCRIPTS):
        rest = filename[len(_SCRIPTS) :]
    else:
        return None
    return rest.removesuffix(".py").replace("/", ".").replace("\\", ".").removesuffix(".__init__")


def _short(filename: str) -> str:
    """Without the folder that Python found it in: a path tells more of a machine than of an app."""
    packaged = _PACKAGES.match(filename)
    if packaged:
        return filename[packaged.end() :]
    entries = (entry.rstrip(os.sep) + os.sep for entry in (*sys.path, os.path.curdir) if entry)
    within = [entry for entry in entries if filename.startswith(entry) and entry != os.sep]
    if within:
        return filename[len(max(within, key=len)) :]
    return os.path.basename(filename) or filename


def _called(code: CodeType, instruction: int) -> str:
    if code.co_code[instruction] in _ENTERS:
        return "__enter__"
    positions = getattr(code, "co_positions", None)  # Python 3.11
    found = None if positions is None else next(islice(positions(), instruction // 2, None), None)
    if found is None or None in found:
        return ""
    line, _, start, end = found
    text = linecache.getline(code.co_filename, line).encode()
    call = _CALL.match(text[start:end] if found[1] == line else text[start:])
    if call is None:  # from Python 3.14 on it is called as any function is
        return "__enter__" if not _ENTERS and text.lstrip().startswith(b"with ") else ""
    return call[1].decode()
