"""Requests that fail, hang or bring nothing are seen."""

import dataclasses
import re
from collections.abc import Callable

import pytest

from records.cells.cell import Window
from records.cells.request import RequestRecord
from workloads.checks import answers
from workloads.checks.facts import Facts
from workloads.checks.too_short import too_short

Record = Callable[..., RequestRecord]
Make = Callable[..., Facts]
BackToBack = Callable[[int, int], list[RequestRecord]]
WINDOW = Window(start_ns=0, end_ns=1_000_000_000)


def test_no_good_answer_fails_whatever_the_share(record: Record, facts: Make) -> None:
    for requests in ([], [record(outcome="http_error")]):
        assert answers.failures(facts(requests)).status == "fail"
    few = [*(record(seq=n) for n in range(99)), record(outcome="timeout")]
    assert answers.failures(facts(few)).status == "pass"


def test_where_only_the_warm_up_was_answered_the_load_was_too_short_not_the_service_bad(
    record: Record, facts: Make
) -> None:
    warm = [record(seq=n, flags=["warmup"], ended_at_ns=5 * 10**9 * (n + 1)) for n in range(2)]
    left = record(seq=2, flags=["warmup"], outcome="aborted")
    known = facts([*warm, left], window=None, users=1)
    found = too_short(known)
    assert found is not None
    assert found.status == "fail"
    assert found.advice == "give it more time: -t 90s (sweep: --max-seconds 80)"  # ten of 7.5 s, after 10 s
    assert answers.failures(known).status == "n/a"
    for others in ([record()], [*warm, record(seq=3, flags=["warmup"], outcome="timeout")], [left]):
        assert too_short(facts(others, users=1)) is None
    assert answers.failures(facts([left], window=None, users=1)).status == "fail"


@pytest.mark.parametrize(("users", "advice"), [
    (1, "give it more time: -t 120s (sweep: --max-seconds 120)"),
    (4, "give it more time: -t 120s (sweep: --max-seconds 120), or ask with fewer users"),
])  # fmt: skip
def test_more_time_is_a_number_by_the_longest_wait_and_one_user_cannot_be_fewer(
    users: int, advice: str, record: Record, facts: Make
) -> None:
    hung = record(flags=["warmup"], outcome="aborted", ended_at_ns=12 * 10**9)
    assert answers.failures(facts([hung], window=None, users=users)).advice == advice


def test_an_empty_answer_is_no_good_answer_and_thoughts_alone_are_one_and_are_told(
    record: Record, facts: Make
) -> None:
    full, empty, thought = record(first_token_at_ns=5), record(seq=1), record(first_generated_at_ns=3)
    for requests, status in (
        ([], "n/a"), ([full], "pass"), ([full, empty], "fail"), ([full, thought], "pass"),
        ([thought, empty], "fail"),
    ):  # fmt: skip
        assert answers.tokens(facts(requests)).status == status
    found = answers.thoughts_only(facts([full, thought]))
    assert (found.status, found.figure) == ("n/a", 1)
    assert found.text == "1 of 2 good answers held thoughts only, and have no TTFT"
    assert answers.thoughts_only(facts([full])).status == "pass"


def test_ends_for_reasons_that_are_not_known_are_told(record: Record, facts: Make) -> None:
    good = [record(finish_reason=reason) for reason in ("stop", "stop", "length", "who_knows", "who_knows")]
    assert answers.failures(facts(good)).status == "pass"
    found = answers.finish_reason(facts(good))
    assert (found.status, found.figure) == ("n/a", 2)
    assert found.text == "2 of 5 good answers ended for a reason that is not known: who_knows"
    assert answers.finish_reason(facts(good[:3])).status == "pass"


