"""FastAPI's refusals: which fields of the body they are for, whatever they repeat of the request."""

import json
from typing import Any

import pytest

from loadgen.client.field_errors import field_errors

SENT = {"query": "how?", "stream": True}


def body(*errors: tuple[str, list[Any]]) -> str:
    return json.dumps({"detail": [{"type": t, "loc": at, "msg": "m", "input": SENT} for t, at in errors]})


EXTRA, MISSING = ("extra_forbidden", ["body", "query"]), ("missing", ["body", "question"])


@pytest.mark.parametrize(("said", "names"), [
    (body(MISSING, EXTRA, ("extra_forbidden", ["body", "stream"])), "refuses query, stream; misses question"),
    (body(("value_error.extra", ["body", "a", "b"]), ("value_error.missing", ["body", "c"])),
     "refuses a.b; misses c"),
    (body(("missing", ["body", "messages", 0, "role"])), "misses messages.role"),
    (body(("missing", ["body", "ChatRequest", "query"]), ("missing", ["body", "Other", "prompt"])),
     "misses query, prompt"),  # a union's members
    (body(("missing", ["body", "messages", 0, "ChatUser", "content"])), "misses messages.content"),
    (body(("missing", ["header", "x-key"]), ("int_parsing", ["body", "n"])), "None"),
    (body(MISSING, ("int_parsing", ["body", "user"]), ("missing", ["header", "x-k"]), ("missing", ["body"])),
     "misses question; user: int_parsing, header.x-k: missing, body: missing"),
    (body(MISSING, ("missing", ["body", "größe"]), EXTRA), "refuses query; misses question, and more"),
    (body(MISSING, ("missing", ["body", "$schema"])), "misses question, and more"),
    (body(MISSING, ("\x1b[2J", ["body", "n"]), ("x", [])), "misses question, and more"),
    (body(MISSING)[:-2] + ',{"type":["missing"],"loc":["body","n"]}]}', "misses question, and more"),
    (body(MISSING)[:-2] + ',{"type":"missing","loc":["body",{"n":1}]}]}', "misses question, and more"),
    (body(("missing", ["body"])), "None"), ('{"detail":"no"}', "None"), ("", "None"), ("[1]", "None"),
    ('{"detail":[3,null,' + body(EXTRA)[12:], "refuses query, and more"),
    ('{"detail":[' + "[" * 9000, "None"),
])  # fmt: skip
def test_the_fields_are_named(said: str, names: str) -> None:
    assert str(field_errors(said)) == names


def test_what_ends_in_its_midst_names_those_before() -> None:
    whole = body(MISSING, EXTRA)
    assert str(field_errors(whole[:-20])) == "misses question, and more"
    assert str(field_errors(body(*[EXTRA] * 300))) == "refuses query, and more"
