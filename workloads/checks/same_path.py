"""Does each stage of the reference app run as and where its settings say?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from records.cells.cell import Check
from records.services.variants import SWITCHES
from workloads.checks.advice import advised
from workloads.checks.definition import declared
from workloads.checks.facts import Facts

PATH_ADVICE = "restart the service with the settings that are meant, and compare it with nothing until then"
LOOP = "loop"
OF_RETRIEVAL = {
    # RETRIEVAL: (executor of embed, executor of search; None: SEARCH_EXECUTOR says)
    "async": ("embed-pool", None),
    "threaded": ("retrieval-pool", "retrieval-pool"),
    "blocking": (LOOP, LOOP),
}
OF_SEARCH_EXECUTOR = {"loop": LOOP, "pool": "search-pool"}
OF_PREPROCESSING = {"offloaded": "loop-or-preprocess-pool", "inline": LOOP}
OF_LLM_CLIENT = {"async": LOOP, "threaded": "llm-pool", "blocking": LOOP}
LANGCHAIN = "langchain"
"""Where it runs a stage is up to the store or the model: no setting says so."""
MOCK_CLASS = "Mock"


@declared("same-path")
def same_path(facts: Facts) -> Check:
    """Does each stage run where the settings say, and is it a mock's class where a mock is set, and there
    alone? What no setting speaks of is not held against anything."""
    name, served = "same-path", facts.served
    if not served.paths:
        return Check(name=name, status="n/a", text="the service does not say what runs its stages")
    executors = _executors(served.settings)
    mocks = _mocks(served.settings)
    if not executors and not mocks:
        return Check(name=name, status="n/a", text="no setting says what should run the stages")
    wrong = []
    for stage in sorted({*executors, *mocks}):
        path = served.paths.get(stage, "")
        kind, _, executor = path.partition("@")
        mocked = kind.startswith(MOCK_CLASS)
        if executor != executors.get(stage, executor) or mocked != mocks.get(stage, mocked):
            wrong.append(f"{stage} runs as {path or 'nothing'}")
    if wrong:
        text = f"not what the settings say: {', '.join(wrong)}"
        return advised(Check(name=name, status="fail", figure=len(wrong), bound=0, text=text), PATH_ADVICE)
    return Check(
        name=name, status="pass", figure=0, bound=0, text="every stage runs as and where the settings say"
    )


def _mocks(settings: Mapping[str, Any]) -> dict[str, bool]:
    """Whether a stage is mocked, by stage, as far as settings say."""
    said = {switch.stage: settings.get(switch.setting) for switch in SWITCHES}
    return {stage: value for stage, value in said.items() if isinstance(value, bool)}


def _executors(settings: Mapping[str, Any]) -> dict[str, str]:
    """Where each stage is to run, as far as settings say: a mock always on the event loop, but for embeddings
    that a LangChain store asks for from wherever it is."""
    embed, search = OF_RETRIEVAL.get(str(settings.get("RETRIEVAL")), (None, None))
    found = {
        "preprocess": OF_PREPROCESSING.get(str(settings.get("PREPROCESSING"))),
        "embed": embed,
        "search": search or (embed and OF_SEARCH_EXECUTOR.get(str(settings.get("SEARCH_EXECUTOR")))),
        "llm": OF_LLM_CLIENT.get(str(settings.get("LLM_CLIENT"))),
    }
    found |= {stage: LOOP for stage, mocked in _mocks(settings).items() if mocked}
    if settings.get("RETRIEVAL") == LANGCHAIN:
        found["embed"] = None
    return {stage: executor for stage, executor in found.items() if executor}
