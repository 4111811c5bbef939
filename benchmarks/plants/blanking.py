"""A copy of one variant's results in which nothing names what was planted, and stages have new names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson

from records.cells import layout
from records.files import read_json, read_lines, write_json

DEPLOYMENT, VARIANT = "service", "as-is"
_SCRIPTS = "|".join(sorted(re.escape(path.name) for path in Path(__file__).parent.glob("*.py")))
"""What is run as a file has no folder before its name."""
_OWN_CODE = re.compile(rf"([^\s()]+) \(((?:target_app|mocks|plants|benchmarks)/[^():]+|{_SCRIPTS}):(\d+)\)")
_DEFAULT_EXECUTORS = ("asyncio", "uvloop")
"""What tells the event loop's own executor from one that the app made."""
_BLANKED_CHECKS = {"configuration", "configuration-effect", "same-path"}

_RUN = ("schema_version", "status", "host", "versions", "git_revision", "budget_ended")
_PLAN = ("levels", "grid", "cpus", "scenario")
"""What is kept of a run and of its plan, besides numbers, and of what was requested:"""
_REQUESTED = {"arrival", "body", "cpus", "dialect", "drop_fields", "headers", "path", "shape_options", "tls"}
_TELLING = ("plant", "foreign", "target_app")
"""What no file of the copy may hold, in whatever case; a field that is new here would be found out by it."""


class TellingError(Exception):
    """The copy names what it may not."""


class Names:
    """New names, the same for the same old one: s1, s2, ... in the order in which they are met."""

    def __init__(self, first: str) -> None:
        self._first = first
        self._known: dict[str, str] = {}

    def __call__(self, name: str) -> str:
        return self._known.setdefault(name, f"{self._first}{len(self._known) + 1}")


class Blanking:
    """Makes the copy of one run."""

    def __init__(self) -> None:
        self._stages = Names("s")
        self._functions = Names("function_")
        self._files = Names("module_")
        self._executors = Names("pool-")
        self._threads = Names("thread-")

    def copy(self, run: Path, variant: str, to: Path) -> None:
        """The cells of ``variant`` alone, of the run's one deployment. Raises OSError, RecordError,
        TellingError."""
        meta = read_json(run / layout.RUN)
        write_json(to / layout.RUN, _meta(meta))
        for folder in sorted(path.parent for path in run.glob(f"cells/*/{variant}/*/{layout.CELL}")):
            if layout.PARTIAL not in folder.name and layout.TRY not in folder.name:
                self._cell(folder, to / layout.CELLS / DEPLOYMENT / VARIANT / folder.name)
        labels = [target["label"] for target in meta["plan"]["targets"]]
        if telling := sorted(_telling(to, (*_TELLING, *labels))):
            raise TellingError(f"the blanked copy still names what was planted: {', '.join(telling)}")

    def _cell(self, folder: Path, to: Path) -> None:
        to.mkdir(parents=True)
        cell = read_json(folder / layout.CELL)
        cell |= {"deployment": DEPLOYMENT, "config": VARIANT, "settings": {}, "paths": {}}
        cell["requested"] = _requested(cell["requested"])
        for check in cell["verdict"]["checks"]:
            if check["name"] in _BLANKED_CHECKS:
                check |= {"figure": None, "bound": None, "text": ""}
        write_json(to / layout.CELL, cell)
        _lines(folder / layout.REQUESTS, to / layout.REQUESTS, self._request)
        _lines(folder / layout.INSIDE, to / layout.INSIDE, self._inside)
        for name in (layout.PROBES, layout.LLM):
            _lines(folder / name, to / name, dict)
        _lines(folder / layout.SAMPLES, to / layout.SAMPLES, self._sample)
        if (folder / layout.PROFILE).exists():
            write_json(to / layout.PROFILE, self._sample(read_json(folder / layout.PROFILE)))

    def _sample(self, value: Any) -> Any:
        """Names of processes tell a command, and those of threads a pool."""
        if isinstance(value, list):
            return [self._sample(one) for one in value]
        if not isinstance(value, dict):
            return value
        changed = {name: self._sample(one) for name, one in value.items()}
        if isinstance(changed.get("name"), str) and changed.keys() & {"cpu_percent", "cpu_seconds"}:
            changed["name"] = self._threads(changed["name"])
        return changed

    def _request(self, raw: dict[str, Any]) -> dict[str, Any]:
        stages = {self._stages(name): times for name, times in (raw.get("stages") or {}).items()}
        cell = raw["cell"].rpartition("/")[2]
        named = {"run": "blanked", "cell": f"{DEPLOYMENT}/{VARIANT}/{cell}", "config": None}
        return {**raw, **named, **({"stages": stages} if stages else {})}

    def _inside(self, raw: dict[str, Any]) -> dict[str, Any]:
        for executor in raw["executors"]:
            if executor["name"] not in _DEFAULT_EXECUTORS:
                executor["name"] = self._executors(executor["name"])
        changed: dict[str, Any] = _in_texts(raw, self._without_own_names)
        return changed

    def _without_own_names(self, text: str) -> str:
        def renamed(found: re.Match[str]) -> str:
            function, file, line = found.groups()
            return f"{self._functions(function)} ({self._files(file)}.py:{line})"

        return _OWN_CODE.sub(renamed, text)


def _meta(raw: dict[str, Any]) -> dict[str, Any]:
    plan = {name: value for name, value in raw["plan"].items() if _tells_nothing(value)}
    plan |= {name: raw["plan"][name] for name in _PLAN if name in raw["plan"]}
    plan["targets"] = [{"label": DEPLOYMENT, "spec": "run:service"}]
    plan["variants"] = [{"name": VARIANT, "settings": {}}]
    return {**{name: raw[name] for name in _RUN if name in raw}, "plan": {**plan, "name": "blanked"}}


def _requested(raw: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in raw.items() if name in _REQUESTED or _tells_nothing(value)}
    return {**kept, "host": "http://127.0.0.1", "questions": "questions"}


def _tells_nothing(value: object) -> bool:
    return value is None or isinstance(value, bool | int | float)


def _telling(folder: Path, words: Iterable[str]) -> Iterator[str]:
    for path in folder.rglob("*"):
        text = path.read_text().lower() if path.is_file() else ""
        yield from (f"{word} in {path.name}" for word in words if word.lower() in text)


def _in_texts(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_in_texts(one, change) for one in value]
    if isinstance(value, dict):
        return {name: _in_texts(one, change) for name, one in value.items()}
    return value


def _lines(path: Path, to: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    def changed() -> Iterator[bytes]:
        for _, line in read_lines(path):
            yield orjson.dumps(change(orjson.loads(line)), option=orjson.OPT_APPEND_NEWLINE)

    if path.exists():
        to.write_bytes(b"".join(changed()))
