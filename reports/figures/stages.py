"""The stages that a service times, in their order."""

from __future__ import annotations

from collections.abc import Sequence

from records.cells.request import RequestRecord

STAGE_ORDER = ("preprocess", "embed", "search", "prompt", "llm", "embeddings", "retrieval", "chat")


def stage_names(requests: Sequence[RequestRecord]) -> list[str]:
    """Those that the service names, ours and those of spans in the order of an answer."""
    seen = {name for r in requests for name in (r.stages or {})}
    return [n for n in STAGE_ORDER if n in seen] + sorted(seen - set(STAGE_ORDER))
