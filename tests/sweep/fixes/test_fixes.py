"""Which settings mend which finding: tables, held against the settings and findings that there are."""

from pathlib import Path

import pytest

from sweep.fixes.any_app import ANY_APP, remedies_for
from sweep.fixes.reference_app import REFERENCE_APP
from sweep.fixes.remedy import Effective, as_text
from sweep.mending.given_fixes import parse_fixes
from sweep.running.errors import UsageError
from target_app.settings import Settings

FINDERS = Path(__file__).resolve().parents[3] / "reports" / "findings"
HEALTHY = {name: as_text(value) for name, value in Settings().public().items()}


def changes(code: str, cores: int | None = 2, **settings: str) -> list[dict[str, str]]:
    effective = Effective(settings={**HEALTHY, **settings}, cores=cores)
    return [found for remedy in REFERENCE_APP[code] if (found := remedy.changes(effective))]


def test_each_code_is_a_findings_and_each_setting_the_apps() -> None:
    finders = "".join(path.read_text() for path in FINDERS.rglob("*.py"))
    for code, remedies in {**REFERENCE_APP, **remedies_for(["uvicorn"])}.items():
        assert f'"{code}"' in finders
        assert remedies
    for remedy in (one for remedies in REFERENCE_APP.values() for one in remedies):
        assert {*remedy.settings, *remedy.when} <= HEALTHY.keys()
        pairs = [(name, value) for name, values in remedy.when.items() for value in values]
        for name, value in (*pairs, *remedy.settings.items()):
            if isinstance(value, str):
                Settings(**{name.lower(): value})


@pytest.mark.parametrize(("code", "planted", "first"), [
    ("event-loop-blocked", {"RETRIEVAL": "blocking"}, {"RETRIEVAL": "async"}),
    ("event-loop-blocked", {"LLM_CLIENT": "blocking"}, {"LLM_CLIENT": "async"}),
    ("llm-client-blocking", {"LLM_CLIENT": "blocking"}, {"LLM_CLIENT": "async"}),
    ("preprocessing-on-loop", {"PREPROCESSING": "inline"}, {"PREPROCESSING": "offloaded"}),
    ("model-load-on-request-path", {"MODEL_LOADING": "per-request"}, {"MODEL_LOADING": "eager"}),
    ("stage-serialised", {"EMBEDDING_CONCURRENCY": "1"}, {"EMBEDDING_CONCURRENCY": "0"}),
    ("thread-pool-exhausted", {"RETRIEVAL": "threaded"}, {"RETRIEVAL": "async"}),
    ("thread-pool-exhausted", {"SEARCH_EXECUTOR": "pool"}, {"RETRIEVAL_THREADS": "8"}),
    ("default-executor-exhausted", {"RETRIEVAL": "langchain"}, {"RETRIEVAL": "async"}),
    ("search-bound", {"INDEX": "flat"}, {"INDEX": "hnsw"}),
    ("embedding-cpu-bound", {"RETRIEVAL": "threaded"}, {"RETRIEVAL": "async"}),
    ("embedding-cpu-bound", {"TORCH_THREADS": "1"}, {"TORCH_THREADS": "2"}),
    ("cpu-oversubscribed", {"TORCH_THREADS": "16"}, {"TORCH_THREADS": "2"}),
    ("cpu-throttled", {"TORCH_THREADS": "16"}, {"TORCH_THREADS": "2"}),
    ("interpreter-bound", {"PARTIAL_ANSWER": "yes"}, {"PARTIAL_ANSWER": "no"}),
    ("load-shed", {"MAX_INFLIGHT": "4"}, {"MAX_INFLIGHT": "0"}),
])  # fmt: skip
def test_what_mends_a_plant(code: str, planted: dict[str, str], first: dict[str, str]) -> None:
    assert changes(code, **planted)[0] == first


