"""What to do about requests that failed: by the outcome, of refusals by the status and their text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from records.cells.refused_fields import RefusedFields
from records.cells.request import COMPRESSED, NOT_HTTP, UNASKED, WITH_ERROR

OF_OUTCOMES: dict[str, str] = {
    "connect_error": "is the service up, and is its address right (sweep: --deployment; locust: -H)?",
    "http_error": "look into the service's log for why it refuses",
    "timeout": "ask with fewer users, or give more time: --request-timeout (sweep: -- --request-timeout)",
    "truncated": "look for what ends answers early: the service's log, the time limits of a proxy before it",
    "stream_error": "the service itself says so within its answer: look into its log",
}
"""By the outcome, where nothing more is known."""
_BOTH = "--dialect openai or --dialect ask"
_OTHER_API = f"try another dialect, {_BOTH}, or another --path (sweep: after --)"
_REQUEST = (
    "the service does not take such a request: see its text, and fit what is sent (sweep: after --) with "
    "--dialect, --llm-model, --field ('NAME={question}' where the question belongs) or --max-tokens"
)
_NO_ANSWER = "what the gateway asks did not answer it: look whether it is up, and into its log"
OF_STATUSES: dict[int, str] = {
    400: _REQUEST,
    404: f"nothing is at that path: {_OTHER_API}",
    405: f"that path takes no POST: {_OTHER_API}",
    406: f"it cannot answer with a stream there: {_OTHER_API}",
    407: "the proxy wants a user and a password: give them in the proxy's URL (HTTPS_PROXY, HTTP_PROXY)",
    408: "the service, or a proxy before it, waited no longer for a request on a connection that lay idle: "
    "raise its keep-alive time",
    413: "the questions are too long for it: give others with --questions (sweep: -- --questions)",
    415: _REQUEST,
    422: _REQUEST,
    429: "the service allows no more requests: ask with fewer users (-u; sweep: --concurrency) or at a lower "
    "rate (--rate; sweep: --grid rate=), or have its limit raised",
    500: "the service itself failed: look into its log",
    502: _NO_ANSWER,
    503: "the service is overloaded, or not ready yet: ask with fewer users (-u; sweep: --concurrency), or "
    "wait until it is ready",
    504: f"{_NO_ANSWER}, or ask with fewer users (-u; sweep: --concurrency)",
}
"""By the status, where nothing more is known; 401, 403, redirects and models are told apart below."""
_NO_EVENTS = f"what came is no stream of events: {_OTHER_API}"
_JSON = f"what came is JSON and no stream of events, and only streamed answers can be measured: {_OTHER_API}"
_IS_JSON = re.compile(r"HTTP 2\d\d without events \((?:[^)]*\bjson|[^)]*\) *[{\[])", re.IGNORECASE)
_PAGE = (
    "what came is a page for browsers and no stream of events: look into the log of the proxy or web server "
    f"that sends it, or {_OTHER_API}"
)
_IS_PAGE = re.compile(r"HTTP 2\d\d without events \([^)]*\) *<(?:!doctype )?html\b", re.IGNORECASE)
_NOT_STREAMED = "the service did not stream: {}; only streamed answers can be measured"
_COMPLETION = re.compile(r'"object"\s*:\s*"(?:chat\.|text_)completion"|"choices"\s*:\s*\[')
"""In an answer of OpenAI's API that came as a whole."""
_REDIRECTED = "redirects are not followed: give the address that it names (locust: -H; sweep: --deployment)"
_ELSEWHERE = (
    "the service refuses the field of the question: put it where the service has it, "
    "--field 'NAME={{question}}' {} (sweep: after --)"
)
_MODEL = (
    "name a model that the service has: --llm-model (sweep: -- --llm-model); many list theirs at /v1/models"
)
_UNREAD = re.compile(rf"an event is not |{COMPRESSED}")
"""What a service sends so, it does not say."""
_SEE_IT = (
    "see what it sends (curl -N), and what in between may change it; or ask in the dialect that it speaks: "
    f"{_BOTH} (sweep: after --)"
)
_LEFT_OVER = (
    "more came than an answer's Content-Length or last chunk says, or a second answer: see what the service, "
    "or a proxy before it, sends after an answer's end (its log, tcpdump -A); it can pass for the next answer"
)
_OTHER_PROTOCOL = (
    "what listens there does not answer in HTTP/1.1: see that its address, its port and http or https are "
    "right"
)
_NOW_AND_THEN = (
    "others were answered with a stream of events, and these not: look into the service's log for why; a "
    "second answer to one request passes for that to the next, too (tcpdump -A shows it)"
)
_OF_A_QUESTION = ("question", "query", "q", "messages", "message", "input", "text", "prompt")
"""How services call the field of a question, the surest name first."""
_AS_MESSAGES = '[{"role": "user", "content": "{question}"}]'
_WITHIN = (
    "{} belongs within a field that is sent: write that field whole, '{{question}}' in it where the question "
    'belongs (see "Where the question goes" in docs/your-service.md)'
)
_SENT = "{} is sent in JSON, and missed all the same: see in what form the service takes it"
_STATUS = re.compile(r"HTTP (\d{3})\b")
_NO_MODEL = re.compile(
    r"model\b.{0,80}\b(?:not (?:found|exist|available|known)|does not exist|doesn't exist|unknown)"
    r"|(?:unknown|no such|invalid|unsupported) model|model_not_found|model not",
    re.IGNORECASE,
)
_REFUSED_FIELD = re.compile(
    r"un(?:known|recogni[sz]ed|supported|expected|permitted)|extra|forbidden|additional propert|no such"
    r"|not (?:permitted|supported|allowed|accepted)"
    r"|(?:doesn't|does not|can't|cannot|can not) (?:support|accept|find)",
    re.IGNORECASE,
)
_KEY_HEADERS = re.compile(r"authorization|(?:^|[-_])(?:api-?key|auth|key|token)$", re.IGNORECASE)


