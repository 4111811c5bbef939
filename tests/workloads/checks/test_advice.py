"""A check that fails says what to do about it, by options that there are."""

import argparse
import dataclasses
import inspect
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from loadgen.adapter.parser import add_arguments
from loadgen.engine.options import LoadOptions
from loadgen.tasks.ask.options import AskOptions
from records.cells.cell import Check, Window
from records.cells.flags import CUT_EVENT
from records.cells.load_worker import LoadWorker
from records.cells.request import COMPRESSED, OUTCOMES, RequestRecord
from records.evidence.noise import Noise
from workloads.checks import answers, streams
from workloads.checks.advice import advised, agreed, in_one_line
from workloads.checks.buffering import buffering
from workloads.checks.facts import Apart, Facts, Judge
from workloads.checks.failure_advice import OF_OUTCOMES, OF_STATUSES, failure_advice
from workloads.checks.generator_advice import TOO_LITTLE, relief

MS = 1_000_000
WINDOW = Window(start_ns=0, end_ns=100_000 * MS)
JUDGES: dict[str, Judge] = {
    "failures": answers.failures, "tokens": answers.tokens, "retrieval": answers.retrieval,
    "unanswered": answers.unanswered, "retried": answers.retried, "clock_order": streams.clock_order,
    "compressed": streams.compressed, "stage_times": streams.stage_times, "buffering": buffering,
    "cached": streams.cached,
}  # fmt: skip


def _judged(name: str, requests: Sequence[RequestRecord], headers: tuple[str, ...] = ()) -> Check:
    check = JUDGES[name](Facts(requests=requests, window=WINDOW, documents=True, headers=headers))
    assert check is not None
    return check


def _answers(count: int = 40, **changes: object) -> list[RequestRecord]:
    """Good answers of 30 ms, each sent 100 ms after the one before."""
    made = []
    for sent in range(0, count * 100 * MS, 100 * MS):
        record = RequestRecord(
            run="r", cell="c", worker="w", region="", user=0, seq=sent, sent_at_ns=sent,
            headers_at_ns=sent + 2 * MS, first_event_at_ns=sent + 3 * MS, first_token_at_ns=sent + 10 * MS,
            last_token_at_ns=sent + 30 * MS, ended_at_ns=sent + 30 * MS, outcome="ok", tokens=9,
            gaps_us=[2_500] * 8, documents=5, question=f"q{sent}",
            stages={"llm": {"queued_ms": 0.0, "running_ms": 8.0}},
        )  # fmt: skip
        made.append(dataclasses.replace(record, **changes))  # type: ignore[arg-type]
    return made


def _cached() -> list[RequestRecord]:
    """A quarter of the questions are asked again, at once, and answered in a tenth of the time."""
    made = _answers(100)
    for n in range(3, 100, 4):
        first = made[n].sent_at_ns + MS
        made[n] = dataclasses.replace(made[n], first_token_at_ns=first, question=made[n - 1].question)
    return made


def _held_back() -> list[RequestRecord]:
    return _answers(gaps_us=[0] * 8, flags=[CUT_EVENT])


FAILING: dict[str, Callable[[], list[RequestRecord]]] = {
    "failures": lambda: _answers(outcome="timeout", error="no end within 60 s"),
    "tokens": lambda: _answers(first_token_at_ns=None, last_token_at_ns=None, gaps_us=[]),
    "retrieval": lambda: _answers(documents=0), "unanswered": lambda: _answers(outcome="aborted"),
    "retried": lambda: _answers(flags=["retried"]), "clock_order": lambda: _answers(ended_at_ns=0),
    "compressed": lambda: _answers(outcome="stream_error", error=f"{COMPRESSED} (gzip)"),
    "stage_times": lambda: _answers(stages={"llm": {"running_ms": 800.0}}), "buffering": _held_back,
    "cached": _cached,
}  # fmt: skip


def test_no_check_is_forgotten_here() -> None:
    judging = {
        name
        for module in (answers, streams, sys.modules[buffering.__module__])
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_")
        if inspect.signature(function).return_annotation in ("Check", Check)
    }
    assert judging - {"thoughts_only", "finish_reason"} == set(JUDGES) == set(FAILING)  # which never fail


@pytest.mark.parametrize("name", JUDGES)
def test_advice_stands_where_a_check_fails_and_only_there(name: str) -> None:
    passed, failed = _judged(name, _answers()), _judged(name, FAILING[name]())
    assert (passed.status, failed.status) == ("pass", "fail")
    advice = re.split("; ", failed.text)[-1]  # a part after a semicolon, and no figure
    assert advice != failed.text
    assert re.match(
        r"(?!\d).*\b(add|ask|choose|give|have|look|measure again|raise|say|see|set|switch)\b", advice
    )
    assert advice not in passed.text


@pytest.mark.parametrize("outcome", sorted(OUTCOMES - {"ok", "aborted", "dropped"}))
def test_every_kind_of_failure_has_advice_of_its_own(outcome: str) -> None:
    failed = _judged("failures", _answers(outcome=outcome, error="x"))
    assert failed.text == f"no good answer among 40 requests (40 times: x); {OF_OUTCOMES[outcome]}"
    assert (failed.advice, failed.found) == (OF_OUTCOMES[outcome], failed.text.partition("; ")[0])
    assert len(set(OF_OUTCOMES.values())) == len(OF_OUTCOMES)


