"""Chunks of OpenAI's chat (or text) completions, as the services that speak so really send them."""

from __future__ import annotations

from typing import Any

from loadgen.tasks.ask.answer import Answer
from loadgen.tasks.ask.event_data import NOTHING, decoded
from loadgen.tasks.ask.event_errors import MAY_FAIL, error_in
from loadgen.tasks.ask.thoughts import is_thought, of_thoughts
from loadgen.tasks.ask.token_usage import TokenUsage
from records.cells.finish_reasons import GAVE_UP, finish_reason

DONE = b"[DONE]"
TELLTALE = b'"choices"'
"""What the data of a chunk holds, and no other event's."""
_TEXT = frozenset({"text", "content", "summary", "refusal", "value"})
"""Fields of a part of a content that hold text."""
_COMMON = {"content", "role"}
_ODD = (MAY_FAIL - {"type", "status"}) | {"usage", "finish_details", "native_finish_reason"}
"""Fields of a choice that say how its answer ends, or ended, or what it came to."""


def is_ours(payload: bytes) -> bool:
    """Is this a chunk, or the mark of the end, whatever its event is named?"""
    return TELLTALE in payload or payload.startswith(DONE)


def fold_openai(answer: Answer, payload: bytes, at_ns: int) -> str | None:
    """A chunk; ``[DONE]`` is the terminal event."""
    if not payload.startswith(b"{"):
        if payload.lstrip(b' \t"').startswith(DONE):
            answer.end(at_ns)
            return None
        if payload.startswith(b":"):
            return None  # a comment that a gateway wrapped up as data
        if payload.strip() in NOTHING:
            return None
    event = decoded(answer, payload, at_ns)
    choices = event.get("choices")
    found = choices if type(choices) is list else []
    if not found or not MAY_FAIL.isdisjoint(event):
        error = error_in(event, chunk=bool(found))
        if error is not None:
            answer.fail(error)
            return None
    text = None
    if len(found) == 1 and type(found[0]) is dict:
        text = _choice(answer, found[0], at_ns)
    elif found:  # several answers at a time: one token, of no form
        found = [one for one in found if isinstance(one, dict)]
        _choices(answer, found, at_ns)
    for choice in found:
        reason = choice.get("finish_reason")
        if reason or not _ODD.isdisjoint(choice):
            _ending(answer, choice, reason, at_ns)
    if "usage" in event:
        answer.count(TokenUsage.of(event["usage"]))
    if "x_groq" in event and isinstance(beside := event["x_groq"], dict):
        answer.count(TokenUsage.of(beside.get("usage")))
    if "finish_reason" in event and (reason := finish_reason(event["finish_reason"])):
        answer.finish(reason, at_ns)
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
        if content is None and "text" not in choice:
            return None
    if type(delta) is not dict and "message" in choice:
        if answer.tokens and not answer.in_messages:
            return None  # all that was said in deltas, once more
        answer.in_messages = True
    thinks = _thinks(choice)
    if thinks:
        answer.thought(at_ns)
    said = _text(choice)
    if said:
        text = answer.token(said, at_ns)
        return None if thinks else text
    if _calls_a_tool(choice):
        answer.called(at_ns)
    return None


def _delta(choice: dict[str, Any]) -> dict[str, Any] | None:
    delta = choice.get("delta")
    if not isinstance(delta, dict) or not (delta or "message" not in choice):
        delta = choice.get("message")
    return delta if isinstance(delta, dict) else None


def _choices(answer: Answer, choices: list[dict[str, Any]], at_ns: int) -> None:
    """Several that came in one event."""
    if any(map(_thinks, choices)):
        answer.thought(at_ns)
    said = "".join(filter(None, map(_text, choices)))
    if said:
        answer.token(said, at_ns)
    elif any(map(_calls_a_tool, choices)):
        answer.called(at_ns)


def _ending(answer: Answer, choice: dict[str, Any], reason: object, at_ns: int) -> None:
    """What a choice says beside its text: why it ends, what went wrong, how much it was."""
    if (error := error_in(choice, chunk=True)) is not None:
        answer.fail(error)
    why = finish_reason(reason) or finish_reason(choice.get("finish_details"))
    native = finish_reason(choice.get("native_finish_reason"))
    if native in GAVE_UP and native != "incomplete":  # which is what OpenAI calls a limit that was reached
        why = native
    if why:
        answer.finish(why, at_ns)
    if "usage" in choice:
        answer.count(TokenUsage.of(choice["usage"]))


def _text(choice: dict[str, Any]) -> str:
    """What of a choice is the answer's: text, a refusal, the arguments of a tool's call, speech."""
    delta = _delta(choice)
    if not delta:
        return _words(choice.get("text"))
    said = "" if is_thought(delta) else _words(delta.get("content"))
    said = said or _words(delta.get("refusal"))
    return said or "".join(map(_arguments, _calls(delta))) or _speech(delta.get("audio"))


def _thinks(choice: dict[str, Any]) -> bool:
    """Does it hold a thought?"""
    delta = _delta(choice)
    if not delta:
        return False
    for name, value in delta.items():
        if value and of_thoughts(name) and _words(value, of=None):
            return True
    content = delta.get("content")
    if is_thought(delta):
        return bool(_words(content, of=None))
    return isinstance(content, list) and bool(_words(content, of=True))


def _calls_a_tool(choice: dict[str, Any]) -> bool:
    """Does it name one? Its arguments may follow, or there may be none."""
    delta = _delta(choice)
    return delta is not None and any(isinstance(one, dict) and one.get("name") for one in _calls(delta))


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
            if of is not True:
                said.append(part)
        elif isinstance(part, dict) and (of is None or is_thought(part) == of):
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
