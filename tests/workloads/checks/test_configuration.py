"""A configuration that is not in effect is seen, in what is said and in what comes back."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from records.cells.cell import Check
from records.cells.request import RequestRecord
from records.services.served import Served
from records.services.variants import LLM, MOCKS, SWITCHES, mocked_by
from workloads.checks import configuration
from workloads.checks.facts import Facts

Record = Callable[..., RequestRecord]
Make = Callable[..., Facts]
Held = Callable[..., Check]


@pytest.fixture
def held(record: Record, facts: Make) -> Held:
    """The check of what was asked for, served and named by answers."""

    def judged(
        asked: str | None, told: str | None, named: Sequence[str | None], settings: Any, wanted: Any
    ) -> Check:
        requests = [record(seq=n, config=name) for n, name in enumerate(named)]
        seen = Served(config=told, settings=settings)
        return configuration.configuration(facts(requests, config=asked, settings=wanted, served=seen))

    return judged


def test_a_mock_that_was_never_on_fails(held: Held) -> None:
    check = held("mock-llm", "baseline", ["baseline"], {}, {})
    assert (check.status, check.figure) == ("fail", "baseline")


def test_an_answer_that_names_another_configuration_fails(held: Held) -> None:
    assert held("baseline", "baseline", ["baseline", "mock-llm"], {}, {}).status == "fail"


def test_a_setting_that_is_not_in_effect_fails(held: Held) -> None:
    wanted = {"RETRIEVAL": "blocking"}
    assert held("baseline", "baseline", [], {"RETRIEVAL": "async"}, wanted).status == "fail"
    assert held("baseline", "baseline", [], {"RETRIEVAL": "blocking"}, wanted).status == "pass"


@pytest.mark.parametrize(("served", "wanted"), [(5.0, "5"), (True, "yes"), (False, "no"), ("flat", "flat")])
def test_a_setting_may_be_served_as_number_or_bool(served: object, wanted: str, held: Held) -> None:
    assert held("baseline", "baseline", [], {"X": served}, {"X": wanted}).status == "pass"


def test_a_variant_of_the_user_s_is_held_by_its_settings_and_not_by_its_name(held: Held) -> None:
    wanted = {"RETRIEVAL": "blocking", "USE_MOCK_LLM": "yes"}
    served = {"RETRIEVAL": "blocking", "USE_MOCK_LLM": True}
    check = held(None, "mock-llm", ["mock-llm"], served, wanted)
    assert (check.status, check.figure) == ("pass", "mock-llm")
    assert check.text.endswith("name mock-llm, and the settings asked for are in effect")
    other = held(None, "mock-llm", ["baseline"], served, wanted)
    assert other.status == "fail"
    wrong = held(None, "mock-llm", [], {**served, "USE_MOCK_LLM": False}, wanted)
    assert (wrong.status, wrong.figure) == ("fail", "USE_MOCK_LLM=False")


def test_a_mock_is_held_by_its_settings_too_where_they_are_listed(held: Held) -> None:
    wanted = MOCKS["mock-llm"].settings
    for listed, status in (({}, "pass"), ({LLM.setting: True}, "pass"), ({LLM.setting: False}, "fail")):
        assert held("mock-llm", "mock-llm", [], listed, wanted).status == status


def test_a_service_without_config_is_as_is_and_says_so(held: Held) -> None:
    check = held("as-is", None, [None], {}, {})
    assert check.status == "n/a"
    assert "as-is" in check.text


@pytest.mark.parametrize(
    ("asked", "wanted", "what"),
    [("four", {}, "four"), ("four", {"N": "4"}, "four"), (None, {"N": "4"}, "what it was to run with")],
)
def test_what_was_set_where_there_is_no_config_is_said_to_be_unproved(
    held: Held, asked: str | None, wanted: dict[str, str], what: str
) -> None:
    check = held(asked, None, [None], {}, wanted)
    assert check.status == "n/a"
    assert check.text == f"the service has no /config: {what} was set, not proved"


def test_a_setting_that_a_service_does_not_say_is_unproved_and_another_that_is_wrong_still_fails(
    facts: Make,
) -> None:
    served = Served(config="custom", settings={"N": 4})
    check = configuration.configuration(facts(served=served, settings={"N": "4"}, unproved=("WORKERS",)))
    assert (check.status, check.text) == ("n/a", "/config does not say WORKERS: set, not proved")
    check = configuration.configuration(facts(served=served, settings={"N": "5"}, unproved=("WORKERS",)))
    assert check.status == "fail"


@pytest.mark.parametrize(("config", "embed_ms", "flags", "status"), [
    ("baseline", 9.0, [], "pass"), ("baseline", 0.02, [], "fail"), ("baseline", 9.0, ["mock-answer"], "fail"),
    ("mock-embeddings", 0.02, [], "pass"), ("mock-embeddings", 9.0, [], "fail"),
    ("mock-llm", 9.0, ["mock-answer"], "pass"), ("mock-llm", 9.0, [], "fail"),
    ("mock-both", 0.02, ["mock-answer"], "pass"), ("as-is", 9.0, [], "n/a"),
])  # fmt: skip
def test_a_configuration_is_seen_in_its_effect(
    record: Record, config: str, embed_ms: float, flags: list[str], status: str, facts: Make
) -> None:
    stages = {"embed": {"queued_ms": 0.0, "running_ms": embed_ms}}
    records = [record(seq=n, stages=stages, flags=flags) for n in range(3)]
    assert configuration.configuration_effect(facts(records, config=config)).status == status


@pytest.mark.parametrize(("config", "llm_ms", "status"), [
    ("baseline", 105.0, "pass"), ("baseline", 0.02, "fail"), ("mock-embeddings", 0.02, "fail"),
    ("mock-llm", 0.02, "pass"), ("mock-llm", 105.0, "fail"), ("mock-both", 105.0, "fail"),
])  # fmt: skip
def test_an_llm_is_mocked_in_its_stage_too(
    record: Record, config: str, llm_ms: float, status: str, facts: Make
) -> None:
    mocked = mocked_by(config) or ()
    embeddings, llm = (switch in mocked for switch in SWITCHES)
    stages = {"embed": {"running_ms": 0.02 if embeddings else 9.0}, "llm": {"running_ms": llm_ms}}
    records = [record(seq=n, stages=stages, flags=["mock-answer"] if llm else []) for n in range(3)]
    assert configuration.configuration_effect(facts(records, config=config)).status == status


def test_stages_without_running_times_prove_nothing(record: Record, facts: Make) -> None:
    records = [record(stages={"embed": {"queued_ms": 1.0}})]
    assert configuration.configuration_effect(facts(records, config="baseline")).status == "n/a"


def test_a_cache_that_answers_two_in_five_is_seen(record: Record, facts: Make) -> None:
    cached = {"embed": {"queued_ms": 0.0, "running_ms": 0.01}}
    records = [record(seq=n, **({"stages": cached} if n % 5 < 2 else {})) for n in range(20)]
    assert configuration.configuration_effect(facts(records, config="baseline")).status == "fail"


SETTINGS: dict[str, Any] = {
    "RETRIEVAL": "async", "SEARCH_EXECUTOR": "loop", "PREPROCESSING": "offloaded", "LLM_CLIENT": "async",
    "USE_MOCK_EMBEDDINGS": False, "USE_MOCK_LLM": False,
}  # fmt: skip
PATHS = {
    "preprocess": "Preparer@loop-or-preprocess-pool", "embed": "SentenceTransformerEmbeddings@embed-pool",
    "search": "IndexHNSWFlat@loop", "prompt": "Pipeline@loop", "llm": "AsyncLLM@loop",
}  # fmt: skip


def served(settings: dict[str, Any], paths: dict[str, str]) -> Served:
    return Served(config="baseline", settings=SETTINGS | settings, paths=PATHS | paths)


@pytest.mark.parametrize(
    ("settings", "paths"),
    [
        ({}, {}),
        ({"SEARCH_EXECUTOR": "pool"}, {"search": "IndexHNSWFlat@search-pool"}),
        ({"RETRIEVAL": "blocking"}, {"embed": "SentenceTransformerEmbeddings@loop"}),
        (
            {"RETRIEVAL": "threaded", "SEARCH_EXECUTOR": "pool"},
            {"embed": "SentenceTransformerEmbeddings@retrieval-pool", "search": "IndexFlatIP@retrieval-pool"},
        ),
        ({"USE_MOCK_EMBEDDINGS": True}, {"embed": "MockedEmbeddings@loop"}),
        ({"USE_MOCK_LLM": True, "LLM_CLIENT": "threaded"}, {"llm": "MockedLLM@loop"}),
        ({"LLM_CLIENT": "threaded"}, {"llm": "SyncLLM@llm-pool"}),
        ({"PREPROCESSING": "inline"}, {"preprocess": "Preparer@loop"}),
        (
            {"RETRIEVAL": "langchain", "USE_MOCK_EMBEDDINGS": True},
            {"embed": "MockedEmbeddings@default-executor", "search": "FaissStore@default-executor"},
        ),
    ],
)
def test_stages_run_where_the_settings_say(settings: dict[str, Any], paths: dict[str, str]) -> None:
    assert configuration.same_path(Facts(served=served(settings, paths))).status == "pass"


@pytest.mark.parametrize(("settings", "paths", "stage"), [
    ({}, {"search": "IndexHNSWFlat@search-pool"}, "search"), ({"SEARCH_EXECUTOR": "pool"}, {}, "search"),
    ({"USE_MOCK_EMBEDDINGS": True}, {}, "embed"),
    ({"USE_MOCK_EMBEDDINGS": True}, {"embed": "MockedEmbeddings@embed-pool"}, "embed"),
    ({}, {"embed": "MockedEmbeddings@embed-pool"}, "embed"), ({"RETRIEVAL": "blocking"}, {}, "embed"),
    ({"USE_MOCK_LLM": True}, {}, "llm"), ({}, {"llm": "MockedLLM@loop"}, "llm"),
    ({"LLM_CLIENT": "threaded"}, {}, "llm"), ({"PREPROCESSING": "inline"}, {}, "preprocess"),
    ({}, {"embed": ""}, "embed"), ({"RETRIEVAL": "langchain", "USE_MOCK_EMBEDDINGS": True}, {}, "embed"),
])  # fmt: skip
def test_a_stage_that_runs_elsewhere_or_as_something_else_fails(
    settings: dict[str, Any], paths: dict[str, str], stage: str
) -> None:
    check = configuration.same_path(Facts(served=served(settings, paths)))
    assert check.status == "fail"
    assert f"{stage} runs as" in check.text


def test_a_stage_that_the_service_leaves_out_fails() -> None:
    paths = {stage: path for stage, path in PATHS.items() if stage != "search"}
    check = configuration.same_path(Facts(served=Served(config="baseline", settings=SETTINGS, paths=paths)))
    assert (check.status, check.figure) == ("fail", 1)
    assert "search runs as nothing" in check.text


def test_a_service_that_says_no_paths_or_no_settings_is_not_judged() -> None:
    silent = Served(config="baseline", settings=SETTINGS)
    strange = Served(config="baseline", settings={"RETRIEVAL": "their own"}, paths=PATHS)
    assert configuration.same_path(Facts(served=silent)).status == "n/a"
    assert configuration.same_path(Facts(served=strange)).status == "n/a"


def test_every_failure_says_what_to_do(record: Record, held: Held, facts: Make) -> None:
    slow = [record(stages={"embed": {"running_ms": 9.0}})]
    failed = [
        held("mock-llm", "baseline", [], {}, {}),
        held("baseline", "baseline", ["mock-llm"], {}, {}),
        held("baseline", "baseline", [], {"X": "a"}, {"X": "b"}),
        configuration.configuration_effect(facts(slow, config="mock-llm")),
        configuration.configuration_effect(facts(slow, config="mock-embeddings")),
        configuration.same_path(Facts(served=served({"RETRIEVAL": "blocking"}, {}))),
    ]
    for check in failed:
        assert check.status == "fail"
        assert "; restart the service" in check.text or "; see that one service" in check.text