@pytest.mark.parametrize("error", ["an event is not JSON: {", "an event is not a JSON object: 5", COMPRESSED])
def test_what_cannot_be_read_is_not_what_the_service_says(error: str) -> None:
    advice = failure_advice("stream_error", error)
    assert "--dialect" in advice
    assert "says so" not in advice


REFUSED = {
    "HTTP 401 {}": "no key was sent: set TARGET_API_KEY in the environment; add --key-header x-api-key",
    "HTTP 403 Forbidden": "no key was sent: set TARGET_API_KEY",
    "HTTP 404 at /ask/stream {}": "--dialect openai or --dialect ask", "HTTP 405 at /ask/stream {}": "--path",
    'HTTP 404 {"message":"The model `default` does not exist."': "--llm-model",
    "HTTP 400 model is required": "--field", "HTTP 422 query: field required": "--dialect",
    "HTTP 429 slow down": "fewer users (-u; sweep: --concurrency)", "HTTP 500 ": "log",
    "HTTP 503 ; try later; ": "not ready yet", "HTTP 504": "gateway",
    "HTTP 307 /other": "the address that it names",
    "HTTP 200 without events (text/html)": "no stream of events", "HTTP 599": "log",
    "HTTP 418 teapot": "--field",
    "HTTP 200 with an error and no events (application/json) out of quota": "the service itself says so",
    "HTTP 200 with an error and no events (text/plain) model 'x' not found": "--llm-model",
    "HTTP 200 without events (text/event-stream) <!DOCTYPE html><html>": "a page for browsers",
    'HTTP 200 without events (application/json) {"object": "chat.completion"': "the service did not stream",
    'HTTP 200 without events (application/json) {"id":"x","choices":[{"message"': "only streamed answers",
}  # fmt: skip


@pytest.mark.parametrize("error", REFUSED)
def test_a_refusal_is_advised_by_its_status_and_whole(error: str) -> None:
    failed = _judged("failures", _answers(outcome="http_error", error=error), headers=("Accept",))
    assert REFUSED[error] in failed.advice
    assert failed.text == f"{failed.found}; {failed.advice}"
    said = error.partition(" {")[0] if "choices" in error or "chat.completion" in error else error
    assert failed.found.endswith(f"({len(_answers())} times: {said})")  # whatever marks are in it
    assert in_one_line([failed]) == " ".join(failed.text.split())


@pytest.mark.parametrize(("spoken", "other"), [("ask", "openai"), ("openai", "ask")])
def test_another_api_is_one_that_was_not_spoken(spoken: str, other: str) -> None:
    for error in ("HTTP 404 at /x", "HTTP 200 without events (text/html)"):
        said = failure_advice("http_error", error, dialect=spoken)
        assert f"try another dialect, --dialect {other}, or another --path (sweep: after --)" in said
        assert f"--dialect {spoken}" not in said


def test_what_is_no_answer_to_the_request_is_not_said_to_end_early() -> None:
    not_http = "not HTTP: Expected HTTP/"
    assert "http or https" in failure_advice("truncated", not_http)
    behind = failure_advice("truncated", f"after the end of the answer before it: {not_http}")
    assert "Content-Length" in behind
    assert "a second answer" in behind
    assert "keep-alive" in failure_advice("http_error", "HTTP 408")


def test_a_dialect_in_which_others_were_answered_is_the_right_one() -> None:
    without = {"outcome": "http_error", "error": "HTTP 200 without events (text/plain) hi"}
    few = _judged("failures", [*_answers(), *_answers(**without)])
    assert "a second answer" in few.advice
    assert "dialect" not in few.advice
    assert "dialect" in _judged("failures", _answers(**without)).advice


@pytest.mark.parametrize("kind", ["(application/json)", "(text/plain) {"])
def test_json_that_is_no_stream_cannot_be_measured(kind: str) -> None:
    assert "only streamed answers" in failure_advice("http_error", f"HTTP 200 without events {kind}")
    assert "only streamed" not in failure_advice("http_error", "HTTP 200 without events (text/html) <p>{")


def test_an_error_in_mid_stream_may_be_of_the_model() -> None:
    assert "--llm-model" in failure_advice("stream_error", "The model `x` does not exist")
    assert "look into its log" in failure_advice("stream_error", "it broke")


def test_a_key_that_was_sent_is_said_to_be_refused() -> None:
    refused = _answers(outcome="http_error", error="HTTP 401 no")
    advice = _judged("failures", refused, headers=("Authorization", "X-Trace")).advice
    assert advice.startswith("the key in Authorization was refused: see that TARGET_API_KEY is right")
    assert "--key-header" in advice


