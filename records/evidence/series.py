"""Prometheus's text format, in which services say how they are: a series a line, its name, labels and value.

https://prometheus.io/docs/instrumenting/exposition_formats/, and OpenMetrics, whose exemplars and times are
left out. A series is kept under one text, its key: `name{label="value",...}` with its labels by alphabet.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from functools import lru_cache

_SERIES = re.compile(r'([A-Za-z_:][\w:]*)(?:[ \t]*\{((?:[^"{}]|"(?:[^"\\]|\\.)*")*)\})?[ \t]*', re.ASCII)
_LINE = re.compile(rf"{_SERIES.pattern}(?<=[ \t])([^ \t]+)", re.ASCII)
_LABEL = re.compile(r'([A-Za-z_]\w*)[ \t]*=[ \t]*"((?:[^"\\]|\\.)*)"', re.ASCII)
_ESCAPED = re.compile(r"\\(.)")


def parse(text: str) -> Iterator[tuple[str, float]]:
    """(key, value) of each series with a value that is a number; lines of another form are left out."""
    for line in text.splitlines():
        series, _, number = line.rpartition(" ")
        key = "" if "\t" in number else _key(series)
        if not key:  # a comment, or more than a value after it
            match = _LINE.match(line.strip())
            if match is None:
                continue
            key, number = _key(line.strip()[: match.start(3)]), match[3]
        try:
            value = float(number)
        except ValueError:
            continue
        if math.isfinite(value):
            yield key, value


@lru_cache(4096)  # a service says the same ones again and again
def _key(series: str) -> str:
    """Empty of what is none."""
    match = _SERIES.fullmatch(series)
    if match is None:
        return ""
    told = ",".join(f'{label}="{value}"' for label, value in sorted(_LABEL.findall(match[2] or "")))
    return f"{match[1]}{{{told}}}" if told else match[1]


def split(key: str) -> tuple[str, dict[str, str]]:
    """The name and the labels of a key."""
    name, _, rest = key.partition("{")
    return name, {label: _plain(value) for label, value in _LABEL.findall(rest)}


def redacted(key: str, redact: Callable[[str], str]) -> str:
    """The key in whose name and labels `redact` has blanked what is secret, each by itself."""
    name, labels = split(key)
    told = ",".join(f'{redact(label)}="{_escaped(redact(text))}"' for label, text in labels.items())
    return f"{redact(name)}{{{told}}}" if told else redact(name)


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _plain(value: str) -> str:
    return _ESCAPED.sub(lambda match: "\n" if match[1] == "n" else match[1], value)


@lru_cache(4096)
def is_wanted(key: str, patterns: tuple[str, ...]) -> bool:
    """Does its name match one of the patterns (`vllm:*`)? Where none is said, all but the buckets of
    histograms, and the times at which counters were made: they are many, and sums and counts say the most."""
    name, _, labels = key.partition("{")
    if patterns:
        return any(fnmatchcase(name, pattern) for pattern in patterns)
    return not (name.endswith("_created") or (name.endswith("_bucket") and 'le="' in labels))
