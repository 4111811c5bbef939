"""What the options may say, from the command line or from the web UI's form, and what is refused at once."""

import argparse
from collections.abc import Callable
from itertools import islice
from typing import Any

import pytest

from loadgen.adapter.parser import add_arguments
from loadgen.client.http import Origin
from loadgen.client.sender import HEADERS
from loadgen.engine.option_model import Option
from loadgen.engine.options import LoadOptions
from loadgen.engine.settings import Settings, origin_of, task_of
from loadgen.engine.settings import settings as settings_of
from loadgen.engine.task import Share
from loadgen.tasks.ask.options import AskOptions
from loadgen.tasks.ask.task import ASK, AskTask
from reach.options import OPTIONS
from records.errors import UsageError
from records.secrets.secret_names import is_secret
from support import OptionParser


def parsed(*words: str) -> argparse.Namespace:
    parser = OptionParser()
    add_arguments(parser, LoadOptions, AskOptions)
    return parser.parse_args(words)


def settings(*words: str, **form: Any) -> Settings:
    """``form``: what the web UI puts in place of what was parsed. Those of the scenario are checked, too."""
    given = argparse.Namespace(**(vars(parsed(*words)) | form))
    wanted = settings_of(given, {})
    task_of(ASK, given, wanted)
    return wanted


def task(*words: str) -> AskTask:
    given = parsed(*words)
    made = task_of(ASK, given, settings_of(given, {}))
    assert isinstance(made, AskTask)
    return made


def options(of: Callable[[Option], object]) -> list[str]:
    models = (LoadOptions, AskOptions)
    return [option.flag for model in models for _, _, option in model.options() if of(option)]


NUMBERS = options(lambda one: one.bounds)
TEXTS = options(lambda one: not (one.bounds or one.choices or one.switch or one.many))
TEXTS += [option.flag for option in OPTIONS if option.metavar]


def test_the_defaults_are_settings() -> None:
    assert settings().request_timeout_s == 60
    assert len(NUMBERS) == 15


def test_an_option_that_is_declared_is_kept_under_the_name_of_its_field() -> None:
    assert task("--gap-timeout=7").requested()["gap_timeout_s"] == 7
    sends = [task(f"--dialect={name}").requested()["stage_times"] for name in ("ask", "openai")]
    assert sends == [True, False]
    assert task("--gap-timeout=7").timeouts.gap == 7
    assert settings("--drain-seconds=4").requested()["drain_seconds"] == 4
    kept = settings("--header=X-Tenant=acme-1").requested()
    assert "acme-1" not in str(kept)
    assert (kept["rate"], kept["max_inflight"]) == (None, None)  # a closed loop's have no meaning
    opened = settings("--arrival=poisson", "--rate=3").requested()
    assert (opened["rate"], opened["max_inflight"]) == (3, 1000)


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -2, 10**23])
def test_the_web_ui_s_numbers_have_the_bounds_of_the_command_line(
    name: str, value: float, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UsageError, match=f"{name} wants a"):
        settings(**{name.removeprefix("--").replace("-", "_"): value})
    with pytest.raises(SystemExit, match="2"):
        parsed(f"{name}={value}")
    assert f"error: {name} wants a" in capsys.readouterr().err