def test_ends_without_a_reason_are_told_where_others_have_one(record: Record, facts: Make) -> None:
    stopped = [record(finish_reason="stop") for _ in range(19)]
    for plain in (stopped, [record()] * 3):  # the latter of a service that gives none
        found = answers.finish_reason(facts(plain))
        assert (found.status, found.figure) == ("pass", 0)
        assert "broken off" not in found.text
    few = answers.finish_reason(facts([*stopped, record()]))
    assert (few.status, few.figure) == ("pass", 1)
    assert "1 ended without a finish_reason" in few.text
    assert answers.finish_reason(facts([*stopped, record(), record()])).status == "n/a"


def test_one_answer_without_documents_fails_where_they_were_asked_for(record: Record, facts: Make) -> None:
    records = [record(), record(seq=1, documents=0)]
    assert answers.retrieval(facts(records, documents=True)).status == "fail"
    assert answers.retrieval(facts(records, documents=False)).status == "n/a"
    assert answers.retrieval(facts(records[:1], documents=True)).status == "pass"


def test_requests_that_hang_fail_the_cell_though_nothing_else_counts_them(
    record: Record, back_to_back: BackToBack, facts: Make
) -> None:
    good = back_to_back(50, 20_000_000)
    hung = [record(sent_at_ns=0, ended_at_ns=4_000_000_000, outcome="aborted") for _ in range(3)]
    assert answers.unanswered(facts(good, window=WINDOW)).status == "pass"
    assert answers.unanswered(facts(good, window=None)).status == "n/a"
    found = answers.unanswered(facts([*good, *hung], window=WINDOW))
    assert (found.status, found.figure) == ("fail", pytest.approx(12 / 13, abs=0.001))
    gone = [dataclasses.replace(one, outcome="dropped") for one in hung]
    assert answers.unanswered(facts([*good, *gone], window=WINDOW)).status == "pass"


def test_many_requests_sent_twice_fail_the_cell(record: Record, facts: Make) -> None:
    assert answers.retried(facts([*[record()] * 19, record(flags=["retried"])])).status == "pass"
    assert answers.retried(facts([*[record()] * 9, record(flags=["retried"])])).status == "fail"


SENT = ("model", "stream", "stream_options", "stream_options.include_usage", "top_k2")


@pytest.mark.parametrize(("error", "field"), [
    ('HTTP 400 {"error":{"message":"Unknown parameter: \'stream_options\'."', "stream_options"),
    ("HTTP 400 Unrecognized request argument supplied: stream_options", "stream_options"),
    ("HTTP 422 {'type': 'extra_forbidden', 'loc': ('body', 'stream_options')", "stream_options"),
    ('HTTP 400 json: unknown field "stream_options"', "stream_options"),
    ("HTTP 400 property 'stream_options' is unsupported", "stream_options"),
    ("HTTP 400 Unknown parameter: 'stream_options.include_usage'", "stream_options.include_usage"),
    ("HTTP 400 This model does not support stream_options", "stream_options"),
    ("HTTP 400 extra fields not permitted: top_kN", "top_k2"),
    ("HTTP 400 Unknown parameter: 'stream'", "stream"), ("HTTP 404 The model is not supported", None),
    ("HTTP 400 stream_options can only be set along with stream", None),
    ("HTTP 503 stream_options is not supported", None), ("HTTP 400 my_stream_options is not supported", None),
])  # fmt: skip
def test_a_refused_field_is_named_with_the_option_that_leaves_it_out(
    record: Record, error: str, field: str | None, facts: Make
) -> None:
    refused = record(outcome="http_error", error=error)
    text = answers.failures(facts([refused], fields=SENT)).text
    assert (f"--drop-field {field} (sweep" in text) if field else ("--drop-field" not in text)


ASKED = ("query", "llm_model", "stream_options", "stream_options.include_usage")


