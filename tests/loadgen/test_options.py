"""What the options may say, from the command line or from the web UI's form, and what is refused at once."""

from __future__ import annotations

import argparse
from typing import Any

import pytest

from loadgen import options
from loadgen.client.http import Origin
from loadgen.settings import Settings, origin_of
from loadgen.settings import settings as settings_of
from loadgen.usage import UsageError
from records.kept import is_secret


class Parser(argparse.ArgumentParser):
    """Takes the arguments of locust's parser, without locust."""

    def add_argument(self, *names: Any, **given: Any) -> Any:
        ours = {k: v for k, v in given.items() if k not in ("env_var", "include_in_web_ui")}
        return super().add_argument(*names, **ours)


def parsed(*words: str) -> argparse.Namespace:
    parser = Parser()
    options.add_arguments(parser)
    return parser.parse_args(words)


def settings(*words: str, **form: Any) -> Settings:
    """``form``: what the web UI puts in place of what was parsed."""
    return settings_of(argparse.Namespace(**(vars(parsed(*words)) | form)), {})


def test_the_defaults_are_settings() -> None:
    assert settings().request_timeout_s == 60


@pytest.mark.parametrize("name", options.NUMBERS)
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1, 10**23])
def test_the_web_ui_s_numbers_have_the_bounds_of_the_command_line(
    name: str, value: float, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UsageError, match=f"{name} wants a"):
        settings(**{name.removeprefix("--").replace("-", "_"): value})
    with pytest.raises(SystemExit, match="2"):
        parsed(f"{name}={value}")
    assert f"error: {name} wants a" in capsys.readouterr().err


@pytest.mark.parametrize("name", [*options.TEXTS, "--header", "--field"])
def test_bytes_that_are_no_text_are_refused(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        settings(f"{name}=/a=\udcff")
    assert "\udcff" not in str(caught.value)


@pytest.mark.parametrize(
    "word",
    [
        "--field=api_key=sk-1",
        "--field=dbPassword=sk-1",
        "--field=credentials=sk-1",
        '--field=extra={"tools": [{"api_key": "sk-1"}]}',
        "--field=extra=" + "[" * 900 + '{"api_key": "sk-1"}' + "]" * 900,
        "--field=api_key: sk-1==",
        "--field=callback=http://u:sk-1@h/x",
        "--field=callback=http://sk-1@h/x",
        "--field=callback=http://h/x?token=sk-1",
        "--field=callback=http://h/x#access_token=sk-1",
        '--field=extra={"tools": [" https://h/x?to=http%3A%2F%2Fu%3Ask-1%40h"]}',
        "--path=/ask?access_token=sk-1",
        "--path=/ask?q=1#access_token=sk-1",
        "--path=/ask#sk-1",
        "--path=ask?v=1&key=sk-1",
        "--header=Authorization: Bearer sk-1==",
    ],
)
def test_a_secret_that_would_be_kept_is_refused_without_showing_it(word: str) -> None:
    with pytest.raises(UsageError) as caught:
        settings(word)
    assert "sk-1" not in str(caught.value)


def test_limits_are_no_secrets() -> None:
    names = (
        *("max_tokens", "max_token", "stop_token_ids", "token_type_ids", "keywords", "prompt_cache_key"),
        *("max_passages", "detokenize", "thinking_token_budget", "tokenizer", "eos_token", "num_passes"),
        *("upweight", "passthrough", "X-Passenger", "keyspace"),
    )
    asked = settings(*[f"--field={name}=3" for name in names], "--path=/ask?api-version=2")
    assert asked.dialect.template["stop_token_ids"] == 3
    assert asked.dialect.path == "/ask?api-version=2"
    for harmless in ("http://h/x?v=1#top", "write to me@h, see http://h?token=", "ssh://h/a@b"):
        assert settings(f"--field=callback={harmless}").dialect.template["callback"] == harmless
    secrets = ("api_key", "apiKey", "X-Api-Key", "accessToken", "x-auth", "dbPassword", "jwt", "token", "pw")
    assert [name for name in secrets if not is_secret(name)] == []


@pytest.mark.parametrize("path", ["/a b", "/a\r\nX: y", "/\u20ac"])
def test_a_path_that_is_no_request_line_is_refused(path: str) -> None:
    with pytest.raises(UsageError, match="--path"):
        settings(f"--path={path}")


@pytest.mark.parametrize("url", ["http://me:sk-1@h", "http://sk-1@h:abc", "me:sk-1@h", "http://h/?key=sk-1"])
def test_a_secret_in_the_base_url_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(UsageError, match="TARGET_API_KEY") as caught:
        origin_of(url)
    assert "sk-1" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://h:abc",
        "http://h:99999",
        "http://h:0",
        "http://[",
        "http://",
        "h:1",
        "http://a b",
        "http://\xe9",
    ],
)
def test_what_is_no_base_url_is_said_in_one_way(url: str) -> None:
    with pytest.raises(ValueError, match="is not a base URL like http://127"):
        Origin(url)
