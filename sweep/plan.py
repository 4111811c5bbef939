"""What a sweep will do, decided once before anything starts. Values only: no clock, no I/O."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

CONFIGURATIONS: Mapping[str, Mapping[str, str]] = {
    "baseline": {"USE_MOCK_EMBEDDINGS": "no", "USE_MOCK_LLM": "no"},
    "mock-embeddings": {"USE_MOCK_EMBEDDINGS": "yes", "USE_MOCK_LLM": "no"},
    "mock-llm": {"USE_MOCK_EMBEDDINGS": "no", "USE_MOCK_LLM": "yes"},
    "mock-both": {"USE_MOCK_EMBEDDINGS": "yes", "USE_MOCK_LLM": "yes"},
}
AS_IS = "as-is"
BASE_LEVELS: tuple[int, ...] = (1, 2, 5, 10, 15, 20)
ONWARD_LEVELS: tuple[int, ...] = (30, 40, 60, 80, 120, 160, 240, 320)
GROWTH = 1.10  # throughput has stopped growing when one more level brings less than this
REQUESTS_PER_USER = 10
MOST_USERS = 10_000
MIN_SECONDS = 3.0
MAX_SECONDS = 8.0
CELL_OVERHEAD_SECONDS = 2.0
TARGET_START_SECONDS = 5.0


class UsageError(Exception):
    """The user's mistake, in one line; exit code 2."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """A deployment as asked for: its label (also its folder) and its spec, ``local`` or ``url:...``."""

    label: str
    spec: str

    @property
    def url(self) -> str | None:
        return self.spec.removeprefix("url:").rstrip("/") if self.spec.startswith("url:") else None


@dataclass(frozen=True, kw_only=True)
class CellKey:
    """Which cell: its folder's name and nothing else."""

    deployment: str
    config: str
    concurrency: int
    repeat: int

    @property
    def path(self) -> str:
        return f"{self.deployment}/{self.config}/c{self.concurrency:02d}-r{self.repeat}"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything a sweep was asked for; kept in run.json so that ``--resume`` needs nothing else."""

    name: str
    targets: tuple[Target, ...]
    configs: tuple[str, ...]
    levels: tuple[int, ...]
    auto: bool
    max_level: int | None = None
    requests: int = 50
    warmup_requests: int = 5
    repeats: int = 2
    settings: dict[str, str] = field(default_factory=dict)
    budget_seconds: float | None = None
    seed: int = 0
    locust_args: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> Plan:
        targets = tuple(Target(label=str(t["label"]), spec=str(t["spec"])) for t in raw["targets"])
        tuples = {name: tuple(raw[name]) for name in ("configs", "levels", "locust_args")}
        return cls(**{**raw, **tuples, "targets": targets})

    def requests_at(self, concurrency: int) -> int:
        return max(self.requests, REQUESTS_PER_USER * concurrency)

    def cells(self) -> list[CellKey]:
        """Every cell known before the sweep starts (``auto`` may add levels beyond these)."""
        return [
            CellKey(deployment=target.label, config=config, concurrency=level, repeat=repeat)
            for repeat in range(1, self.repeats + 1)
            for target in self.targets
            for config in self.configs
            for level in self.levels
        ]

    def shuffled(self, cells: Sequence[CellKey], repeat: int) -> list[CellKey]:
        """One repeat's cells in random order, the same order for the same seed."""
        ordered = sorted(cells, key=lambda cell: cell.path)
        random.Random(f"{self.seed}/{repeat}").shuffle(ordered)
        return ordered

    def onward_levels(self) -> tuple[int, ...]:
        """The levels ``auto`` may still go to, past the ones that are always measured."""
        if not self.auto:
            return ()
        return tuple(n for n in ONWARD_LEVELS if self.max_level is None or n <= self.max_level)


def grew(rps_by_level: Mapping[int, float]) -> bool:
    """Did the highest level still bring at least 10 % more than the best of the lower ones?"""
    if len(rps_by_level) < 2:
        return True
    top = max(rps_by_level)
    return rps_by_level[top] >= GROWTH * max(rps for n, rps in rps_by_level.items() if n != top)


def next_level(plan: Plan, rps_by_level: Mapping[int, float]) -> int | None:
    """The level to go on to, or None when throughput has stopped growing or the levels are used up."""
    if not rps_by_level or not grew(rps_by_level):
        return None
    return next((n for n in plan.onward_levels() if n > max(rps_by_level)), None)


