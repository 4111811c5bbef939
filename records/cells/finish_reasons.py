"""Why a model stopped, as its service says it in ``finish_reason``: which reasons mean that it gave up?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import TypeGuard

from records.cells.request import RequestRecord

GAVE_UP = frozenset(
    {
        *("abort", "aborted", "error", "errored", "fail", "failed", "failure", "incomplete"),
        *("cancel", "canceled", "cancelled", "cancellation", "interrupted", "preempted", "killed", "evicted"),
        *("timeout", "timed_out", "deadline_exceeded", "overloaded", "unavailable", "rate_limit"),
        *("internal_error", "engine_error", "server_error", "model_error", "network_error"),
        *("malformed_function_call", "malformed_response", "unexpected_tool_call", "too_many_tool_calls"),
        *("insufficient_system_resource", "out_of_memory", "disconnect"),
    }
)
"""Of engines, gateways and providers: none of them is an answer's end."""
NORMAL = frozenset(
    {
        *("stop", "end_turn", "eos", "eos_token", "stop_sequence", "stop_token", "stop_string", "complete"),
        *("completed", "done", "end", "finish", "finished"),
        *("length", "max_tokens", "max_length", "max_output_tokens", "model_length", "max_new_tokens"),
        *("model_context_window_exceeded",),
        *("tool_calls", "tool_call", "tool_use", "function_call"),
        *("content_filter", "content_filtered", "safety", "refusal", "recitation", "sensitive", "language"),
        *("prohibited_content", "blocklist", "spii", "image_safety", "guardrail_intervened"),
        *("repetition_truncation",),
    }
)
"""Normal ends: the model's own, a limit that was asked for, a tool to be called, a filter of contents."""
_ENUM = re.compile(r"^\s*(?:finish|stop)_?reason\.", re.IGNORECASE)
"""Some services write the name that the reason has in their program: ``FinishReason.STOP``."""
_NOT_YET = frozenset({"", "null", "none"})
"""How some services write that there is more to come."""


def unknown_ends(good: Iterable[RequestRecord]) -> Counter[str]:
    """How many of these answers ended for which reason that is none of `NORMAL`."""
    return Counter(reason for r in good if is_unknown(reason := r.finish_reason))


def is_unknown(reason: str | None) -> TypeGuard[str]:
    return reason is not None and reason not in NORMAL


def finish_reason(value: object) -> str | None:
    """A reason as `GAVE_UP` and `NORMAL` write it; None where the answer goes on."""
    if type(value) is str and value in NORMAL:
        return value
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, dict):  # {"type": "stop"}
        value = value.get("type") or value.get("reason")
    if not isinstance(value, str):
        return None
    value = _ENUM.sub("", value)
    reason = "_".join(value.strip().lower().replace("-", " ").split())
    if reason in _NOT_YET:
        return None
    # A word is kept and shown; what is none may be anything, a key too.
    return reason if re.fullmatch(r"[a-z_]{1,40}", reason) else "other"
