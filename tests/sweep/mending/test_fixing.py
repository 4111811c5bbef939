"""From findings to the plan that tries what mends them."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from records.cells.cell import Cell
from records.cells.point import Point
from records.services.variants import MOCKS, Variant
from reports.analysis.subject import Subject
from reports.figures.load import Load
from reports.findings import catalogue
from reports.findings.common.finding import Effect, Finding
from sweep.choosing.search import Search
from sweep.fixes.remedy import Remedy
from sweep.mending.fixing import CODE_CHANGED, announced, fixing_plan
from sweep.planning.plan import Plan
from sweep.planning.target_options import with_sizes
from sweep_world import plan_of

SLOW = Variant(name="slow", settings={"RETRIEVAL": "blocking"})
PLANTED = {"RETRIEVAL": "blocking", "PREPROCESSING": "inline", "LLM_CLIENT": "blocking"}


def planned(*variants: Variant, deployment: str = "local", **changes: Any) -> Plan:
    changes = {"levels": (1, 20), "auto": True, "budget_seconds": 330.0, **changes}
    return plan_of(deployment, variants=variants or (SLOW,), **changes)


def finding(code: str, config: str = "slow", load: Load | None = None, **more: Any) -> Finding:
    about = Subject(deployment="local", config=config, load=load or Load(users=20))
    effect = Effect(figure="answers a second", now=10.0, mended=23.0)
    known: dict[str, Any] = {"about": about, "effect": effect, "where": "", "binds": "throughput", **more}
    return Finding(code=code, confidence="shown", severity="high", evidence=(), advice="", **known)


def service(config: str = "slow", **cell: Any) -> Any:
    """One that was measured at 1 and at 20 users, or wherever the cell says."""
    known = {"deployment": "local", "settings": PLANTED, "factors": Point.of_users(20), **cell}
    made = Cell(config=config, concurrency=20, repeat=1, **known)
    row, cells = SimpleNamespace(variant=config), [SimpleNamespace(cell=made)]
    level = SimpleNamespace(load=Load.of(made), row=row, valid_cells=cells)
    point = SimpleNamespace(level=level, machine=SimpleNamespace(cores=2.5))
    return SimpleNamespace(deployment="local", config=config, points=(point,), heavy=point)


@pytest.fixture
def fixes(monkeypatch: pytest.MonkeyPatch) -> Any:
    def made(found: list[Finding], plan: Plan, *services: Any, **given: Any) -> Any:
        monkeypatch.setattr(catalogue, "diagnosis", lambda analysis: tuple(found))
        analysis: Any = SimpleNamespace(services=services or (service(),))
        return fixing_plan(analysis, plan, given.pop("given", {}), **given)

    return made


def test_the_original_is_measured_anew_beside_its_fixes_at_the_load_of_the_finding(fixes: Any) -> None:
    where = "retrieve (target_app/retrieval.py:40)"
    found = [finding("event-loop-blocked", where=where), finding("preprocessing-on-loop", effect=None)]
    plan = fixes(found, planned(repeats=3, seed=7, locust_args=("--think-time", "1")))
    assert plan.variants == (
        SLOW,
        Variant(name="fix-event-loop-blocked", settings={"RETRIEVAL": "async"}),
        Variant(name="fix-preprocessing-on-loop", settings={**SLOW.settings, "PREPROCESSING": "offloaded"}),
        Variant(name="fix-event-loop-blocked-2", settings={**SLOW.settings, "LLM_CLIENT": "async"}),
    )
    assert (plan.levels, plan.grid, plan.auto, plan.repeats, plan.seed) == ((20,), (), False, 3, 7)
    assert (plan.reference, plan.name, plan.budget_seconds) == ("slow", "t-fixes", None)
    assert plan.locust_args == ("--think-time", "1")
    first, second, _ = plan.fixes
    assert (first.code, first.of, first.where) == ("event-loop-blocked", "slow", where)
    assert (first.settings, first.figure) == ({"RETRIEVAL": "async"}, "answers a second")
    assert (first.predicted, second.predicted) == (2.3, None)
    assert Plan.from_json(plan.to_json()) == plan


def test_what_is_announced_says_what_it_is_and_how_long_it_takes(fixes: Any) -> None:
    plan = fixes([finding("preprocessing-on-loop")], planned())
    given = {"gc-pauses": (Remedy(settings={"A": "b"}),)}
    assert announced(plan, Search(plan=plan).expected_cells(), given) == [
        "trying 1 fix beside slow of local at 20 users:",
        "  fix-preprocessing-on-loop: PREPROCESSING=offloaded; predicted 2.30x answers a second",
        "--fix gc-pauses is not tried: that was not found there",
        "4 cells, 2 repeats, about 0:52",
    ]


@pytest.mark.parametrize(("before", "now", "changed"), [
    ("a1", "b2", True), ("a1", "a1", False), ("", "b2", False), ("a1", "", False),
])  # fmt: skip
def test_code_that_changed_since_the_finding_is_said_first(
    fixes: Any, before: str, now: str, changed: bool
) -> None:
    at = service(requested={"service": {"code": before}})
    plan = fixes([finding("preprocessing-on-loop")], planned(), at)
    assert Plan.from_json(plan.to_json()).fixes[0].found_in == before
    assert (announced(plan, 4, {}, code=now)[1] == CODE_CHANGED) == changed


def test_what_relieves_only_is_not_predicted_to_gain_what_mending_does(fixes: Any) -> None:
    at = service("mine", settings={}, deployment="mine")
    at.deployment = "mine"
    about = Subject(deployment="mine", config="mine", load=at.heavy.level.load)
    plan = planned(Variant(name="mine", settings={}), deployment="mine=run:uvicorn mine:app --port {port}")
    [fix] = fixes([finding("event-loop-blocked", about=about)], plan, at).fixes
    assert (fix.settings, fix.predicted, fix.figure) == ({"WEB_CONCURRENCY": "2"}, None, "")


def test_a_users_own_fix_comes_first_and_then_what_acts_where_the_finding_points(fixes: Any) -> None:
    given = {"event-loop-blocked": (Remedy(settings={"INDEX": "flat"}),)}
    found = [finding("event-loop-blocked", where="ask (target_app/llm.py:9)")]
    plan = fixes(found, planned(), given=given, repeats=5)
    settings = [{"INDEX": "flat"}, {"LLM_CLIENT": "async"}, {"RETRIEVAL": "async"}]
    assert ([fix.settings for fix in plan.fixes], plan.repeats) == (settings, 5)


def test_a_throttled_pod_is_tried_with_the_threads_that_fit_its_quota_as_on_its_node(fixes: Any) -> None:
    at = service(settings={"TORCH_THREADS": 2, "RETRIEVAL": "async"}, deployment="pod")
    at.deployment, at.heavy.machine.cores = "pod", 0.5
    plan = planned(deployment="pod")
    plan = replace(plan, targets=with_sizes(plan.targets, 32))
    about = Subject(deployment="pod", config="slow", load=at.heavy.level.load)
    tried = fixes([finding("cpu-throttled", about=about)], plan, at)
    assert [fix.settings for fix in tried.fixes] == [{"TORCH_THREADS": "1"}]
    assert [target.as_if_cores for target in tried.targets] == [32]


def test_of_a_time_less_is_better(fixes: Any) -> None:
    effect = Effect(figure="mean TTFT", unit="ms", now=300.0, mended=100.0, low=75.0, high=150.0)
    plan = fixes([finding("preprocessing-on-loop", effect=effect)], planned())
    [fix] = plan.fixes
    assert (fix.predicted_low, fix.predicted, fix.predicted_high) == (2.0, 3.0, 4.0)
    assert not fix.of_rate


def test_two_findings_that_one_setting_mends_are_one_fix_and_one_of_a_fix_has_its_own_name(
    fixes: Any,
) -> None:
    found = [finding("llm-client-blocking"), finding("interpreter-bound")]
    given = {"INDEX": "flat", "USE_MOCK_LLM": "yes", "OPENAI_BASE_URL": "http://h/v1", "RETRIEVAL": "x"}
    own = {"LLM_CLIENT": "blocking", "PARTIAL_ANSWER": "no", "PREPROCESSING": "offloaded"}
    plan = fixes(found, planned(), service(settings=own, requested={"set": given}))
    assert [fix.variant for fix in plan.fixes] == ["fix-llm-client-blocking"]
    assert plan.settings == {"INDEX": "flat"}  # what the environment set stays set
    fixed = Variant(name="fix-event-loop-blocked", settings={"RETRIEVAL": "async"})
    at = service(fixed.name, settings={"LLM_CLIENT": "blocking"})
    plan = fixes([finding("event-loop-blocked", fixed.name)], planned(fixed), at)
    assert plan.fixes[0].variant == "fix-event-loop-blocked-2"


def test_what_a_mock_uncovers_is_mended_only_where_nothing_else_was_measured(fixes: Any) -> None:
    found = [finding("event-loop-blocked", "mock-llm"), finding("preprocessing-on-loop", "baseline")]
    mocked, own = service("mock-llm"), service("baseline")
    plan = fixes(found, planned(MOCKS["baseline"], MOCKS["mock-llm"]), mocked, own)
    assert [fix.of for fix in plan.fixes] == ["baseline"]
    assert {fix.of for fix in fixes(found[:1], planned(MOCKS["mock-llm"]), mocked).fixes} == {"mock-llm"}


def test_of_a_run_that_tried_fixes_it_goes_on_from_them(fixes: Any) -> None:
    found = [finding("event-loop-blocked"), finding("preprocessing-on-loop", "fix-event-loop-blocked")]
    tried = fixes(found[:1], planned())
    fixed = service("fix-event-loop-blocked", settings={**PLANTED, "RETRIEVAL": "async"})
    plan = fixes(found, tried, service(), fixed)
    [fix] = plan.fixes
    assert (fix.of, fix.settings) == ("fix-event-loop-blocked", {"PREPROCESSING": "offloaded"})
    assert plan.name == "t-fixes"
    assert plan.variants[1].settings == {"RETRIEVAL": "async", "PREPROCESSING": "offloaded"}
    assert "of gc-pauses no setting" in fixes([finding("gc-pauses", fixed.config)], tried, fixed)
    assert "nothing was found" in fixes(found[:1], tried, service(), fixed)


def test_an_open_loop_keeps_its_rate_and_other_factors(fixes: Any) -> None:
    at = service(factors=Point.of({"rate": 20, "max-tokens": 16}), requested={"rate": 20})
    found = finding("preprocessing-on-loop", load=at.heavy.level.load)
    plan = fixes([found], planned(levels=(), auto=False, grid=(("rate", (10, 20)),)), at)
    assert (plan.levels, plan.grid) == ((), (("rate", (20,)), ("max-tokens", (16,))))
    assert len(plan.points()) == 1


@pytest.mark.parametrize(("found", "deployment", "why"), [
    ([], "local", "nothing was found that holds a service back"),
    ([finding("scales", binds="nothing")], "local", "nothing was found"),
    ([finding("noisy-neighbour")], "local", "of noisy-neighbour no setting is known"),
    ([finding("event-loop-blocked")], "local=url:http://127.0.0.1:1", "of those that can be set"),
])  # fmt: skip
def test_where_there_is_no_fix_one_line_says_so(fixes: Any, found: Any, deployment: str, why: str) -> None:
    said = fixes(found, planned(deployment=deployment))
    assert said.startswith("no fix to try: ")
    assert why in said


def test_threads_that_it_was_given_with_its_cpus_are_in_effect(fixes: Any) -> None:
    cpus = {"mode": "auto", "target": [1, 2]}
    at = service("as-is", settings={}, requested={"cpus": cpus})
    plan = planned(Variant(name="as-is"), deployment="local=run:my-app")
    [fix] = fixes([finding("cpu-oversubscribed", "as-is")], plan, at).fixes
    assert fix.settings == {"OMP_NUM_THREADS": "1"}
