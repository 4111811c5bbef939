"""By which names, flags and states an event says that the answer failed, or only a step towards it.

The answer failed where the run, the model or the response did: nothing goes on after that (AG-UI's
``RUN_ERROR``, OpenAI's ``response.failed``, LangChain's ``on_llm_error`` and ``on_chain_error``, A2A's
``TASK_STATE_FAILED``). A step failed where the name says so: a tool's error is what the model reads next, and
it answers all the same (``tool_result``, ``on_tool_error``, ``tool-output-error``,
``response.mcp_call.failed``); a workflow goes on after a node that has a branch for failures (Dify's
``node_exception``), after an attempt that is made again, or a warning. Where a step's failure ends the
answer, too, an event of its own says that, or the end never comes.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from records.cells.finish_reasons import GAVE_UP

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
"""One of a name's: ``RUN_ERROR``, ``RunError``, ``run.error``, ``chat:run-error`` have the same two."""
_NO_NAME = re.compile(r"\s")
"""A sentence may end in any word, and a person or a model wrote it."""
_MOST = 80
"""Letters of a name."""
_ENDS = ("error", "exception", "failure", "failed")
"""Of a last word, which may be several in one: ``internalservererror``."""
_ENDINGS = frozenset(
    {
        *("errors", "exceptions", "failures", "errored", "fail", "crashed"),
        *("abort", "aborted", "canceled", "cancelled"),
    }
)
_DENIED = frozenset({"no", "not", "non", "without", "zero"})
"""Before the last word: ``no_error``."""
_STEPS = frozenset(
    {
        *("tool", "function", "plugin", "mcp", "step", "node"),
        *("attempt", "retry", "retrying", "retried", "warning", "log"),
    }
)
_FLAG = re.compile(
    r"(?:is|has|had|was)?(?:errors?|errored|exception|fail|failed|failure|abort|aborted|crashed|cancell?ed)"
)
"""What says so by being true: ``is_error``, ``hasErrors``, ``failed``. A number may count anything."""
_OWN_NAMES = ("type", "event", "object", "eventtype", "messagetype", "msgtype")
"""What an event is; ``kind`` is that only where none of these says it, else it may be a document's."""
_STATES = ("status", "state")
BAD_STATES = GAVE_UP - {"incomplete"}
_OF_TOOLS = frozenset({"tool", "toolname", "toolcallid", "tooluseid"})
"""Fields of an event that belongs to a tool's call, however it is named..."""
_ROLES = ("tool", "function")
"""...as does a message in such a role."""


def names_of(plain: dict[str, Any]) -> list[str]:
    """What an event says it is. ``plain``, here and below: its fields by their names in small letters and
    without the marks between words."""
    found = [name for one in _OWN_NAMES if isinstance(name := plain.get(one), str)]
    kind = plain.get("kind")
    return found or ([kind] if isinstance(kind, str) else [])


def is_named_so(plain: dict[str, Any]) -> bool:
    """Is it, by its name, an error of the answer?"""
    return any(is_failure(name) and not is_step(name) for name in names_of(plain))


def is_a_step(plain: dict[str, Any]) -> bool:
    """Is it of a step, which may fail while the answer goes on?"""
    if any(map(is_step, names_of(plain))) or plain.get("role") in _ROLES:
        return True
    return any(plain[name] for name in _OF_TOOLS & plain.keys())


def says_so(plain: dict[str, Any]) -> bool:
    """Does a flag say that it failed, or its status or state?"""
    states = [state.strip() for name in _STATES if isinstance(state := plain.get(name), str)]
    if any(state.lower() in BAD_STATES or is_failure(state) for state in states):
        return True
    return any(_FLAG.fullmatch(name) for name, value in plain.items() if value is True or value == "true")


def is_failure(name: str) -> bool:
    """Does the name, of whatever it may be, end as an error's does?"""
    return len(name) <= _MOST and _is_failure(name)


def is_step(name: str) -> bool:
    """Is it the name of what belongs to a step of an answer, not to the answer itself?"""
    return len(name) <= _MOST and _is_step(name)


def is_error_name(name: bytes) -> bool:
    """Is an event that is named so an error of the answer: ``error``, ``internalServerException``?"""
    return len(name) <= _MOST and _is_error_name(name)


# Services have a few names, and the same in each answer.
@lru_cache(maxsize=256)
def _is_failure(name: str) -> bool:
    words = _words(name)
    if not words or not _DENIED.isdisjoint(words[-2:-1]):
        return False
    return words[-1] in _ENDINGS or words[-1].endswith(_ENDS)


@lru_cache(maxsize=256)
def _is_step(name: str) -> bool:
    return not _STEPS.isdisjoint(_words(name))


@lru_cache(maxsize=256)
def _is_error_name(name: bytes) -> bool:
    text = name.decode(errors="replace")
    return is_failure(text) and not is_step(text)


def _words(name: str) -> list[str]:
    return [] if _NO_NAME.search(name) else [word.lower() for word in _WORD.findall(name)]
