"""What a request is told that gets no answer: FastAPI's `detail`, or OpenAI's `error`. No I/O."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

Refusal = Callable[[int, str | ValidationError], dict[str, Any]]
"""The JSON body for a status and what was wrong."""

_CODES = {413: "request_too_large", 422: "invalid_request", 502: "answer_failed", 503: "overloaded"}


def plain_refusal(status: int, problem: str | ValidationError) -> dict[str, Any]:
    """What FastAPI would answer."""
    return {"detail": problem if isinstance(problem, str) else _problems(problem)}


def chat_refusal(status: int, problem: str | ValidationError) -> dict[str, Any]:
    """An error as OpenAI's clients read it."""
    message, parameter = problem, None
    if isinstance(problem, ValidationError):
        problems = _problems(problem)
        message = "; ".join(f"{_path(each)}: {each['msg']}" for each in problems)
        parameter = _path(problems[0])
    kind = "server_error" if status >= 500 else "invalid_request_error"
    return {"error": {"message": message, "type": kind, "param": parameter, "code": _CODES[status]}}


def _problems(error: ValidationError) -> list[dict[str, Any]]:
    """Without the input, which may be megabytes."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return [{**problem, "loc": ["body", *problem["loc"]]} for problem in found]


def _path(problem: dict[str, Any]) -> str:
    """`messages.0.content`; `body` where it is the whole that is wrong."""
    return ".".join(str(part) for part in problem["loc"][1:]) or "body"
