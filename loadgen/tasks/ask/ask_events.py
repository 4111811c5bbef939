"""Events of the RAG API's own `POST /ask/stream`."""

from __future__ import annotations

from typing import Any

from loadgen.tasks.ask import thoughts
from loadgen.tasks.ask.answer import Answer
from loadgen.tasks.ask.event_data import NOTHING, decoded
from loadgen.tasks.ask.event_errors import error_in
from loadgen.tasks.ask.openai_chunks import DONE
from records.cells.flags import WRITTEN_MS

EVENT_TYPES = thoughts.EVENT_TYPES | {
    *("message", "status", "documents", "token", "clear_response", "complete", "end")
}
"""Some services name an event by its type, too. An ``error`` is one in every dialect."""
_PASSED = ("status", "end")
"""Types of our own that say nothing of the answer. A type that is none of ours is looked into."""


def fold_ask(answer: Answer, payload: bytes, at_ns: int) -> str | None:
    """An event: status, documents, token, a thought, clear_response, complete, end, error."""
    if payload.strip() in (DONE, *NOTHING):
        return None  # another dialect's mark, for ours ends with its own event; a keep-alive
    event = decoded(answer, payload, at_ns)
    kind = event.get("type")
    if kind == "token":
        return answer.token(event.get("content"), at_ns)
    if kind == "documents":
        answer.documents = _documents(event)
    elif isinstance(kind, str) and kind in thoughts.EVENT_TYPES:
        if event.get("content"):
            answer.thought(at_ns)
    elif kind == "clear_response":
        answer.restart()
    elif kind == "complete":
        answer.ended_ns = at_ns
        answer.stages = _stages(event.get("timings"))
        answer.written_ms = _number(event.get(WRITTEN_MS))
        config = event.get("config")
        answer.config = config if isinstance(config, str) else None
    elif kind not in _PASSED:
        error = error_in(event, chunk="choices" in event)
        if error is not None:  # of ours, or of something before the service, or within it
            answer.fail("error without a message" if error is event and kind == "error" else error)
    return None


def _documents(event: dict[str, Any]) -> int:
    """How many there are: ``data`` of our own wire, else the only list that the event has, else ``count``."""
    lists = [value for value in event.values() if isinstance(value, list)]
    data, count = event.get("data"), event.get("count")
    if not isinstance(data, list) and len(lists) == 1:
        [data] = lists
    if isinstance(data, list):
        return len(data)
    return count if isinstance(count, int) and not isinstance(count, bool) else 0


def _stages(raw: Any) -> dict[str, dict[str, float]] | None:
    """The server's timings, whatever in them is no number left out."""
    if not isinstance(raw, dict):
        return None
    return {
        str(stage): {str(k): number for k, v in times.items() if (number := _number(v)) is not None}
        for stage, times in raw.items()
        if isinstance(times, dict)
    }


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
