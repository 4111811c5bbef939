"""What a service says of itself: taken where it is said in full, else as nothing."""

import pytest

from records.secrets.redaction import Redaction
from records.services.served import Served


def test_the_configuration_and_its_settings_are_taken() -> None:
    body = b'{"config": "mock-llm", "settings": {"RETRIEVAL": "async"}, "more": 1}'
    assert Served.of_answer(200, body) == Served(config="mock-llm", settings={"RETRIEVAL": "async"})


def test_settings_that_are_none_are_left_out() -> None:
    assert Served.of_answer(200, b'{"config": "baseline", "settings": 5}') == Served(config="baseline")


def test_paths_are_taken_where_they_are_text() -> None:
    body = b'{"config": "baseline", "paths": {"embed": "Model@embed-pool", "search": 5}}'
    assert Served.of_answer(200, body).paths == {"embed": "Model@embed-pool"}
    assert Served.of_answer(200, b'{"config": "baseline", "paths": ["embed"]}').paths == {}


@pytest.mark.parametrize(("status", "body"), [
    (404, b'{"config": "baseline"}'), (302, b""), (200, b""), (200, b"<html>"), (200, b'{"config": "base'),
    (200, b'["config"]'), (200, b'{"settings": {}}'), (200, b'{"config": null}'), (200, b'{"config": 5}'),
])  # fmt: skip
def test_anything_else_is_a_service_without_it(status: int, body: bytes) -> None:
    assert Served.of_answer(status, body) == Served()


def test_what_is_kept_of_it_holds_no_secret_and_the_names_that_we_know() -> None:
    redaction = Redaction(["baseline", "sk-12345678"])
    said = Served(config="baseline", settings={"sk-12345678": 5}, paths={"llm": "sk-12345678@loop"})
    assert said.redacted(redaction) == Served(
        config="baseline", settings={"***": 5}, paths={"llm": "***@loop"}
    )
    assert Served(config="x sk-12345678").redacted(redaction).config == "x ***"
    assert Served().redacted(redaction) == Served()
