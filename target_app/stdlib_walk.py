"""Print the documentation strings of this Python's standard library, one JSON object a line.

Run by path in a process of its own (`python -I stdlib_walk.py`): importing some three hundred modules
costs memory and leaves traces (completers, warnings filters, threads) that a server must not inherit.
Each line is `{"name": "json.dumps", "kind": "function", "signature": "(obj, ...)", "doc": "..."}`.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import io
import json
import os
import pkgutil
import re
import sys
import types
import warnings
from collections.abc import Iterator

# Modules that act when imported (a browser, a window, printed poems), and those whose objects are public
# under another name (`os.path` for `posixpath`), are no documentation, or are the tests of Python itself.
SKIPPED = frozenset(
    {
        "antigravity",
        "this",
        "idlelib",
        "turtledemo",
        "turtle",
        "tkinter",
        "test",
        "lib2to3",
        "distutils",
        "ensurepip",
        "pip",
        "encodings",
        "posixpath",
        "ntpath",
        "posix",
        "nt",
        "msilib",
        "winreg",
        "winsound",
        "msvcrt",
        "pydoc_data",
        "sre_compile",
        "sre_constants",
        "sre_parse",
        "nturl2path",
        "readline",
        "rlcompleter",
        "imp",
        "asyncore",
        "asynchat",
        "smtpd",
        "sitecustomize",
        "usercustomize",
        "pty",
        "genericpath",
        "opcode",
    }
)
SKIPPED_LEAVES = frozenset({"__main__", "tests", "test", "macholib", "idle_test"})
EXTRA_MODULES = frozenset({"os.path"})  # not found by walking: `os` is no package
ROUTINES = (
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodDescriptorType,
    types.ClassMethodDescriptorType,
    types.WrapperDescriptorType,
    types.MethodType,  # `random.randint` is a method of a hidden instance
)


def module_names() -> list[str]:
    """Public module names of the standard library, submodules of packages included, sorted."""
    names: list[str] = []
    for top in sorted(sys.stdlib_module_names):
        if top.startswith("_") or top in SKIPPED:
            continue
        names.append(top)
        module = _import(top)
        for info in pkgutil.iter_modules(getattr(module, "__path__", None) or [], f"{top}."):
            leaf = info.name.rpartition(".")[2]
            if leaf.startswith("_") or leaf in SKIPPED_LEAVES:
                continue
            names.append(info.name)
            if info.ispkg and (child := _import(info.name)) is not None:
                names += [
                    sub.name
                    for sub in pkgutil.iter_modules(child.__path__, f"{info.name}.")
                    if not sub.name.rpartition(".")[2].startswith("_")
                ]
    return sorted({*names, *EXTRA_MODULES}, key=_order)


def _order(name: str) -> tuple[bool, int, str]:
    """Builtins first (`open`, not `io.open`), then the shortest names (`asyncio.gather`)."""
    return (name != "builtins", name.count("."), name)


def _import(name: str) -> types.ModuleType | None:
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            return importlib.import_module(name)
    except (Exception, SystemExit):  # absent on this platform, or broken: not our business
        return None


def signature_of(value: object) -> str:
    """The call signature as text; empty where Python cannot tell."""
    try:
        text = str(inspect.signature(value))  # type: ignore[arg-type]
    except Exception:  # "more than ValueError": whatever a module's own __signature__ raises
        return ""
    # An address differs at each start: the same corpus would never be found in the cache again.
    return re.sub(r" at 0x[0-9a-f]+", "", text)


def doc_of(value: object) -> str:
    """The object's own documentation string, cleaned; empty if it has none."""
    doc = getattr(value, "__doc__", None)
    return inspect.cleandoc(doc).strip() if isinstance(doc, str) else ""


def members(module: types.ModuleType, name: str) -> Iterator[tuple[str, object]]:
    """Public functions and classes that belong to a module: its `__all__`, else what it defines itself."""
    listed = getattr(module, "__all__", None)
    for attribute in listed if listed is not None else dir(module):
        if not isinstance(attribute, str) or attribute.startswith("_"):
            continue
        value = getattr(module, attribute, None)
        if not (isinstance(value, (*ROUTINES, type)) or (callable(value) and hasattr(value, "__wrapped__"))):
            continue
        home = getattr(value, "__module__", None)
        if listed is None and name != "builtins" and home not in (name, f"_{name}", None, "builtins"):
            continue
        yield attribute, value


def methods(owner: type) -> Iterator[tuple[str, str, object]]:
    """A class's own documented public methods and properties: (name, kind, object)."""
    for attribute, value in vars(owner).items():
        if attribute.startswith("_"):
            continue
        plain = value.__func__ if isinstance(value, staticmethod | classmethod) else value
        if isinstance(plain, ROUTINES):
            yield attribute, "method", plain
        elif isinstance(plain, property):
            yield attribute, "property", plain


def walk() -> Iterator[dict[str, str]]:
    """All documented public objects, each once, under its shortest public name."""
    seen: set[int] = set()
    kept: list[object] = []  # keeps objects alive, so that an id is never given twice
    for name in module_names():
        module = _import(name)
        if module is None:
            continue
        if doc := doc_of(module):
            yield {"name": name, "kind": "module", "signature": "", "doc": doc}
        for attribute, value in members(module, name):
            if id(value) in seen:
                continue
            seen.add(id(value))
            kept.append(value)
            kind = "class" if isinstance(value, type) else "function"
            public = attribute if name == "builtins" else f"{name}.{attribute}"
            if doc := doc_of(value):
                yield {"name": public, "kind": kind, "signature": signature_of(value), "doc": doc}
            if isinstance(value, type):
                for method, method_kind, plain in methods(value):
                    if doc := doc_of(plain):
                        yield {
                            "name": f"{public}.{method}",
                            "kind": method_kind,
                            "signature": signature_of(plain) if method_kind == "method" else "",
                            "doc": doc,
                        }


def main() -> None:
    """Write the walk to standard output."""
    warnings.simplefilter("ignore")
    # Some signatures show the environment (`cgi.parse`) or the interpreter's path (`platform.architecture`)
    # as a default: a key would become a document; and another variable, or `python3` for `python`, another
    # corpus, whose index is not in the cache.
    os.environ.clear()
    sys.executable = "python"
    out = sys.stdout
    for entry in walk():
        out.write(json.dumps(entry) + "\n")
    out.flush()
    os._exit(0)  # some modules start threads or leave exit hooks: nothing of theirs is wanted


if __name__ == "__main__":
    main()
