"""How services that speak as OpenAI do say, in the middle of an answer, that something is wrong."""

from __future__ import annotations

from typing import Any

MAY_FAIL = frozenset({"error", "base_resp", "type"})
"""Fields of a chunk with choices that may say so."""
_CODES = ("code", "status_code", "error_code", "errcode", "status")
_WELL = frozenset({"", "0", "ok", "success", "succeeded", "true", "none"})
_MESSAGES = ("message", "msg", "error_msg", "detail", "error_message", "status_msg")


def error_in(event: dict[str, Any]) -> object:
    """What an event says is wrong; None where it is a chunk."""
    said = error_said(event.get("error"))
    if said is not None:
        return said
    if event.get("object") == "error" or event.get("type") == "error":
        return event.get("message") or event
    told = event.get("base_resp")  # a status beside an answer
    if isinstance(told, dict) and told.get("status_code"):
        return told.get("status_msg") or told
    if "choices" in event:
        return None
    if event.get("errors"):
        return event["errors"]
    if not any(event.get(name) for name in _MESSAGES):
        return None
    bad = event.get("detail") or event.get("success") is False
    return event if bad or any(_is_bad(name, event.get(name)) for name in _CODES) else None


def error_said(error: object) -> object:
    """What a field ``error`` says; None where it says nothing, in whatever form."""
    if not error or (isinstance(error, dict) and not any(error.values())):
        return None
    said = (error.get("message") or error) if isinstance(error, dict) else error
    return f"error: {said}" if isinstance(said, bool | int) else said


def _is_bad(name: str, code: object) -> bool:
    """Is this the code of an error? A word is under ``status`` where all is well."""
    if code is None or isinstance(code, bool):
        return False
    word = str(code).strip().lower()
    if word.lstrip("-").isdecimal():
        return not (int(word) == 0 or 200 <= int(word) < 400)
    if name == "status":
        return word in ("error", "failed", "failure")
    return word not in _WELL
