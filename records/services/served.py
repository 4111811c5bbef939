"""The configurations of a service, and what it says at ``GET /config``: ``{config, settings, paths}``."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from records.secrets.redaction import Redaction
from records.services.variants import MOCKS

AS_IS = "as-is"
"""The configuration of a service that does not say what it runs."""


@dataclass(frozen=True, kw_only=True)
class Served:
    """What ``/config`` said; ``config`` is None where there is no such thing."""

    config: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)
    """What runs each stage, and where: ``{stage: "Class@executor"}``; empty where it does not say."""
    sees: dict[str, int] = field(default_factory=dict)
    """What it counts of its machine, and how it sized its pools: `records.evidence.limits`."""

    def redacted(self, redaction: Redaction) -> Served:
        """As it may be kept and shown."""
        return replace(
            self,
            config=self.config and config_shown(self.config, redaction),
            settings=redaction.value(self.settings),
            paths=redaction.value(self.paths),
        )

    @classmethod
    def of_answer(cls, status: int, body: bytes) -> Served:
        """From the HTTP status and body; an answer that says no such thing is one without it."""
        try:
            raw = orjson.loads(body) if status == 200 else None
        except orjson.JSONDecodeError:
            return cls()
        if not isinstance(raw, dict) or not isinstance(raw.get("config"), str):
            return cls()
        settings = raw.get("settings")
        return cls(
            config=raw["config"],
            settings=settings if isinstance(settings, dict) else {},
            paths=paths_of(raw.get("paths")),
            sees=_counts(raw.get("sees")),
        )


def config_shown(name: str, redaction: Redaction) -> str:
    """A configuration's name without secrets; the names that we know stay, whatever a header says."""
    return name if name in MOCKS or name == AS_IS else redaction.redact(name)


def paths_of(raw: Any) -> dict[str, str]:
    """``{stage: "Class@executor"}``; what is not text by name is left out."""
    found = raw if isinstance(raw, dict) else {}
    return {stage: path for stage, path in found.items() if isinstance(path, str)}


def _counts(raw: Any) -> dict[str, int]:
    found = raw if isinstance(raw, dict) else {}
    return {str(name): count for name, count in found.items() if type(count) is int}
