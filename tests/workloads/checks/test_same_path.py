"""A stage that runs as or where no setting says is seen."""

from typing import Any

import pytest

from records.services.served import Served
from workloads.checks.facts import Facts
from workloads.checks.same_path import same_path

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


LANGCHAIN = {"RETRIEVAL": "langchain", "USE_MOCK_EMBEDDINGS": True}
MODEL = "SentenceTransformerEmbeddings"


@pytest.mark.parametrize(("settings", "paths", "wrong"), [
    ({}, {}, ""), ({"SEARCH_EXECUTOR": "pool"}, {"search": "IndexHNSWFlat@search-pool"}, ""),
    ({"RETRIEVAL": "blocking"}, {"embed": f"{MODEL}@loop"}, ""),
    ({"RETRIEVAL": "threaded", "SEARCH_EXECUTOR": "pool"},
     {"embed": f"{MODEL}@retrieval-pool", "search": "IndexFlatIP@retrieval-pool"}, ""),
    ({"USE_MOCK_EMBEDDINGS": True}, {"embed": "MockedEmbeddings@loop"}, ""),
    ({"USE_MOCK_LLM": True, "LLM_CLIENT": "threaded"}, {"llm": "MockedLLM@loop"}, ""),
    ({"LLM_CLIENT": "threaded"}, {"llm": "SyncLLM@llm-pool"}, ""),
    ({"PREPROCESSING": "inline"}, {"preprocess": "Preparer@loop"}, ""),
    (LANGCHAIN, {"embed": "MockedEmbeddings@default-executor", "search": "FaissStore@default-executor"}, ""),
    ({}, {"search": "IndexHNSWFlat@search-pool"}, "search"), ({"SEARCH_EXECUTOR": "pool"}, {}, "search"),
    ({"USE_MOCK_EMBEDDINGS": True}, {}, "embed"),
    ({"USE_MOCK_EMBEDDINGS": True}, {"embed": "MockedEmbeddings@embed-pool"}, "embed"),
    ({}, {"embed": "MockedEmbeddings@embed-pool"}, "embed"), ({"RETRIEVAL": "blocking"}, {}, "embed"),
    ({"USE_MOCK_LLM": True}, {}, "llm"), ({}, {"llm": "MockedLLM@loop"}, "llm"),
    ({"LLM_CLIENT": "threaded"}, {}, "llm"), ({"PREPROCESSING": "inline"}, {}, "preprocess"),
    ({}, {"embed": ""}, "embed"), (LANGCHAIN, {}, "embed"),
])  # fmt: skip
def test_stages_run_where_the_settings_say(
    settings: dict[str, Any], paths: dict[str, str], wrong: str
) -> None:
    check = same_path(Facts(served=served(settings, paths)))
    assert check.status == ("fail" if wrong else "pass")
    assert not wrong or (f"{wrong} runs as" in check.text and "; restart the service" in check.text)


def test_a_stage_that_the_service_leaves_out_fails_and_one_that_says_nothing_is_not_judged() -> None:
    paths = {stage: path for stage, path in PATHS.items() if stage != "search"}
    check = same_path(Facts(served=Served(config="baseline", settings=SETTINGS, paths=paths)))
    assert (check.status, check.figure) == ("fail", 1)
    assert "search runs as nothing" in check.text
    silent = Served(config="baseline", settings=SETTINGS)
    strange = Served(config="baseline", settings={"RETRIEVAL": "their own"}, paths=PATHS)
    for one in (silent, strange):
        assert same_path(Facts(served=one)).status == "n/a"