def test_what_is_in_effect_or_cannot_act_is_no_remedy() -> None:
    found = {code: changes(code, TORCH_THREADS="2") for code in REFERENCE_APP}
    # Of the healthy app only where a search is done is left, which is healthy in either place.
    pool = [{"SEARCH_EXECUTOR": "pool"}]
    left = {code: one for code, one in found.items() if one}
    assert left == {"event-loop-blocked": pool, "search-bound": pool}
    assert changes("cpu-throttled", cores=None, TORCH_THREADS="16") == []
    assert changes("thread-pool-exhausted", SEARCH_EXECUTOR="pool", RETRIEVAL_THREADS="256") == []


@pytest.mark.parametrize(("command", "more"), [
    ("uvicorn mine:app --port {port}", True), ("/venv/bin/gunicorn mine:app", True),
    ("python -m uvicorn mine:app", True), ("uvicorn mine:app --workers 2", False),
    ("gunicorn -w 2 mine:app", False), ("python mine.py", False),
])  # fmt: skip
def test_an_app_of_the_users_has_workers_where_its_server_reads_how_many(command: str, more: bool) -> None:
    remedies = remedies_for(command.split())
    assert ("interpreter-bound" in remedies) == more
    if more:
        [remedy] = remedies["interpreter-bound"]
        assert remedy.changes(Effective(settings={}, cores=4)) == {"WEB_CONCURRENCY": "4"}
        assert remedy.changes(Effective(settings={"WEB_CONCURRENCY": "4"}, cores=4)) == {}
        assert remedy.changes(Effective(settings={}, cores=None)) == {}
    assert ("event-loop-blocked" in remedies) == more


@pytest.mark.parametrize(("now", "cores", "wanted"), [
    ({}, 1, "2"), ({}, 4, "4"), ({}, 64, "8"), ({}, None, "2"), ({"WEB_CONCURRENCY": "2"}, 1, None),
])  # fmt: skip
def test_a_loop_that_is_held_has_others_beside_it(
    now: dict[str, str], cores: int | None, wanted: str | None
) -> None:
    [remedy] = remedies_for(["uvicorn"])["event-loop-blocked"]
    expected = {} if wanted is None else {"WEB_CONCURRENCY": wanted}
    assert remedy.changes(Effective(settings=now, cores=cores)) == expected


def test_an_app_of_the_users_has_as_many_threads_as_cores_and_settings_read_as_they_are_set() -> None:
    assert [as_text(value) for value in (True, False, None, 4, "a")] == ["yes", "no", "", "4", "a"]
    many, one = ANY_APP["cpu-oversubscribed"]
    assert many.changes(Effective(settings={"OMP_NUM_THREADS": "8"}, cores=2)) == {"OMP_NUM_THREADS": "2"}
    assert many.changes(Effective(settings={"OMP_NUM_THREADS": "2"}, cores=2)) == {}
    assert one.changes(Effective(settings={"OMP_NUM_THREADS": "2"}, cores=2)) == {"OMP_NUM_THREADS": "1"}


def test_a_users_own_fixes_are_by_code_in_their_order() -> None:
    given = parse_fixes(["my-lock:POOL=8,NAMES=a,b", "gc-pauses:FREEZE=yes", "my-lock:POOL=16"])
    settings = {code: [remedy.settings for remedy in remedies] for code, remedies in given.items()}
    mine = [{"POOL": "8", "NAMES": "a,b"}, {"POOL": "16"}]
    assert settings == {"my-lock": mine, "gc-pauses": [{"FREEZE": "yes"}]}


@pytest.mark.parametrize(("value", "why"), [
    ("POOL=8", "--fix takes CODE:KEY=VALUE"), ("Lock:POOL=8", "--fix takes CODE:KEY=VALUE"),
    ("my-lock:", "--fix my-lock takes NAME=VALUE"), ("my-lock:pool=8", "--fix my-lock takes NAME=VALUE"),
    ("my-lock:MY_API_KEY=sk-1", "MY_API_KEY is a secret"),
])  # fmt: skip
def test_what_is_no_fix_is_refused(value: str, why: str) -> None:
    with pytest.raises(UsageError, match=why) as caught:
        parse_fixes([value])
    assert "sk-1" not in str(caught.value)
