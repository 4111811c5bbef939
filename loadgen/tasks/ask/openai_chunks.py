"""Chunks of OpenAI's chat (or text) completions, as the services that speak so really send them."""

from __future__ import annotations

from typing import Any

from loadgen.tasks.ask.answer import Answer
from loadgen.tasks.ask.event_data import decoded
from loadgen.tasks.ask.openai_errors import MAY_FAIL, error_in, error_said
from loadgen.tasks.ask.thoughts import of_thoughts
from loadgen.tasks.ask.token_usage import TokenUsage
from records.finish_reasons import finish_reason

DONE = b"[DONE]"
TELLTALE = b'"choices"'
"""What the data of a chunk holds, and no other event's."""
_TEXT = frozenset({"text", "content", "summary", "refusal"})
"""Fields of a part of a content that hold text."""
_COMMON = {"content", "role"}


def is_ours(payload: bytes) -> bool:
    """Is this a chunk, or the mark of the end, whatever its event is named?"""
    return TELLTALE in payload or payload.startswith(DONE)


def fold_openai(answer: Answer, payload: bytes, at_ns: int) -> str | None:
    """A chunk; ``[DONE]`` is the terminal event."""
    if not payload.startswith(b"{"):
        if payload.lstrip(b' \t"').startswith(DONE):
            answer.ended_ns = at_ns
            return None
        if payload.startswith(b":"):
            return None  # a comment that a gateway wrapped up as data
    event = decoded(answer, payload, at_ns)
    choices = event.get("choices")
    if not isinstance(choices, list) or not MAY_FAIL.isdisjoint(event):
        error = error_in(event)
        if error is not None:
            answer.fail(error)
            return None
    text = None
    found = [one for one in choices if isinstance(one, dict)] if isinstance(choices, list) else []
    if len(found) == 1:
        text = _choice(answer, found[0], at_ns)
    elif found:  # several answers at a time: one token, of no form
        said = "".join(filter(None, map(_text, found)))
        if said:
            answer.token(said, at_ns)
        elif any(map(_thinks, found)):
            answer.thought(at_ns)
    for choice in found:
        if "error" in choice and (error := error_said(choice["error"])) is not None:
            answer.fail(error)
        if (reason := choice.get("finish_reason")) and (reason := finish_reason(reason)):
            answer.finish(reason, at_ns)
        if "usage" in choice:
            answer.count(TokenUsage.of(choice["usage"]))
    if "usage" in event:
        answer.count(TokenUsage.of(event["usage"]))
    if "x_groq" in event and isinstance(beside := event["x_groq"], dict):
        answer.count(TokenUsage.of(beside.get("usage")))
        if (error := error_said(beside.get("error"))) is not None:
            answer.fail(error)
    if answer.finished_ns is not None:
        answer.finished_ns = at_ns  # counts may follow the last of the text
    return text


def _choice(answer: Answer, choice: dict[str, Any], at_ns: int) -> str | None:
    """Take in a choice's text, or its thoughts; the text where it may stand for the form of its event."""
    delta = choice.get("delta")
    if type(delta) is dict and delta.keys() <= _COMMON:
        content = delta.get("content")
        if type(content) is str:
            return answer.token(content, at_ns)  # nearly every chunk
        if content is None:
            return None
    said = _text(choice)
    if said:
        text = answer.token(said, at_ns)
        return None if _thinks(choice) else text
    if _thinks(choice):
        answer.thought(at_ns)
    return None


def _text(choice: dict[str, Any]) -> str:
    """What of a choice is the answer's: text, a refusal, the arguments of a tool's call, speech."""
    delta = choice.get("delta")
    if not isinstance(delta, dict):
        delta = choice.get("message")
    if not isinstance(delta, dict):
        return _words(choice.get("text"))
    said = _words(delta.get("content")) or _words(delta.get("refusal"))
    return said or "".join(map(_arguments, _calls(delta))) or _speech(delta.get("audio"))


def _thinks(choice: dict[str, Any]) -> bool:
    """Does it hold a thought?"""
    delta = choice.get("delta")
    if not isinstance(delta, dict):
        delta = choice.get("message")
    if not isinstance(delta, dict):
        return False
    for name, value in delta.items():
        if value and of_thoughts(name) and _words(value, of=None):
            return True
    content = delta.get("content")
    return isinstance(content, list) and bool(_words(content, of=True))


def _words(value: object, *, of: bool | None = False) -> str:
    """The text in a field: a string, or a list of parts, of which those of thoughts are taken (``of``), the
    others, or all (None)."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        value = [value]
    if not isinstance(value, list):
        return ""
    said = []
    for part in value:
        if isinstance(part, str):
            said.append(part)
        elif isinstance(part, dict):
            kind = str(part.get("type", ""))
            if of is None or of_thoughts(kind) == of:
                said += [_words(value) for name, value in part.items() if name in _TEXT or of_thoughts(name)]
                if of is None and isinstance(part.get("data"), str):
                    said.append(part["data"])  # enciphered, for the service to take back
    return "".join(said)


def _calls(delta: dict[str, Any]) -> list[Any]:
    """The functions, and the tools of a user's own, that it calls."""
    calls = delta.get("tool_calls")
    found = [one for one in calls if isinstance(one, dict)] if isinstance(calls, list) else []
    return [*(one.get("function") or one.get("custom") for one in found), delta.get("function_call")]


def _arguments(called: object) -> str:
    if not isinstance(called, dict):
        return ""
    arguments = called.get("arguments") or called.get("input")
    if isinstance(arguments, str):
        return arguments
    return str(arguments) if arguments else ""


def _speech(audio: object) -> str:
    """A piece of what is spoken: its transcript, or its sound."""
    if not isinstance(audio, dict):
        return ""
    return _words(audio.get("transcript")) or _words(audio.get("data"))
