"""A configuration that is not in effect is seen, in what is said and in what comes back."""

from collections.abc import Callable

import pytest

from records import config_checks
from records.request import RequestRecord
from records.served import MOCKS_OF_CONFIG

Record = Callable[..., RequestRecord]


def test_a_mock_that_was_never_on_fails() -> None:
    check = config_checks.configuration("mock-llm", "baseline", ["baseline"], {}, {})
    assert (check.status, check.figure) == ("fail", "baseline")


def test_an_answer_that_names_another_configuration_fails() -> None:
    assert (
        config_checks.configuration("baseline", "baseline", ["baseline", "mock-llm"], {}, {}).status == "fail"
    )


def test_a_setting_that_is_not_in_effect_fails() -> None:
    wanted = {"RETRIEVAL": "blocking"}
    assert (
        config_checks.configuration("baseline", "baseline", [], {"RETRIEVAL": "async"}, wanted).status
        == "fail"
    )
    assert (
        config_checks.configuration("baseline", "baseline", [], {"RETRIEVAL": "blocking"}, wanted).status
        == "pass"
    )


@pytest.mark.parametrize(("served", "wanted"), [(5.0, "5"), (True, "yes"), (False, "no"), ("flat", "flat")])
def test_a_setting_may_be_served_as_number_or_bool(served: object, wanted: str) -> None:
    assert (
        config_checks.configuration("baseline", "baseline", [], {"X": served}, {"X": wanted}).status == "pass"
    )


def test_a_service_without_config_is_as_is_and_says_so() -> None:
    check = config_checks.configuration("as-is", None, [None], {}, {})
    assert check.status == "n/a"
    assert "as-is" in check.text


@pytest.mark.parametrize(
    ("config", "embed_ms", "flags", "status"),
    [
        ("baseline", 9.0, [], "pass"),
        ("baseline", 0.02, [], "fail"),
        ("baseline", 9.0, ["mock-answer"], "fail"),
        ("mock-embeddings", 0.02, [], "pass"),
        ("mock-embeddings", 9.0, [], "fail"),
        ("mock-llm", 9.0, ["mock-answer"], "pass"),
        ("mock-llm", 9.0, [], "fail"),
        ("mock-both", 0.02, ["mock-answer"], "pass"),
        ("as-is", 9.0, [], "n/a"),
    ],
)
def test_a_configuration_is_seen_in_its_effect(
    record: Record, config: str, embed_ms: float, flags: list[str], status: str
) -> None:
    stages = {"embed": {"queued_ms": 0.0, "running_ms": embed_ms}}
    records = [record(seq=n, stages=stages, flags=flags) for n in range(3)]
    assert config_checks.configuration_effect(config, records).status == status


@pytest.mark.parametrize(
    ("config", "llm_ms", "status"),
    [
        ("baseline", 105.0, "pass"),
        ("baseline", 0.02, "fail"),
        ("mock-embeddings", 0.02, "fail"),
        ("mock-llm", 0.02, "pass"),
        ("mock-llm", 105.0, "fail"),
        ("mock-both", 105.0, "fail"),
    ],
)
def test_an_llm_is_mocked_in_its_stage_too(record: Record, config: str, llm_ms: float, status: str) -> None:
    embeddings, llm = MOCKS_OF_CONFIG[config]
    stages = {"embed": {"running_ms": 0.02 if embeddings else 9.0}, "llm": {"running_ms": llm_ms}}
    records = [record(seq=n, stages=stages, flags=["mock-answer"] if llm else []) for n in range(3)]
    assert config_checks.configuration_effect(config, records).status == status


def test_stages_without_running_times_prove_nothing(record: Record) -> None:
    records = [record(stages={"embed": {"queued_ms": 1.0}})]
    assert config_checks.configuration_effect("baseline", records).status == "n/a"


def test_a_cache_that_answers_two_in_five_is_seen(record: Record) -> None:
    cached = {"embed": {"queued_ms": 0.0, "running_ms": 0.01}}
    records = [record(seq=n, **({"stages": cached} if n % 5 < 2 else {})) for n in range(20)]
    assert config_checks.configuration_effect("baseline", records).status == "fail"
