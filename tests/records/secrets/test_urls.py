"""What a message repeats of URLs that somebody wrote."""

import pytest

from records.secrets.urls import blank_given


@pytest.mark.parametrize(("text", "said"), [
    ("'http://user:secret@h:1' is no number", "'http://***@h:1' is no number"),
    ("http:/user:secret@h/run.json is missing", "http:/***@h/run.json is missing"),
    ("not 'pod-user:secret@h:1'", "not '***@h:1'"), ("unexpected user:se:cret@h", "unexpected ***@h"),
    ("http://user:se/cret@h/x and http://u:secret@i", "http://***@h/x and http://***@i"),
    ("http://h/x?key=secret", "http://h/x?***"),
    ("'http://u:my \"secret\" one@h/x' is missing", "'http://***@h/x' is missing"),
    ("'u:a/b secret@h:1' is none", "'***@h:1' is none"), ("'a=u:a/secret@h'", "'***@h'"),
    ("u:a/secret@127.0.0.1:9 is missing", "***@127.0.0.1:9 is missing"),
    ("url:http://user:sec'ret@h", "url:http://***@h"),
])  # fmt: skip
def test_no_user_no_password_and_no_key(text: str, said: str) -> None:
    assert blank_given(text) == said


@pytest.mark.parametrize("text", [
    "--deployment: 'abc' is not a base URL like http://127.0.0.1:8001", "--path /x?a=b, run:uvicorn mine:app",
    "NAME=DELAY[/BANDWIDTH][/LOSS][/cut@TIME],...: of a, 'http:' is no delay", "class@executor, i@sha256:abc",
    "it's me@example.org, isn't it", "'http://h/x' and 'me'", "'run:cmd --to a@b' ended",
])  # fmt: skip
def test_all_else_stays(text: str) -> None:
    assert blank_given(text) == text
