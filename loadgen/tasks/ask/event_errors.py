"""How services say, in the middle of an answer, that something is wrong.

They agree on no form. An event without choices is none of the answer's: it holds counts, or something about
the request, or an error. It is taken for the last where it is named as one or a flag of it is true, where a
field is named as one and says something, where success is denied, where a code, a status, a state or a reason
is a bad one, or where it consists of a message alone, which is how gateways refuse. Of an event with choices
the same holds, but for a message, and for reasons. What a model wrote decides nothing, and no more does an
event of a step towards the answer, such as a tool's call (`error_names`).
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

import orjson

from loadgen.client.error_text import TOO_DEEP, beginning
from loadgen.tasks.ask.error_names import BAD_STATES, is_a_step, is_named_so, names_of, says_so
from records.cells.finish_reasons import finish_reason

_NAME = re.compile(
    r"(?:err|error|exception|fault|failure)"
    r"(?:s|no|msg|message|text|type|code|info|details?|string|reason|description)?|\w+exception"
)
"""Names of errors, in small letters and without the marks between words: ``ErrorMsg``, ``error_code``, and
``throttlingException`` of AWS."""
_SUCCESS = frozenset({"success", "succeeded", "issuccess", "ok"})
_CODES = frozenset({"code", "statuscode", "httpcode", "httpstatus", "status", "retcode", "resultcode"})
_WITHIN = frozenset(
    {
        *("baseresp", "response", "header", "result", "data", "xgroq"),
        *("status", "statusupdate", "event"),
    }
)
"""Objects in which some services say it: MiniMax, Tencent, iFlytek, Groq and others; A2A has its states in
two, one in the other, and Open WebUI its events in one."""
_DEEPEST = 3
"""Such objects in each other."""
_REASONS = ("finishreason", "stopreason", "donereason")
_WELL = frozenset({"", "0", "ok", "okay", "success", "succeeded", "successful", "true", "none", "null"})
_ALIVE = frozenset({"ping", "pong", "heartbeat", "keepalive", "keep-alive", "processing", "queued", "start"})
"""Messages that only keep a connection alive."""
_MESSAGES = ("message", "msg", "statusmsg", "reason", "detail", "text")
_TOLD = (*_MESSAGES, "errortext", "lasterror", "description", "data", "content", "result")
"""Where the words are of an event that is known to be an error."""
_ALONE = frozenset({"requestid", "connectionid", "traceid", "timestamp", "path", "time"})
"""What a gateway tells beside its message."""
MAY_FAIL = frozenset(
    {
        *("error", "errors", "err", "errmsg", "errcode", "error_code", "error_msg", "error_message"),
        *(
            "error_type",
            "errorCode",
            "errorMsg",
            "errorMessage",
            "ErrorMsg",
            "ErrorCode",
            "exception",
            "fault",
        ),
        *("base_resp", "type", "code", "status_code", "statusCode", "status", "success", "x_groq"),
        *("event", "kind", "state", "is_error", "isError", "has_error", "hasError", "errored"),
        *("failed", "is_failed", "isFailed", "aborted", "cancelled"),
    }
)
"""Fields of an event, or a choice, with choices that may say so; with fewer it is not looked into."""


def error_in(event: dict[str, Any], *, chunk: bool = False) -> object:
    """What an event says is wrong; None where it is a chunk or harmless. ``chunk``: it has choices."""
    said = _error_in(event, chunk=chunk)
    return _in_words(said) if isinstance(said, list) else said


def _error_in(event: dict[str, Any], *, chunk: bool) -> object:
    plain = {_plain(name): value for name, value in event.items()}
    said = _said_in(plain, event, _DEEPEST)
    if said is not None or chunk or is_a_step(plain):
        return said
    said = _bad_reason(plain)
    if said is not None:
        return said
    # Details of an event that has a name are of what it is; RFC 9457 names a problem by a URI.
    alone = plain.get("detail") and all(":" in name for name in names_of(plain))
    return event if alone or _is_refusal(plain) else None


def _said_in(plain: dict[str, Any], event: dict[str, Any], deepest: int) -> object:
    """What an object or one in it, so many deep, says of an error, but by a message alone, or by a reason."""
    named = is_named_so(plain)
    if not named and is_a_step(plain):
        return None
    said = error_said(event.get("error"))
    if said is None and deepest:
        said = _said_within(plain, deepest - 1)
    if said is not None:
        return said
    if named or says_so(plain):
        return _told(plain) or plain.get("message") or event
    return _stated(plain, event)


def _said_within(plain: dict[str, Any], deepest: int) -> object:
    """What the objects in one say, the first that says something."""
    for name in _WITHIN & plain.keys():
        if isinstance(inner := plain[name], dict):
            within = {_plain(name): value for name, value in inner.items()}
            said = _said_in(within, inner, deepest)
            if said is not None:
                return (_told(within) or said) if said is inner else said
    return None


def _bad_reason(plain: dict[str, Any]) -> str | None:
    """Why the model stopped, where it gave up."""
    for name in _REASONS:
        reason = finish_reason(plain.get(name))
        if reason in BAD_STATES:
            told = _told(plain)
            return told if told else f"finish_reason is {reason}"
    return None


def _told(plain: dict[str, Any]) -> str | None:
    """The words of an error, where they are: a text, or one in an object."""
    for name in _TOLD:
        value = plain.get(name)
        if isinstance(value, dict):
            within = {_plain(name): value for name, value in value.items()}
            value = _message(within) or _of_parts(within.get("parts"))
        if isinstance(value, str) and value:
            return value
    return None


def _of_parts(parts: object) -> str:
    """The text of a message of A2A."""
    found = [part.get("text") for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
    return "".join(text for text in found if isinstance(text, str))


def error_said(error: object) -> object:
    """What a field ``error`` says; None where it says nothing, in whatever form."""
    if not error or not _is_bad(error):
        return None
    said = (error.get("message") or error) if isinstance(error, dict) else error
    return f"error: {said}" if isinstance(said, bool | int) else said


def error_of_body(body: str) -> str | None:
    """What a body that is no stream of events says is wrong, as JSON or in a line that is JSON; None where it
    says nothing of the kind. A message alone may be an answer here, which was not streamed."""
    for text in (body, *body.replace("\r", "\n").split("\n")):
        if not text.lstrip().startswith(("{", "[")):
            continue
        with suppress(orjson.JSONDecodeError):
            event = orjson.loads(text)
            said = error_of_list(event) if isinstance(event, list) else _error_alone(event)
            if said:
                return _in_words(said)
    return None


def error_of_list(events: list[Any]) -> str | None:
    """What the objects in a list say is wrong, as Gemini sends one; None where they say nothing."""
    found = [_error_alone(one) for one in events if isinstance(one, dict)]
    return _in_words([said for said in found if said]) or None


def error_message(payload: bytes) -> str:
    """What an event named ``error`` says: its ``error.message``, ``error``, ``errors``, ``message``, or all
    of it; of a list, each of its errors."""
    try:
        event = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return beginning(payload)
    said = map(_named_error, event) if isinstance(event, list) else [_named_error(event)]
    return "; ".join(filter(None, said)) or beginning(payload)


def _named_error(event: object) -> str:
    error = event.get("error", event.get("errors", event)) if isinstance(event, dict) else event
    said = error.get("message") if isinstance(error, dict) else error
    return _in_words(said) if said else ""


def _error_alone(event: dict[str, Any]) -> object:
    """What is wrong by an object that came in no event."""
    said = error_in(event, chunk=True)
    return event["detail"] if said is None and event.keys() == {"detail"} else said


def _in_words(said: object) -> str:
    return "; ".join(map(_one_in_words, said if isinstance(said, list) else [said]))


def _one_in_words(said: object) -> str:
    if isinstance(said, dict):
        message = _message({_plain(name): value for name, value in said.items()})
        said = message if isinstance(message, str) else said
    try:
        return said if isinstance(said, str) else orjson.dumps(said).decode()
    except orjson.JSONEncodeError:  # it reads what is nested deeper than it writes
        return TOO_DEEP


def _stated(plain: dict[str, Any], event: dict[str, Any]) -> object:
    """What one of its own fields says is wrong, in its words where they are the only ones."""
    bad = [value for name, value in plain.items() if value and _NAME.fullmatch(name) and _is_bad(value)]
    if bad:
        (first, *more) = bad
        if isinstance(first, str | list) and not more:
            return first
        said = first.get("message") if isinstance(first, dict) else None
        return said or event
    if any(value is False or _word(value) == "false" for name, value in plain.items() if name in _SUCCESS):
        return event
    told = _message(plain)
    failed = any(_is_bad_code(name, plain[name], told=bool(told)) for name in _CODES & plain.keys())
    return event if failed else None


def _is_refusal(plain: dict[str, Any]) -> bool:
    """Is it a message and nothing else, as a gateway has it instead of an answer?"""
    said = plain.get("message") or plain.get("msg")
    if not isinstance(said, str) or not plain.keys() <= _ALONE | {"message", "msg"}:
        return False
    return _word(said) not in _WELL | _ALIVE


def _message(plain: dict[str, Any]) -> object:
    return next((plain[name] for name in _MESSAGES if plain.get(name)), None)


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


def _word(value: object) -> str:
    return str(value).strip().lower() if isinstance(value, str | int | float) else ""


def _is_bad(value: object) -> bool:
    """Does the value of an error's field say that there is one?"""
    if isinstance(value, dict):
        return any(inner and (isinstance(inner, dict | list) or _is_bad(inner)) for inner in value.values())
    if isinstance(value, list):
        return any(value)
    if isinstance(value, bool):
        return value
    number = _number(value)
    return not _is_well(number) if number is not None else _word(value) not in _WELL


def _is_bad_code(name: str, code: object, *, told: bool) -> bool:
    """Is this the code of an error? ``told``: a message stands beside it, without which only a status of
    HTTP, or more, is plain enough. A small number is the state of an answer where it is called a status."""
    if code is None or isinstance(code, bool | dict | list):
        return False
    number = _number(code)
    if number is not None:
        return number >= 400 or (told and name != "status" and not _is_well(number))
    return told and name != "status" and _word(code) not in _WELL


def _number(value: object) -> int | None:
    word = _word(value)
    return int(word) if re.fullmatch(r"-?\d{1,18}", word) else None


def _is_well(number: int) -> bool:
    return number == 0 or 200 <= number < 400