@pytest.mark.parametrize("name", [*TEXTS, "--header", "--field"])
def test_bytes_that_are_no_text_are_refused(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        settings(f"{name}=/a=\udcff")
    assert "\udcff" not in str(caught.value)


@pytest.mark.parametrize("name", ["--region", "--run-name", "--cell-name"])
def test_a_name_is_one_line_that_does_nothing_to_a_terminal(name: str) -> None:
    with pytest.raises(UsageError, match=f"{name} is to be one line"):
        settings(name, "a\nb")


@pytest.mark.parametrize("word", [
    "--field=api_key=sk-1", "--field=dbPassword=sk-1", "--field=credentials=sk-1",
    '--field=extra={"tools": [{"api_key": "sk-1"}]}',
    "--field=extra=" + "[" * 900 + '{"api_key": "sk-1"}' + "]" * 900, "--field=api_key: sk-1==",
    "--field=callback=http://u:sk-1@h/x", "--field=callback=http://sk-1@h/x",
    "--field=callback=http://h/x?token=sk-1", "--field=callback=http://h/x#access_token=sk-1",
    '--field=extra={"tools": [" https://h/x?to=http%3A%2F%2Fu%3Ask-1%40h"]}', "--path=/ask?access_token=sk-1",
    "--path=/ask?q=1#access_token=sk-1", "--path=/ask#sk-1", "--path=ask?v=1&key=sk-1",
    "--path=/v1/sk-1234567890abcdef/ask", "--header=Authorization: Bearer sk-1==",
])  # fmt: skip
def test_a_secret_that_would_be_kept_is_refused_without_showing_it(word: str) -> None:
    with pytest.raises(UsageError) as caught:
        settings(word)
    assert "sk-1" not in str(caught.value)


def test_limits_are_no_secrets() -> None:
    names = (
        "max_tokens max_token stop_token_ids token_type_ids keywords prompt_cache_key max_passages keyspace"
    )
    names += (
        " detokenize thinking_token_budget tokenizer eos_token num_passes upweight passthrough X-Passenger"
    )
    asked = task(*[f"--field={name}=3" for name in names.split()], "--path=/ask?api-version=2")
    assert asked.dialect.template["stop_token_ids"] == 3
    assert asked.dialect.path == "/ask?api-version=2"
    plain = ("of sk-learn-pipelines", "hf_some_long_name_of_a_model_2", "the bearer of news", "ssh://h/a@b")
    for harmless in (*plain, "http://h/x?v=1#top", "write to me@h, see http://h?token="):
        assert task(f"--field=callback={harmless}").dialect.template["callback"] == harmless
    secrets = ("api_key", "apiKey", "X-Api-Key", "accessToken", "x-auth", "dbPassword", "jwt", "token", "pw")
    assert [name for name in secrets if not is_secret(name)] == []


@pytest.mark.parametrize("path", ["/a b", "/a\r\nX: y", "/\u20ac", "ask"])
def test_a_path_that_is_no_request_line_is_refused(path: str) -> None:
    with pytest.raises(UsageError, match="--path"):
        settings(f"--path={path}")


@pytest.mark.parametrize("url", ["http://me:sk-1@h", "http://sk-1@h:abc", "me:sk-1@h", "http://h/?key=sk-1"])
def test_a_secret_in_the_base_url_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(UsageError, match="TARGET_API_KEY") as caught:
        origin_of(url)
    assert "sk-1" not in str(caught.value)


@pytest.mark.parametrize("url", [
    "http://h:abc", "http://h:99999", "http://h:0", "http://[", "http://", "h:1", "http://a b", "http://\xe9",
])  # fmt: skip
def test_what_is_no_base_url_is_said_in_one_way(url: str) -> None:
    with pytest.raises(ValueError, match="is not a base URL like http://127"):
        Origin(url)


def test_a_header_takes_the_place_of_the_client_s_own_whatever_its_letters() -> None:
    given = ["host=other", "user-agent=me", "ACCEPT=x/y", "content-type=a/b"]
    asked = settings(*[f"--header={one}" for one in given])
    head = Origin("http://h:1").head("POST", "/p", {**HEADERS, **asked.headers}).decode().split("\r\n")
    names = [line.partition(":")[0].lower() for line in head[1:]]
    assert len(set(names)) == len(names)
    assert {"host: other", "user-agent: me", "ACCEPT: x/y", "content-type: a/b"} <= set(head)
    assert head[-2:] == ["Accept-Encoding: identity", "Content-Length: "]
    assert "Host: h:1" in Origin("http://h:1").head("POST", "/p", HEADERS).decode()


@pytest.mark.parametrize("name", [
    "Content-Length", "Transfer-Encoding", "connection", "UPGRADE", "TE", "Trailer", "Expect", "Keep-Alive",
    "Proxy-Connection", "Proxy-Authorization", "Accept-Encoding", "Content-Encoding", "HTTP2-Settings",
])  # fmt: skip
def test_headers_that_frame_a_request_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match=f"--header {name}") as caught:
        settings(f"--header={name}=S3CRET")
    assert "S3CRET" not in str(caught.value)


@pytest.mark.parametrize("value", ["", "  ", "caf\u00e9", "\u20ac", "a\tb", "a\r\nX: y", "a\x00b"])
def test_a_header_s_value_that_cannot_be_sent_is_refused_without_showing_it(value: str) -> None:
    with pytest.raises(UsageError, match="header X-Tenant") as caught:
        settings(f"--header=X-Tenant={value}")
    assert not value.strip() or value not in str(caught.value)