def parse_levels(text: str, max_level: int | None) -> tuple[tuple[int, ...], bool]:
    """(levels, auto) from ``auto`` or a list such as ``1,5,20``.

    Raises:
        UsageError: not a whole number of at least 1, or nothing left under ``max_level``.
    """
    if text.strip() == "auto":
        levels, auto = BASE_LEVELS, True
    else:
        try:
            levels = tuple(sorted({int(part) for part in text.split(",") if part.strip()}))
        except ValueError:
            raise UsageError(f"--concurrency takes 'auto' or a list like 1,5,20, not {text!r}") from None
        auto = False
    if max_level is not None:
        levels = tuple(n for n in levels if n <= max_level)
    if levels and max(levels) > MOST_USERS:
        raise UsageError(f"--concurrency goes up to {MOST_USERS} users on one machine")
    if not levels or min(levels) < 1:
        raise UsageError(f"--concurrency {text!r} leaves no level of at least one user")
    return levels, auto


def parse_configs(values: Sequence[str]) -> tuple[str, ...]:
    """Configurations from repeated or comma-separated ``--config``; UsageError names an unknown one."""
    names = [name.strip() for value in values for name in value.split(",") if name.strip()]
    for name in names:
        if name not in CONFIGURATIONS and name != AS_IS:
            raise UsageError(
                f"unknown configuration {name!r}; there are {', '.join(CONFIGURATIONS)} and {AS_IS}"
            )
    return tuple(dict.fromkeys(names))


def parse_targets(values: Sequence[str]) -> tuple[Target, ...]:
    """Deployments from repeated ``[LABEL=]SPEC``; UsageError for an unknown spec or a label used twice."""
    targets = []
    for value in values:
        match = re.fullmatch(r"(?:([A-Za-z0-9][A-Za-z0-9_.-]*)=)?(local|url:https?://\S+)", value)
        if match is None:
            raise UsageError(
                f"--deployment takes [LABEL=]local or [LABEL=]url:http://HOST:PORT, not {value!r}"
            )
        label, spec = match.groups()
        if "?" in spec or "#" in spec:
            raise UsageError("--deployment takes a base URL, without a query")
        if "@" in spec:
            raise UsageError("--deployment: give credentials as TARGET_API_KEY, not in the URL")
        targets.append(Target(label=label or re.sub(r"[^a-z0-9]+", "-", spec.lower()).strip("-"), spec=spec))
    labels = [target.label for target in targets]
    if len(set(labels)) < len(labels):
        raise UsageError("two deployments have the same label; give each its own, as in --deployment a=local")
    return tuple(targets)


def parse_settings(values: Sequence[str]) -> dict[str, str]:
    """Settings of the target from repeated ``--set NAME=VALUE``.

    Raises:
        UsageError: not NAME=VALUE, or a setting that belongs to ``--config`` or to the environment.
    """
    settings = {}
    for value in values:
        name, equals, text = value.partition("=")
        if not equals or not re.fullmatch(r"[A-Z][A-Z0-9_]*", name):
            raise UsageError(f"--set takes NAME=VALUE with the setting's name in capitals, not {value!r}")
        if name in ("USE_MOCK_EMBEDDINGS", "USE_MOCK_LLM"):
            raise UsageError(
                f"{name} is what --config chooses; use --config mock-embeddings, mock-llm, mock-both"
            )
        if name.endswith(("_KEY", "_TOKEN", "_SECRET", "_PASSWORD")):
            raise UsageError(f"{name} is a secret: put it into the environment, not on the command line")
        if not text.isprintable():
            raise UsageError(f"--set {name}: the value holds characters that no setting may have")
        if re.search(r"://[^/]*@", text):
            raise UsageError(f"--set {name}: a URL with a password would be written into run.json")
        settings[name] = text
    return settings


_SECRET_HEADER = re.compile(r"auth|key|token|secret|cookie", re.IGNORECASE)


def parse_locust_args(words: Sequence[str]) -> tuple[str, ...]:
    """What followed ``--``, for locust.

    Raises:
        UsageError: a header that looks like a secret, for run.json keeps these words.
    """
    for before, word in zip(("", *words), words, strict=False):
        header = word.removeprefix("--header=") if word.startswith("--header=") else word
        if (before == "--header" or header != word) and _SECRET_HEADER.search(header.partition("=")[0]):
            raise UsageError("a key does not go after --, where it would be kept: give it as TARGET_API_KEY")
    return tuple(words)


def parse_budget(text: str) -> float | None:
    """Seconds from ``90``, ``90s``, ``5m``, ``1h`` or ``none``; UsageError for anything else."""
    if text == "none":
        return None
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text)
    if match is None or float(match[1]) <= 0:
        raise UsageError(f"--budget takes a time such as 90s, 5m or 1h, or none, not {text!r}")
    return float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[match[2]]
