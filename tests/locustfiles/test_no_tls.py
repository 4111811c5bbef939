"""What says how TLS is verified, where there is none, is not passed over in silence."""

from typing import Any

import pytest

from sweep.cli import command
from sweep.planned import planned
from sweep.running.errors import UsageError


def test_a_load_is_told_that_nothing_is_verified(trap: Any, locust: Any, certificates: Any) -> None:
    server = trap(lambda talk: talk.close())
    words = ("--headless", "-u", "1", "-t", "1s", "--loglevel", "WARNING", "--ca", certificates.ca)
    one = locust("-H", server.url, *words)
    one.wait()
    said = f"warning: {server.url} is not https://, so that nothing is verified by --ca"
    assert said in one.text.splitlines()


@pytest.mark.parametrize(("urls", "refused"), [
    (["url:http://127.0.0.1:1"], True), (["url:http://127.0.0.1:1", "url:HTTPS://localhost:2"], False),
])  # fmt: skip
def test_a_sweep_without_https_refuses_options_of_tls(
    monkeypatch: pytest.MonkeyPatch, certificates: Any, urls: list[str], refused: bool
) -> None:
    monkeypatch.setattr("sweep.planned.check_scenario", lambda plan: ())
    words = [word for url in urls for word in ("--deployment", url)]
    given = command.make_context("sweep", [*words, "--config", "as-is", "--ca", certificates.ca]).params
    if not refused:
        planned(given, (), {})
        return
    with pytest.raises(UsageError, match="--ca: no deployment is asked over https://"):
        planned(given, (), {})
