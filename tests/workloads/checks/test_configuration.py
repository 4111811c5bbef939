"""A configuration that is not in effect is seen, in what is said and in what comes back."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from records.cells.cell import Check
from records.cells.request import RequestRecord
from records.services.served import Served
from records.services.variants import LLM, MOCKS
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


BLOCKING, ASYNC = {"RETRIEVAL": "blocking"}, {"RETRIEVAL": "async"}
OWN = {"RETRIEVAL": "blocking", "USE_MOCK_LLM": "yes"}
OWN_SERVED = {"RETRIEVAL": "blocking", "USE_MOCK_LLM": True}
MOCKED = MOCKS["mock-llm"].settings
NO_CONFIG = "the service has no /config: "


@pytest.mark.parametrize(("asked", "told", "named", "settings", "wanted", "status", "figure", "said"), [
    ("mock-llm", "baseline", ["baseline"], {}, {}, "fail", "baseline", ""),  # a mock that was never on
    ("baseline", "baseline", ["baseline", "mock-llm"], {}, {}, "fail", None, ""),  # an answer names another
    ("baseline", "baseline", [], ASYNC, BLOCKING, "fail", None, ""),
    ("baseline", "baseline", [], BLOCKING, BLOCKING, "pass", None, ""),
    # a setting may be served as number or bool
    *(("baseline", "baseline", [], {"X": one}, {"X": wanted}, "pass", None, "")
      for one, wanted in ((5.0, "5"), (True, "yes"), (False, "no"), ("flat", "flat"))),
    # a variant of the user's is held by its settings and not by its name
    (None, "mock-llm", ["mock-llm"], OWN_SERVED, OWN, "pass", "mock-llm",
     "name mock-llm, and the settings asked for are in effect"),
    (None, "mock-llm", ["baseline"], OWN_SERVED, OWN, "fail", None, ""),
    (None, "mock-llm", [], OWN_SERVED | {"USE_MOCK_LLM": False}, OWN, "fail", "USE_MOCK_LLM=False", ""),
    # a mock is held by its settings too where they are listed
    ("mock-llm", "mock-llm", [], {}, MOCKED, "pass", None, ""),
    ("mock-llm", "mock-llm", [], {LLM.setting: True}, MOCKED, "pass", None, ""),
    ("mock-llm", "mock-llm", [], {LLM.setting: False}, MOCKED, "fail", None, ""),
    ("as-is", None, [None], {}, {}, "n/a", None, "as-is"),
    ("four", None, [None], {}, {}, "n/a", None, f"{NO_CONFIG}four was set, not proved"),
    ("four", None, [None], {}, {"N": "4"}, "n/a", None, f"{NO_CONFIG}four was set, not proved"),
    (None, None, [None], {}, {"N": "4"}, "n/a", None,
     f"{NO_CONFIG}what it was to run with was set, not proved"),
])  # fmt: skip
def test_what_was_asked_for_is_held_against_what_is_served(
    held: Held,
    asked: Any,
    told: Any,
    named: Any,
    settings: Any,
    wanted: Any,
    status: str,
    figure: Any,
    said: str,
) -> None:
    check = held(asked, told, named, settings, wanted)
    assert (check.status, said in check.text) == (status, True)
    assert figure is None or check.figure == figure


def test_a_setting_that_a_service_does_not_say_is_unproved_and_another_that_is_wrong_still_fails(
    facts: Make,
) -> None:
    served = Served(config="custom", settings={"N": 4})
    for n, status, said in (("4", "n/a", "/config does not say WORKERS: set, not proved"), ("5", "fail", "")):
        check = configuration.configuration(facts(served=served, settings={"N": n}, unproved=("WORKERS",)))
        assert (check.status, said in check.text) == (status, True)


def ran(embed: float, llm: float | None = None) -> dict[str, Any]:
    return {"embed": {"queued_ms": 0.0, "running_ms": embed}} | ({"llm": {"running_ms": llm}} if llm else {})


MOCK = ["mock-answer"]


@pytest.mark.parametrize(("config", "stages", "flags", "status"), [
    ("baseline", ran(9.0), [], "pass"), ("baseline", ran(0.02), [], "fail"),
    ("baseline", ran(9.0), MOCK, "fail"), ("mock-embeddings", ran(0.02), [], "pass"),
    ("mock-embeddings", ran(9.0), [], "fail"), ("mock-llm", ran(9.0), MOCK, "pass"),
    ("mock-llm", ran(9.0), [], "fail"), ("mock-both", ran(0.02), MOCK, "pass"),
    ("as-is", ran(9.0), [], "n/a"), ("baseline", ran(9.0, 105.0), [], "pass"),
    ("baseline", ran(9.0, 0.02), [], "fail"),
    ("mock-embeddings", ran(0.02, 0.02), [], "fail"), ("mock-llm", ran(9.0, 0.02), MOCK, "pass"),
    ("mock-llm", ran(9.0, 105.0), MOCK, "fail"), ("mock-both", ran(0.02, 105.0), MOCK, "fail"),
    ("baseline", {"embed": {"queued_ms": 1.0}}, [], "n/a"),  # no running time proves anything
])  # fmt: skip
def test_a_configuration_is_seen_in_its_effect(
    record: Record, facts: Make, config: str, stages: Any, flags: list[str], status: str
) -> None:
    records = [record(seq=n, stages=stages, flags=flags) for n in range(3)]
    assert configuration.configuration_effect(facts(records, config=config)).status == status


@pytest.mark.parametrize(("slow", "status"), [(2, "pass"), (3, "fail")])
def test_one_or_two_answers_may_be_slow_by_themselves(
    record: Record, facts: Make, slow: int, status: str
) -> None:
    records = [record(seq=n, stages=ran(9.0 if n < slow else 0.02)) for n in range(20)]
    assert configuration.configuration_effect(facts(records, config="mock-embeddings")).status == status


def test_a_cache_that_answers_two_in_five_is_seen(record: Record, facts: Make) -> None:
    cached = {"embed": {"queued_ms": 0.0, "running_ms": 0.01}}
    records = [record(seq=n, **({"stages": cached} if n % 5 < 2 else {})) for n in range(20)]
    assert configuration.configuration_effect(facts(records, config="baseline")).status == "fail"


def test_every_failure_says_what_to_do(record: Record, held: Held, facts: Make) -> None:
    slow = [record(stages={"embed": {"running_ms": 9.0}})]
    failed = [
        held("mock-llm", "baseline", [], {}, {}),
        held("baseline", "baseline", ["mock-llm"], {}, {}),
        held("baseline", "baseline", [], {"X": "a"}, {"X": "b"}),
        configuration.configuration_effect(facts(slow, config="mock-llm")),
        configuration.configuration_effect(facts(slow, config="mock-embeddings")),
    ]
    for check in failed:
        assert check.status == "fail"
        assert "; restart the service" in check.text or "; see that one service" in check.text