@pytest.mark.parametrize(("words", "said"), [
    (["--header=nothing"], "wants NAME=VALUE"), (["--field=nothing"], "wants NAME=VALUE"),
    (["--header=X-Tenant=a", "--header=x-tenant=b"], "--header x-tenant is given twice"),
    (["--dialect=openai", "--drop-field=stream"], "--drop-field stream: the answer would come in one piece"),
    (["--dialect=openai", "--field=stream=false"], "--field stream: the answer would come in one piece"),
    (["--dialect=openai", "--field=messages=[]", "--questions=q"], "--questions: the question is in no"),
    (['--field=input={"text": {question}}'], "--field 'input': in JSON, {question} stands in quotes"),
    (["--field=a=" + "[" * 101 + "]" * 101], "--field 'a': its JSON is nested more than 100 deep"),
])  # fmt: skip
def test_what_makes_no_request_is_refused(words: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        settings(*words)


def test_blanks_around_a_header_s_value_are_none_of_it() -> None:
    assert settings("--header= X-Tenant = a b ").headers == {"X-Tenant": "a b"}


def test_authorization_is_given_in_one_way() -> None:
    with pytest.raises(UsageError, match="Authorization: --header and TARGET_API_KEY both say that header"):
        settings_of(parsed("--header=authorization=Basic eA=="), {"TARGET_API_KEY": "sk-1"})
    assert settings("--header=authorization=Basic eA==").headers == {"authorization": "Basic eA=="}
    asked = settings_of(parsed(), {"TARGET_API_KEY": " sk-1 "})
    assert asked.headers == {"Authorization": "Bearer sk-1"}


def test_settings_blank_what_is_sent_and_show_none_of_it() -> None:
    environment = {"TARGET_API_KEY": "sk-12345678", "HTTPS_PROXY": "http://me:pr0xy-pw@h:1"}
    asked = settings_of(parsed("--header=X-Tenant=acme-1-tenant"), environment)
    said = asked.redaction.redact("sk-12345678 acme-1-tenant pr0xy-pw acme-N-tenant")
    assert said == "*** *** *** ***"
    for secret in ("12345678", "acme", "pr0xy"):
        assert secret not in repr(asked)


@pytest.mark.parametrize(
    "word", ["--field=note=it is sk-12345678", "--path=/a/sk-12345678", "--run-name=sk-12345678"]
)
def test_a_key_that_is_written_where_it_would_be_kept_is_refused(word: str) -> None:
    with pytest.raises(UsageError, match="TARGET_API_KEY") as caught:
        task_of(ASK, parsed(word), settings_of(parsed(word), {"TARGET_API_KEY": "sk-12345678"}))
    assert "sk-1" not in str(caught.value)


@pytest.mark.parametrize("header", [
    "Authorization=Bearer opaque-word", "Authorization=Own opaque-word",
    "Authorization=Basic dXNlcjpvcGFxdWUtd29yZA==",  # user:opaque-word
    "Cookie=theme=dark; session=opaque-word", "Authorization=opaque-word",
])  # fmt: skip
def test_what_a_header_has_as_a_secret_in_whatever_form_is_kept_nowhere_else(header: str) -> None:
    with pytest.raises(UsageError, match="--field holds what a header has as a secret") as caught:
        settings(f"--header={header}", "--field=note=it is opaque-word")
    assert "opaque" not in str(caught.value)


@pytest.mark.parametrize("value", [
    "sk-proj-0123456789abcdef", "Bearer abcdefgh1234", "eyJhbGciOiJIUzI1.eyJzdWIiOiIx",
    "see ghp_" + "a1" * 18,
])  # fmt: skip
def test_a_field_whose_value_looks_like_a_key_is_refused(value: str) -> None:
    for text in (value, f'{{"a": ["{value}"]}}'):
        with pytest.raises(UsageError, match="looks like a secret") as caught:
            settings(f"--field=note={text}")
        assert value not in str(caught.value)


def test_a_field_can_be_left_out_also_of_an_object() -> None:
    asked = task("--dialect=openai", "--drop-field=stream_options")
    assert asked.dialect.template == {"model": "default", "stream": True}
    assert asked.warnings() == ()
    assert asked.requested()["drop_fields"] == ["stream_options"]
    inner = task("--dialect=openai", "--drop-field=stream_options.include_usage", "--field=a.b=1")
    assert inner.dialect.template == {"model": "default", "stream": True, "stream_options": {}, "a.b": 1}
    assert "model" not in task("--dialect=openai", "--drop-field=model").dialect.template  # it is in the path
    assert "a.b" not in task("--field=a.b=1", "--drop-field=a.b").dialect.template


@pytest.mark.parametrize("name", ["stream_option", "query", "stream_options.x", "model.x", ""])
def test_a_field_that_is_not_there_cannot_be_left_out(name: str) -> None:
    there = "there are messages, model, stream, stream_options, stream_options.include_usage$"
    with pytest.raises(UsageError, match=there):
        settings("--dialect=openai", f"--drop-field={name}")


@pytest.mark.parametrize("words", [
    ["--drop-field=query"], ["--field=query=hello"], ["--drop-field=query", "--field=question={{question}}"],
    ["--dialect=openai", "--field=messages=[]"],
])  # fmt: skip
def test_of_a_body_without_a_question_all_requests_are_one(words: list[str]) -> None:
    asked = task(*words)
    [said] = asked.warnings()
    assert said.startswith("all requests are the same")
    assert ("{{question}} sends that word itself" in said) == any("{{" in word for word in words)
    assert asked.requested()["questions"] == "none"
    questions = islice(asked.items(Share(user=1, users=2)), 3)
    assert len({question.id for question in questions}) == 1


def test_a_question_that_is_moved_is_kept_and_no_warning() -> None:
    asked = task("--drop-field=query", "--field=message={question}")
    wanted = asked.requested()
    assert (wanted["body"]["message"], wanted["drop_fields"]) == ("{question}", ["query"])
    assert (wanted["questions"], asked.warnings()) == ("standard library", ())
    assert (asked.facts()["question_field"], task().facts()["question_field"]) == ("", "query")
    assert wanted["body"] != task("--drop-field=query", "--field=message=hello").requested()["body"]
