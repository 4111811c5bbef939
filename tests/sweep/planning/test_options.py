"""What the command line and the environment may say, and what is refused at once."""

from dataclasses import make_dataclass
from typing import Annotated

import click
import pytest
from pydantic import Field

from records.cells.layout import deployment_name
from sweep.cli import command
from sweep.deployments.url import Url
from sweep.planning import options, plan_options
from sweep.planning.bounds import MOST_REPEATS
from sweep.planning.option import Option
from sweep.planning.plan import Plan
from sweep.running.errors import UsageError


def test_budgets_and_the_most_users() -> None:
    assert [options.parse_budget(t) for t in ("90", "90s", "5m", "1h", "none")] == [90, 90, 300, 3600, None]
    for text in ("", "soon", "-5", "0", "5d", "400d", "9" * 12, "9" * 400):
        with pytest.raises(UsageError, match="--budget"):
            options.parse_budget(text)
    for text in ("0", "-1", "many", "1.5", "²", "9" * 5000):
        with pytest.raises(UsageError, match="MAX_CONCURRENT"):
            options.max_concurrent({"MAX_CONCURRENT": text})


@pytest.mark.parametrize("value", [
    "nowhere", "url:ftp://x", "a b=local", "url:http://me:secret@x", "urk:http://me:secret@x",
    "url:http://x/?key=secret", "url:http://[::1", "url:http://[nonsense]", "url:http://h:99999",
    "url:http://h:0", "url:http://h:many", "url:http://", "url:127.0.0.1:8001", "url:http://a b",
    "url:http://h\n", "url:http://hé",
])  # fmt: skip
def test_nonsense_deployments_are_a_usage_error_without_the_secret(value: str) -> None:
    with pytest.raises(UsageError) as caught:
        options.parse_targets([value])
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("spec", [
    "url:http://127.0.0.1:8001", "url:https://[::1]:8443/api/", "url:http://h", "https://h:1", "a=http://h/",
    f"url:http://h/{'a' * 500}",
])  # fmt: skip
def test_a_base_url_is_a_deployment(spec: str) -> None:
    (target,) = options.parse_targets([spec])
    assert target.kind == Url(spec.removeprefix("a=").removeprefix("url:").rstrip("/"))
    assert target.label.isascii()
    assert "/" not in target.label
    assert len(target.label) <= 80


def test_a_service_without_a_label_is_called_what_a_load_calls_it_and_no_two_alike() -> None:
    own = ["url:http://127.0.0.1:18411/", "url:https://example.org/api", "local"]
    targets = options.parse_targets([*own, "b=local"])
    assert [target.label for target in targets] == ["127.0.0.1-18411", "example.org-api", "local", "b"]
    assert targets[0].label == deployment_name("http://127.0.0.1:18411")
    assert options.deployments_of({}) == ["local"]
    assert options.deployments_of({"K8S_BASE_URL": "http://h:1"}) == ["k8s=url:http://h:1"]
    with pytest.raises(UsageError, match=r"^K8S_BASE_URL: 'h' is not a base URL"):
        options.deployments_of({"K8S_BASE_URL": "h"})
    with pytest.raises(UsageError, match=r"^LOCAL_BASE_URL: a base URL holds no user") as refused:
        options.deployments_of({"LOCAL_BASE_URL": "http://u:secret@h"})
    assert "secret" not in str(refused.value)
    with pytest.raises(UsageError, match="same label, local;"):
        options.parse_targets(["local", "local"])


def test_one_app_by_two_commands_is_called_by_all_of_their_words() -> None:
    specs = ["run:uvicorn mine:app", "run:gunicorn mine:app", "run:uvicorn your:app", "x=local"]
    labels = [target.label for target in options.parse_targets(specs)]
    assert labels == ["uvicorn-mine-app", "gunicorn-mine-app", "your-app", "x"]


def test_an_option_of_the_plan_has_its_default_and_bounds() -> None:
    options = {one.name: one for one in command.params}
    repeats = options["repeats"]
    assert repeats.default == Plan.__dataclass_fields__["repeats"].default
    assert isinstance(repeats.type, click.IntRange)
    assert (repeats.type.min, repeats.type.max) == (1, MOST_REPEATS)
    assert options["warmup_requests"].envvar == "WARMUP_REQUESTS"
    assert (options["inside"].secondary_opts, options["inside"].default) == (["--no-inside"], True)
    assert options["cpus"].default == "auto"  # of an older plan: shared
    assert options["probe_paths"].multiple
    assert options["probe_paths"].opts == ["--probe-path"]


def test_a_new_field_is_an_option_and_taken_as_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    waves = ("waves", Annotated[int, Field(ge=1, le=9), Option("How many.")], 2)
    more = make_dataclass("more", [waves, ("other", str, "")])
    monkeypatch.setattr(plan_options, "Plan", more)
    given: dict[str, object] = {}
    wanted = click.command()(plan_options.with_options(lambda **said: given.update(said)))
    wanted.main(["--waves", "3"], standalone_mode=False)
    assert plan_options.as_given(given) == given == {"waves": 3}
    with pytest.raises(click.BadParameter, match="1<=x<=9"):
        wanted.main(["--waves", "0"], standalone_mode=False)