@pytest.mark.parametrize(("error", "moved", "advice"), [
    ("refuses query, llm_model; misses question",
     "query", "--drop-field query --drop-field llm_model --field 'question={question}' (sweep: after --)"),
    ("refuses query; misses top_k, question", "query",
     "--drop-field query --field top_k=VALUE --field 'question={question}' (sweep: after --)"),
    ("refuses query; misses a, b.c", "query", "--drop-field query --field a=VALUE --field b=VALUE (sweep: "
     "after --), where a VALUE may be '{question}', if the question belongs there"),
    ("misses top_k", "query",
     "with --field top_k=VALUE (sweep: after --), where the VALUE may be '{question}'"),
    ("misses frage, top_k", "", "where a VALUE may be '{question}'"),
    ("misses text", "", "with --field 'text={question}' (sweep: after --)"),
    ("misses question; user: int_parsing", "query", "with --field 'question={question}' (sweep: after --)"),
    ("misses prompt, top_k, question", "query",
     "with --field prompt=VALUE --field top_k=VALUE --field 'question={question}' (sweep: after --)"),
    ("misses messages", "query", """--field 'messages=[{"role": "user", "content": "{question}"}]' (sweep"""),
    ("refuses stream_options.include_usage", "query", "with --drop-field stream_options.include_usage ("),
    ("refuses stream_options, stream_options.include_usage", "query", "with --drop-field stream_options ("),
    ("refuses query", "query", "with --drop-field query --field 'NAME={question}' (sweep: after --)"),
    ("refuses query, llm_model, and more", "", "it names more than these"),
    ("refuses theirs", "query", "the service does not take such a request"),
])  # fmt: skip
def test_all_fields_that_are_refused_or_missed_are_named_at_once_with_their_options(
    record: Record, error: str, moved: str, advice: str, facts: Make
) -> None:
    refused = record(outcome="http_error", error=f"HTTP 422 {error}")
    found = answers.failures(facts([refused], fields=ASKED, question_field=moved))
    assert f"(1 times: HTTP 422 {error}); " in found.text
    assert advice in found.advice


def test_a_value_is_not_said_to_be_the_question_where_that_has_a_place(record: Record, facts: Make) -> None:
    refused = record(outcome="http_error", error="HTTP 422 refuses llm_model; misses top_k")
    advice = answers.failures(facts([refused], fields=ASKED, question_field="query")).advice
    assert advice.endswith("--drop-field llm_model --field top_k=VALUE (sweep: after --)")


@pytest.mark.parametrize(("error", "own", "said", "options"), [
    ("misses messages.role", "messages", "messages.role belongs within a field that is sent", []),
    ("misses messages.role", "", "docs/your-service.md", []),  # they are the user's own
    ("misses messages.role, top_k", "messages", "messages.role belongs", ["top_k=VALUE"]),
    ("misses messages", "messages", "messages is sent in JSON, and missed all the same", []),
])  # fmt: skip
def test_what_is_missed_in_a_field_that_is_sent_does_not_overwrite_it(
    record: Record, error: str, own: str, said: str, options: list[str], facts: Make
) -> None:
    refused = record(outcome="http_error", error=f"HTTP 422 {error}")
    found = answers.failures(facts([refused], fields=("messages", "model"), question_field=own))
    assert said in found.advice
    assert re.findall(r"--field (\S+)", found.advice) == options


def test_failures_whose_texts_repeat_their_questions_are_of_one_kind(record: Record, facts: Make) -> None:
    errors = [f"HTTP 422 no such question: {n}" for n in range(9)] + ["HTTP 500 no"] * 2
    failed = [record(seq=n, outcome="http_error", error=error) for n, error in enumerate(errors)]
    assert "(9 times: HTTP 422 no such question: 0)" in answers.failures(facts(failed)).text


def test_a_refused_field_of_the_question_is_put_elsewhere(record: Record, facts: Make) -> None:
    error = 'HTTP 422 {"detail":[{"type":"extra_forbidden","loc":["body","query"]}]}'
    refused = facts([record(outcome="http_error", error=error)], fields=("query",), question_field="query")
    assert "--field 'NAME={question}' --drop-field query (sweep: after --)" in answers.failures(refused).text