def failure_advice(
    outcome: str,
    error: str,
    *,
    fields: Sequence[str] = (),
    headers: Iterable[str] = (),
    dialect: str = "",
    question_field: str = "",
    some_good: bool = False,
) -> str:
    """``fields``, ``headers``: the names of those that were sent; ``dialect``: that was spoken, if known, and
    its ``question_field``; ``some_good``: other requests had a good answer."""
    advice = _advice(outcome, error, fields, headers, question_field)
    if some_good and advice in (_NO_EVENTS, _JSON, _PAGE):
        return _NOW_AND_THEN
    other = {"ask": "openai", "openai": "ask"}.get(dialect)
    return advice.replace(_BOTH, f"--dialect {other}") if other else advice


def _advice(
    outcome: str, error: str, fields: Sequence[str], headers: Iterable[str], question_field: str
) -> str:
    found = _STATUS.match(error)
    if found is None:
        if outcome == "stream_error" and _UNREAD.match(error):
            return _SEE_IT
        if outcome == "stream_error":
            return _of_its_own(error)
        if error.startswith(UNASKED):
            return _LEFT_OVER
        return _OTHER_PROTOCOL if error.startswith(NOT_HTTP) else OF_OUTCOMES[outcome]
    status = int(found[1])
    if named := RefusedFields.read(error):
        return _of_fields(named, fields, question_field)
    if refused := refused_field(error, fields):
        drop = f"--drop-field {refused}"
        if refused == question_field:
            return _ELSEWHERE.format(drop)
        return f"the service refuses a field of the request: leave it out with {drop} (sweep: -- {drop})"
    if status in (401, 403):
        return _of_a_key(status, headers)
    if 400 <= status < 500 and _NO_MODEL.search(error):
        return _MODEL
    if 200 <= status < 300 and WITH_ERROR in error:
        return _of_its_own(error)
    if 200 <= status < 300:
        if _COMPLETION.search(error):
            return _not_streamed(fields)
        if _IS_PAGE.match(error):
            return _PAGE
        return _JSON if _IS_JSON.match(error) else _NO_EVENTS
    if 300 <= status < 400:
        return _REDIRECTED
    return OF_STATUSES.get(status) or OF_STATUSES[500 if status >= 500 else 400]


