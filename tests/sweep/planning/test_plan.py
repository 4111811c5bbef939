"""What a sweep decides before it starts anything."""

import json
from dataclasses import replace
from typing import Any

import pytest

from records.cells.point import Point
from records.services.variants import BASELINE, MOCKS, Variant
from sweep.planning.options import parse_targets
from sweep.planning.plan import Plan
from sweep.planning.resolved import resolved
from sweep.planning.variants import check_variant
from sweep.running.errors import UsageError
from sweep_world import plan_of


def _plan(**changes: Any) -> Plan:
    return plan_of("local", **{"variants": (BASELINE, MOCKS["mock-both"]), "levels": (1, 5), **changes})


def test_a_plan_survives_run_json() -> None:
    more = {"cpus": "0:1", "scrape": ("x={target}/metrics",), "probes": True, "inside": True}
    load = {"grid": (("size", (1, 100)),), "locust_args": ("--think-time", "1"), "budget_seconds": 90.0}
    plan = _plan(settings={"RETRIEVAL": "blocking"}, **more, **load)
    assert Plan.from_json(json.loads(json.dumps(plan.to_json()))) == plan
    few = _plan(requests=50)  # at least ten a user
    assert [few.requests_at(Point.of_users(users)) for users in (2, 20)] == [50, 200]


def test_every_cell_once_and_the_order_random_but_the_same_for_a_seed() -> None:
    plan = _plan(levels=(1, 2, 5, 10), repeats=2)
    cells = plan.cells()
    assert len(cells) == len(set(cells)) == 2 * 4 * 2
    first = [c for c in cells if c.repeat == 1]
    order = plan.shuffled(first)
    assert order == plan.shuffled(reversed(first))
    assert order != sorted(first, key=lambda c: c.path)
    assert order != replace(plan, seed=1).shuffled(first)
    assert {cell.concurrency for cell in order[:2]} == {1}
    # A level that ``auto`` adds, or a cell that is there already, changes nothing for the others.
    second = [c for c in cells if c.repeat == 2]
    added = replace(second[0], point=Point.of_users(30))
    assert [c for c in plan.shuffled([*second, added]) if c != added] == plan.shuffled(second)
    assert plan.shuffled(second[3:]) == [c for c in plan.shuffled(second) if c in second[3:]]


def test_all_four_configurations_of_our_own_app_and_as_is_of_somebodys_service() -> None:
    ours = resolved(_plan(variants=()))
    names = [variant.name for variant in ours.variants]
    assert names == ["baseline", "mock-embeddings", "mock-llm", "mock-both"]
    theirs = resolved(_plan(variants=(), targets=parse_targets(["url:http://127.0.0.1:1"])))
    assert theirs.variants == (Variant(name="as-is"),)
    assert resolved(_plan()) == _plan()


def test_an_older_plan_names_its_configurations_and_is_read_as_before() -> None:
    raw = {**_plan().to_json(), "configs": ["mock-llm", "as-is"]}
    later = {"variants", "grid", "reference", "scenario", "workers", "cpus", "scrape", "inside", "probes"}
    raw = {name: value for name, value in raw.items() if name not in later}
    for target in raw["targets"]:
        for later in ("cwd", "ready_path", "ready_seconds"):
            del target[later]
    found = Plan.from_json(raw)
    assert found == _plan(variants=(MOCKS["mock-llm"], Variant(name="as-is")))
    assert (found.cpus, found.scrape, found.inside, found.probes) == ("shared", (), False, False)


def test_a_variant_s_own_settings_come_before_the_common_ones() -> None:
    mine = Variant(name="mine", settings={"INDEX": "flat"})
    plan = _plan(variants=(mine, Variant(name="plain")), settings={"INDEX": "hnsw", "USE_MOCK_LLM": "yes"})
    assert plan.settings_of("mine") == {"INDEX": "flat", "USE_MOCK_LLM": "yes"}
    assert plan.settings_of("plain") == plan.settings


def test_a_grid_is_every_combination_and_each_has_a_folder() -> None:
    plan = _plan(variants=(BASELINE,), levels=(1, 20), grid=(("size", (1, 100)),), repeats=1)
    names = ["size=1,c01", "size=1,c20", "size=100,c01", "size=100,c20"]
    assert [key.path for key in plan.cells()] == [f"local/baseline/{name}-r1" for name in names]
    rates = _plan(variants=(BASELINE,), levels=(), grid=(("rate", (20, 10)),), repeats=1)
    paths = [key.path for key in rates.shuffled(rates.cells())]
    assert paths == [f"local/baseline/rate={rate}-r1" for rate in (10, 20)]
    assert rates.requests_at(Point.of({"rate": 100})) == 300
    with pytest.raises(UsageError, match="neither users nor a rate"):
        Plan.from_json(_plan().to_json() | {"levels": []})


def test_a_plan_knows_by_its_targets_kinds_whether_it_starts_any_and_whether_they_know_the_mocks() -> None:
    ours, theirs, command = parse_targets(["a=local", "local=url:http://127.0.0.1:1/", "run:app {port}"])
    several = ((ours, theirs), (command,), (theirs,))
    assert [_plan(targets=targets).starts_targets for targets in several] == [True, True, False]
    assert [_plan(targets=(one,)).needs_llm for one in (ours, theirs, command)] == [True, False, True]
    assert resolved(_plan(variants=(), targets=(ours, command))).variants == (Variant(name="as-is"),)


def test_what_is_set_without_a_variant_is_in_the_name_of_one() -> None:
    command, theirs = parse_targets(["run:app {port}", "url:http://127.0.0.1:1"])
    settings = {"WORKERS": "4", "KB": "/data/kb"}
    plan = resolved(_plan(variants=(), targets=(command,), settings=settings))
    assert plan.variants == (Variant(name="WORKERS-4_KB-data-kb", settings=settings),)
    assert Plan.from_json(plan.to_json()) == plan
    check_variant(plan.variants[0])
    long = resolved(_plan(variants=(), targets=(command,), settings={"A": "-" * 99 + "é" * 99}))
    check_variant(long.variants[0])
    refused_later = resolved(_plan(variants=(), targets=(command, theirs), settings=settings))
    assert refused_later.variants == (Variant(name="as-is"),)


def test_max_concurrent_bounds_the_levels_that_auto_goes_on_to() -> None:
    assert _plan(auto=True, levels=(1, 10, 20), max_level=60).onward_levels() == (40, 60)
    assert _plan(auto=True, levels=(1, 10), max_level=16).onward_levels() == (15,)
    assert _plan(auto=True, levels=(1, 10, 20), max_level=60).search_levels()[-2:] == (40, 60)
    assert _plan().onward_levels() == _plan().search_levels() == ()
