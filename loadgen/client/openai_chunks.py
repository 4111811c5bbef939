"""Chunks of OpenAI's chat (or text) completions, as the services that speak so really send them."""

from __future__ import annotations

from typing import Any

from loadgen.client.answer import Answer, decoded
from loadgen.client.token_usage import TokenUsage
from records.finish_reasons import finish_reason

DONE = b"[DONE]"
_THOUGHTS = ("reasoning_content", "reasoning", "thinking", "reasoning_text", "reasoning_details", "thought")
"""Fields of a delta that hold what a model thinks: of DeepSeek, vLLM, OpenRouter, Ollama and others."""
_PARTS_THOUGHT = ("thinking", "reasoning")
_COMMON = {"content", "role"}
_MAY_FAIL = frozenset({"error", "base_resp", "type"})
"""Fields of a chunk with choices that may say that something is wrong."""
_CODES = ("code", "status_code", "error_code", "errcode", "status")
_WELL = frozenset({"", "0", "ok", "success", "succeeded", "true", "none"})
_MESSAGES = ("message", "msg", "error_msg", "detail", "error_message", "status_msg")


def fold_openai(answer: Answer, payload: bytes, at_ns: int) -> str | None:
    """A chunk; ``[DONE]`` is the terminal event."""
    if not payload.startswith(b"{"):
        if payload.strip(b' \t"') == DONE:
            answer.ended_ns = at_ns
            return None
        if payload.startswith(b":"):
            return None  # a comment that a gateway wrapped up as data
    event = decoded(answer, payload, at_ns)
    choices = event.get("choices")
    if not isinstance(choices, list) or not _MAY_FAIL.isdisjoint(event):
        error = _error(event)
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
        if (reason := choice.get("finish_reason")) and (reason := finish_reason(reason)):
            answer.finish(reason, at_ns)
        if "usage" in choice:
            answer.usage = TokenUsage.of(choice["usage"]) or answer.usage
    if "usage" in event or "x_groq" in event:
        answer.usage = _usage(event) or answer.usage
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
    """What of a choice is the answer's: text, a refusal, the arguments of a tool's call."""
    delta = choice.get("delta")
    if not isinstance(delta, dict):
        delta = choice.get("message")
    if not isinstance(delta, dict):
        return _words(choice.get("text"))
    said = _words(delta.get("content")) or _words(delta.get("refusal"))
    return said or "".join(map(_arguments, _calls(delta)))


def _thinks(choice: dict[str, Any]) -> bool:
    """Does it hold a thought?"""
    delta = choice.get("delta")
    if not isinstance(delta, dict):
        delta = choice.get("message")
    if not isinstance(delta, dict):
        return False
    if any(_words(delta[name], thoughts=True) for name in _THOUGHTS if delta.get(name)):
        return True
    content = delta.get("content")
    return isinstance(content, list) and bool(_words(content, thoughts=True))


def _words(value: object, *, thoughts: bool = False) -> str:
    """The text in a field: a string, or a list of parts, of which either the answer's or the thoughts."""
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
            if kind.startswith(_PARTS_THOUGHT) == thoughts:
                for name in ("text", "content", "thinking", "summary", "refusal"):
                    said.append(_words(part.get(name), thoughts=False))
    return "".join(said)


def _calls(delta: dict[str, Any]) -> list[Any]:
    """The functions that it calls."""
    calls = delta.get("tool_calls")
    found = [one.get("function") for one in calls if isinstance(one, dict)] if isinstance(calls, list) else []
    return [*found, delta.get("function_call")]


def _arguments(function: object) -> str:
    arguments = function.get("arguments") if isinstance(function, dict) else None
    if isinstance(arguments, str):
        return arguments
    return str(arguments) if arguments else ""


def _usage(event: dict[str, Any]) -> TokenUsage | None:
    """Counts of tokens, beside the choices; the last that come are those of the whole answer."""
    beside = event.get("x_groq")
    return TokenUsage.of(event.get("usage")) or TokenUsage.of(
        beside.get("usage") if isinstance(beside, dict) else None
    )


def _error(event: dict[str, Any]) -> object:
    """What an event says is wrong; None where it is a chunk."""
    error = event.get("error")
    if error:
        said = (error.get("message") or error) if isinstance(error, dict) else error
        return f"error: {said}" if isinstance(said, bool | int) else said
    if event.get("object") == "error" or event.get("type") == "error":
        return event.get("message") or event
    told = event.get("base_resp")  # a status beside an answer
    if isinstance(told, dict) and told.get("status_code"):
        return told.get("status_msg") or told
    if "choices" in event or not any(event.get(name) for name in _MESSAGES):
        return None
    return event if event.get("detail") or any(_is_bad(name, event.get(name)) for name in _CODES) else None


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
