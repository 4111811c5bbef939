"""What the command line and the environment may say, and what is refused at once."""

import pytest

from records.cells.layout import deployment_name
from sweep.deployments.url import Url
from sweep.planning import options
from sweep.running.errors import UsageError


@pytest.mark.parametrize("text", ["", "soon", "-5", "0", "5d", "400d", "9" * 12, "9" * 400])
def test_nonsense_budgets_are_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match="--budget"):
        options.parse_budget(text)


def test_budgets() -> None:
    assert [options.parse_budget(t) for t in ("90", "90s", "5m", "1h", "none")] == [90, 90, 300, 3600, None]


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


def test_deployments_of_the_original_s_environment_names() -> None:
    assert options.deployments_of({}) == ["local"]
    assert options.deployments_of({"K8S_BASE_URL": "http://h:1"}) == ["k8s=url:http://h:1"]


@pytest.mark.parametrize("text", ["0", "-1", "many", "1.5", "²", "9" * 5000])
def test_nonsense_in_max_concurrent_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match="MAX_CONCURRENT"):
        options.max_concurrent({"MAX_CONCURRENT": text})


def test_a_service_without_a_label_is_called_what_a_load_calls_it_and_no_two_alike() -> None:
    own = ["url:http://127.0.0.1:18411/", "url:https://example.org/api", "local"]
    targets = options.parse_targets([*own, "b=local"])
    assert [target.label for target in targets] == ["127.0.0.1-18411", "example.org-api", "local", "b"]
    assert targets[0].label == deployment_name("http://127.0.0.1:18411")
    with pytest.raises(UsageError, match="same label"):
        options.parse_targets(["local", "local"])