def _of_its_own(error: str) -> str:
    """Of an error that the service says within a good status."""
    return _MODEL if _NO_MODEL.search(error) else OF_OUTCOMES["stream_error"]


def _of_fields(named: RefusedFields, fields: Sequence[str], question_field: str) -> str:
    """All that there is to do about them, in options that go into one command line, and without options about
    what is missed of a field that is sent: an option would overwrite it, and the question with it."""
    sent = [name for name in named.refused if name in fields]
    drop = [name for name in sent if "." not in name or _outer(name) not in sent]
    twice = [name for name in named.missed if name in fields]
    within = [name for name in named.missed if name not in fields and _outer(name) in fields]
    give = list(dict.fromkeys(_outer(name) for name in named.missed if _outer(name) not in fields))
    said = [_options(drop, give, question_field)] if drop or give else []
    said += [_WITHIN.format(", ".join(within))] if within else []
    said += [_SENT.format(", ".join(twice))] if twice else []
    if said and named.more:
        said.append("it names more than these: see its answer (curl)")
    return "; ".join(said) or _REQUEST


def _outer(name: str) -> str:
    return name.partition(".")[0]


def _options(drop: Sequence[str], give: Sequence[str], question_field: str) -> str:
    """Where the service ignores fields that it does not know, it may miss the question and refuse nothing."""
    moved = bool(question_field) and question_field in drop
    place = next((name for name in _OF_A_QUESTION if name in give), "")
    if moved and len(give) == 1:
        place = give[0]
    options = [f"--drop-field {name}" for name in drop]
    for name in give:
        value = _AS_MESSAGES if name == "messages" else "{question}"
        options.append(f"--field '{name}={value}'" if name == place else f"--field {name}=VALUE")
    if moved and not give:
        options.append("--field 'NAME={question}'")
    # One that refuses others takes the question's own field, for it does not refuse that.
    lost = bool(give) and not place and (moved or not question_field or not drop)
    article = "the" if len(give) == 1 else "a"
    where = f", where {article} VALUE may be '{{question}}', if the question belongs there" if lost else ""
    return f"fit what is sent to its fields with {' '.join(options)} (sweep: after --){where}"


def told(error: str) -> str:
    """An error without what says nothing of it: a whole answer, of which the advice says what it is."""
    found = _STATUS.match(error)
    whole = _COMPLETION.search(error) if found and found[1].startswith("2") else None
    return error if whole is None else error.partition("{")[0].rstrip()


def _not_streamed(fields: Sequence[str]) -> str:
    asked = "it ignored stream=true" if "stream" in fields else "nor was it asked to, by the field stream"
    return _NOT_STREAMED.format(asked)


def _of_a_key(status: int, headers: Iterable[str]) -> str:
    """Was a key sent, and in which header?"""
    carried = [name for name in headers if _KEY_HEADERS.search(name)]
    other = "--key-header x-api-key, if it wants the key in that header; TARGET_HEADERS, if it wants several"
    if not carried:
        return f"no key was sent: set TARGET_API_KEY in the environment; add {other}"
    may = " and may do this" if status == 403 else ""
    return (
        f"the key in {' and '.join(carried)} was refused: see that TARGET_API_KEY is right{may}; add {other}"
    )


def refused_field(error: str, fields: Sequence[str]) -> str | None:
    """The one of ``fields`` that a service refuses by this error's text, the innermost that it names.

    A name that is a word of English, too, counts in quotation marks alone."""
    if not re.match(r"HTTP 4\d\d\b", error) or not _REFUSED_FIELD.search(error):
        return None
    for name in sorted(fields, key=len, reverse=True):
        # numbers are N in an error that is counted with its like, but for those that say something
        said = "".join(rf"(?:{p}|N)" if p.isdigit() else re.escape(p) for p in re.split(r"(\d+)", name))
        quotes = ("", "") if re.search("[_.]", name) else ("[\"'`\u2018\u201c]", "[\"'`\u2019\u201d]")
        if re.search(rf"(?<![\w.]){quotes[0]}{said}{quotes[1]}(?!\w|\.\w)", error):
            return name
    return None
