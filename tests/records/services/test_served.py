"""What a service says of itself: taken where it is said in full, else as nothing."""

import pytest

from records.secrets.redaction import Redaction
from records.services.served import Served


@pytest.mark.parametrize(("more", "settings", "paths"), [
    (b'"settings": {"RETRIEVAL": "async"}, "more": 1', {"RETRIEVAL": "async"}, {}),
    (b'"settings": 5', {}, {}),
    (b'"paths": {"embed": "Model@embed-pool", "search": 5}', {}, {"embed": "Model@embed-pool"}),
    (b'"paths": ["embed"]', {}, {}),
])  # fmt: skip
def test_settings_and_paths_are_taken_where_they_are_some(
    more: bytes, settings: dict[str, str], paths: dict[str, str]
) -> None:
    body = b'{"config": "mock-llm", %b}' % more
    assert Served.of_answer(200, body) == Served(config="mock-llm", settings=settings, paths=paths)


@pytest.mark.parametrize(("status", "body"), [
    (404, b'{"config": "baseline"}'), (302, b""), (200, b""), (200, b"<html>"), (200, b'{"config": "base'),
    (200, b'["config"]'), (200, b'{"settings": {}}'), (200, b'{"config": null}'), (200, b'{"config": 5}'),
])  # fmt: skip
def test_anything_else_is_a_service_without_it(status: int, body: bytes) -> None:
    assert Served.of_answer(status, body) == Served()


def test_what_is_kept_of_it_holds_no_secret_and_the_names_that_we_know() -> None:
    redaction = Redaction(["baseline", "sk-12345678"])
    said = Served(config="baseline", settings={"sk-12345678": 5}, paths={"llm": "sk-12345678@loop"})
    shown = Served(config="baseline", settings={"***": 5}, paths={"llm": "***@loop"})
    assert said.redacted(redaction) == shown
    assert Served(config="x sk-12345678").redacted(redaction).config == "x ***"
    assert Served().redacted(redaction) == Served()