def test_advice_is_of_the_failure_that_is_told_not_of_the_commonest_outcome() -> None:
    slow = [*_answers(2, outcome="timeout", error="a"), *_answers(2, outcome="timeout", error="b")]
    failed = _judged("failures", [*slow, *_answers(3, outcome="connect_error", error="refused")])
    assert "(3 times: refused)" in failed.text
    assert failed.advice == OF_OUTCOMES["connect_error"]


def test_what_several_advise_alike_is_said_once() -> None:
    one, two = (Check.bounded(name, 2, 1, f"{name} is high", advice="rest; really") for name in "ab")
    assert in_one_line([one, two]) == "a is high; b is high; rest; really"


def _generator(own: float | None, priority: str = "", **noise: float) -> Facts:
    seen = LoadWorker(worker="w", region="", loop_lag_p99_ms=None, cpu_percent=own, priority=priority)
    return Facts(noise=Noise(**noise), load_workers=[seen])


@pytest.mark.parametrize(("own", "noise", "said"), [
    (20.0, {"generator_delay_percent": 40.0}, "waited 40 % of the time for a CPU and used 20 % of a core"),
    (20.0, {"generator_delay_percent": 40.0}, f"itself, {TOO_LITTLE}: see what else runs on it"),
    (20.0, {"steal_percent": 9.0}, "the host took 9 %"), (20.0, {}, "would not help"),
    (95.0, {"generator_delay_percent": 40.0}, "more load workers"), (None, {}, "more load workers"),
])  # fmt: skip
def test_a_late_generator_is_advised_by_its_figures(
    own: float | None, noise: dict[str, float], said: str
) -> None:
    advice = relief(_generator(own, **noise))
    assert said in advice
    assert ("workers" in advice) == (own != 20.0 or not noise)
    assert not re.search("end it|come and go", advice)  # a load does not know who took it: a report does


def test_a_low_priority_is_the_cause_of_a_late_generator_that_is_not_busy_itself() -> None:
    said = relief(_generator(20.0, "idle priority", generator_delay_percent=40.0))
    assert "it runs at idle priority, so whatever else runs goes first" in said
    assert "what else runs on the machine" not in said
    assert "idle" not in relief(_generator(95.0, "idle priority"))


@pytest.mark.parametrize(("own", "noise"), [(20.0, {"steal_percent": 9.0}), (20.0, {}), (None, {})])
def test_a_cpu_of_its_own_is_advised_only_where_the_load_has_none(
    own: float | None, noise: dict[str, float]
) -> None:
    facts = _generator(own, **noise)
    assert "run the load on another machine" in relief(facts)
    assert "leave a CPU to the load alone" in relief(dataclasses.replace(facts, apart=Apart.SHARED))
    apart = relief(dataclasses.replace(facts, apart=Apart.OWN))
    assert not re.search("CPU to the load|another machine", apart)


@pytest.mark.parametrize("apart", [one for one in Apart if one is not Apart.SHARED])
def test_cpus_auto_is_advised_only_where_it_would_divide_them(apart: Apart) -> None:
    said = relief(dataclasses.replace(_generator(20.0), apart=apart))
    assert "--cpus auto" not in said
    assert apart is Apart.OWN or ", or " in said


def test_a_few_failures_need_no_advice() -> None:
    few = [*_answers(99), *_answers(1, outcome="timeout", error="slow")]
    assert _judged("failures", few).text == "1 of 100 requests failed (1 times: slow)"


class Parser(argparse.ArgumentParser):
    """Takes the arguments of locust's parser, without locust."""

    def add_argument(self, *names: Any, **given: Any) -> Any:
        ours = {k: v for k, v in given.items() if k not in ("env_var", "include_in_web_ui")}
        return super().add_argument(*names, **ours)


def test_the_options_named_are_the_loads_own() -> None:
    texts = [_judged(name, make()).text for name, make in FAILING.items()]
    texts += [*OF_OUTCOMES.values(), *OF_STATUSES.values()]
    named = {option for text in texts for option in re.findall(r"--[a-z][a-z-]*", text)}
    parser = Parser()
    add_arguments(parser, LoadOptions, AskOptions)
    assert "--no-rag" in named
    for option in named - {"--deployment", "--concurrency", "--grid"}:  # the sweep's
        assert f"{option} " in f"{parser.format_help()} ".replace("\n", " ").replace("]", " "), option


def test_the_largest_number_of_an_option_serves_all() -> None:
    one, two, three = (
        "give 20 s: -t 30s (sweep: --max-seconds 20)",
        "--max-seconds 130",
        "--warmup-requests 8",
    )
    assert agreed([one, two, three, "-t 9s", "at -p-t 3"]) == [
        "give 20 s: -t 30s (sweep: --max-seconds 130)", two, three, "-t 30s", "at -p-t 3"
    ]  # fmt: skip


def test_checks_of_one_cell_advise_one_number_and_say_it_once() -> None:
    failed = [
        advised(Check(name=name, status="fail", text=f"{name} is high"), f"--max-seconds {seconds}")
        for name, seconds in (("a", 30), ("b", 20))
    ]
    assert in_one_line(failed) == "a is high; b is high; --max-seconds 30"
    assert in_one_line(failed, named=True) == "a is high (a); b is high; --max-seconds 30 (b)"
