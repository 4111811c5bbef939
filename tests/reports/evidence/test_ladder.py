"""What binds first and what next: ceilings of services whose demands are known, and what mending gives."""

from typing import Any

import numpy as np
import pytest

from reports.analysis.analysis import Analysis
from reports.as_json.results import results_json
from reports.evidence.ladder import Rung
from reports.figures.repeats import by_repeats
from reports.tables.ladder import ladder_tables

LINE = "retrieve (mine.py:7)"


def read(count: float) -> dict[str, Any]:
    return {"kind": "socket-read", "at": "AsyncStream.read", "where": "answer (mine.py:30)", "count": count}


def lock(count: float) -> dict[str, Any]:
    return {"kind": "lock", "at": "Lock.acquire", "where": LINE, "count": count}


def pool(busy: int, most: int = 8) -> tuple[dict[str, Any], ...]:
    return ({"name": "search", "max": most, "threads": most, "busy": busy, "queued": 0},)


def rungs(analysis: Analysis) -> dict[str, Rung]:
    [found] = analysis.ladders
    return {rung.resource.kind: rung for rung in found.rungs}


@pytest.fixture
def climbed(loaded: Any, seen: Any) -> Any:
    """Loads of ``(users, answers a second, more)``, whose requests read from the LLM if nothing is said."""
    return lambda *loads: loaded(
        *(seen(**{"users": n, "rps": rps, "waits": (read(n),), **more}) for n, rps, more in loads)
    )


def test_resources_bind_in_the_order_of_their_ceilings(climbed: Any) -> None:
    """100 ms of 8 threads and 10 ms of 2 cores an answer of 100 ms: 80 answers a second, then 200."""
    loads = ((n, 10 * n, {"executors": pool(n), "cpu_percent": 10 * n}) for n in (1, 4))
    analysis = climbed(*loads)
    found = rungs(analysis)
    assert list(found) == ["executor", "processor"]
    threads, processor = found.values()
    assert (threads.told, threads.share, threads.capacity) == ("predicted", pytest.approx(0.5), 8)
    assert threads.demands == pytest.approx((0.1, 0.1))
    assert (threads.ceiling.value, threads.ceiling.low) == (pytest.approx(80), None)
    assert threads.users.value == pytest.approx(8, rel=0.02)
    assert processor.ceiling.value == pytest.approx(200)
    [table] = ladder_tables(analysis)
    assert [row.cells for row in table.rows] == [
        ("threads of search", "50 %", "100", "80.0", "8"), ("processor", "20 %", "10.0", "200", "20"),
    ]  # fmt: skip
    [written] = results_json(analysis)["ladder"]
    told = [(one["resource"], one["told"]) for one in written["resources"]]
    assert told == [("executor", "predicted"), ("processor", "predicted")]


def test_a_stage_that_works_in_batches_is_not_predicted(climbed: Any) -> None:
    """26 ms an embedding would mean 38 a second; in batches 155 are reached."""
    loads = ((1, 10, 10), (20, 150, 150))
    analysis = climbed(*((n, rps, {"executors": pool(1, 1), "cpu_percent": cpu}) for n, rps, cpu in loads))
    found, _ = rungs(analysis).values()
    assert (found.told, found.ceiling, found.users) == ("falls", None, None)
    assert found.by_heaviest == pytest.approx(150)
    [table] = ladder_tables(analysis)
    assert table.rows[0].cells == ("threads of search", "100 %", "100 to 6.67", "-", "-")
    assert table.notes[-1].startswith("threads of search: not predictable, an answer takes less of it under")
    assert table.notes[-1].endswith("it allows 150 at least.")


def test_what_is_taken_besides_answers_is_told_from_batches_by_three_loads(climbed: Any) -> None:
    """A tenth of a core at rest, and 10 ms an answer."""
    loads = ((n, 10 * n, {"cpu_percent": 10 * n + 10}) for n in (1, 4, 9))
    found = rungs(climbed(*loads))["processor"]
    assert (found.told, found.ceiling.value) == ("predicted", pytest.approx(190))


def test_a_demand_that_grows_has_no_ceiling_that_is_not_reached(climbed: Any) -> None:
    loads = ((1, 10, {"executors": pool(1, 16)}), (20, 40, {"executors": pool(8, 16)}))
    found = rungs(climbed(*loads))["executor"]
    assert (found.told, found.ceiling) == ("grows", None)


@pytest.mark.parametrize(("light", "heavy", "name"), [
    ({"executors": pool(1)}, {"executors": pool(8)}, "executor"),  # full, though its demand grew
    ({}, {"waits": (read(4), lock(16))}, "lock"),  # held all the time where many wait for it
])  # fmt: skip
def test_what_is_full_is_reached(climbed: Any, light: Any, heavy: Any, name: str) -> None:
    found = rungs(climbed((1, 10, light), (20, 40, heavy)))[name]
    assert found.resource.name == (LINE if name == "lock" else "search")
    assert (found.told, found.ceiling.value) == ("reached", pytest.approx(40))
    assert found.users.value == pytest.approx(4, rel=0.02)


def test_few_samples_do_not_tell_a_demand_that_falls(climbed: Any) -> None:
    """The loop's thread was seen busy in two of 48 samples: that may be 2 % or 10 %."""
    running = {"at": "x (y.py:1)", "where": LINE}
    busy = ((n, 10 * n, {"running": running, "loop_busy": share}) for n, share in ((1, 2 / 48), (9, 0.5)))
    found = rungs(climbed(*busy))["event-loop"]
    assert (found.told, found.ceiling) == ("unsure", None)


@pytest.mark.parametrize(("waits", "kind"), [(None, "stage"), ((read(4), lock(16)), "lock")])
def test_the_stage_that_it_serialises_tells_what_holds_a_lock(climbed: Any, waits: Any, kind: str) -> None:
    """24 ms run, one at a time; at the light load 8 more are queued."""
    light, heavy = {"stages": {"find": 32.0}}, {"stages": {"find": (400.0, 24.0)}, "ttft_ms": 500.0}
    before = {"waits": waits and (read(1),), "spec": light}
    found = rungs(climbed((1, 10, before), (20, 40, {"waits": waits, "spec": heavy})))[kind]
    assert (found.told, found.demands) == ("predicted", pytest.approx((0.024, 0.024), rel=0.05))
    assert found.ceiling.value == pytest.approx(41, rel=0.03)


def test_streams_of_an_llm_that_queues_are_its_capacity(climbed: Any) -> None:
    """Four at a time, 100 ms each: 40 answers a second, from 4 users."""
    queued = {"llm_ms": (440, 60), "llm_queued_ms": 400}
    found = rungs(climbed((1, 10, {"llm_ms": (40, 60)}), (20, 40, queued)))["llm"]
    assert (found.capacity, found.told) == (4, "predicted")
    assert (found.ceiling.value, found.users.value) == pytest.approx((40, 4), rel=0.1)


def test_an_open_loop_has_no_users(climbed: Any) -> None:
    def at(rate: float, busy: int) -> Any:
        more = {"waits": (read(busy),), "executors": pool(busy), "spec": {"requested": {"rate": rate}}}
        return int(rate), rate, more

    found = rungs(climbed(at(10.0, 1), at(40.0, 4)))["executor"]
    assert (found.ceiling.value, found.users) == (pytest.approx(80), None)


def test_one_load_has_no_ladder(climbed: Any) -> None:
    analysis = climbed((4, 40, {"executors": pool(4)}))
    assert [one.rungs for one in analysis.ladders] == [()]
    assert results_json(analysis)["ladder"] == list(ladder_tables(analysis)) == []


@pytest.mark.parametrize("repeats", [2, 3])
def test_intervals_of_repeats_hold_what_they_claim(repeats: int) -> None:
    rng = np.random.default_rng(repeats)

    def holds(sd: float) -> bool:
        groups = np.exp(rng.normal(0, sd, (2, repeats)))
        found = by_repeats(float(groups[-1].mean()), groups.tolist())
        return bool(found.low <= 1 <= found.high)

    for sd in (0.02, 0.05):
        assert np.mean([holds(sd) for _ in range(1000)]) >= 0.9


def at_both(seen: Any, *, kind: str = "lock", repeat: int = 1, rps: float = 40, busy: int = 0) -> list[Any]:
    """16 of 20 wait for a lock: without it they would get 200 answers a second."""
    executors = (pool(max(1, busy // 4)), pool(busy)) if busy else ((), ())
    waits = (read(1),), (read(4), {**lock(16), "kind": kind})
    return [
        seen(users=n, rps=each, waits=own, executors=held, cpu_percent=10, spec={"repeat": repeat})
        for n, each, own, held in zip((1, 20), (10, rps), waits, executors, strict=True)
    ]


@pytest.mark.parametrize("waiting", [19.5, 25.0])
def test_without_what_waits_no_answer_is_faster_than_at_the_light_load(
    diagnose: Any, seen: Any, waiting: float
) -> None:
    """Of requests that are seen at a lock some only passed it, and more than there are may be counted."""
    [found] = diagnose(
        seen(users=1, rps=10, waits=(read(1),), cpu_percent=1),
        seen(users=20, rps=40, waits=(lock(waiting),), cpu_percent=4),
    )
    assert found.code == "stage-serialised"
    assert found.effect.mended == pytest.approx(200)  # 20 users, 10 answers a second each


@pytest.mark.parametrize(("kind", "busy", "code", "rate"), [
    ("lock", 0, "stage-serialised", 200),
    ("lock", 4, "stage-serialised", 80),  # each answer takes 100 ms of 8 threads: 80 answers a second
    ("executor-queue", 8, "thread-pool-exhausted", 200),  # the full pool's own ceiling is what goes
])  # fmt: skip
def test_the_next_ceiling_bounds_what_mending_gives(
    diagnose: Any, seen: Any, kind: str, busy: int, code: str, rate: int
) -> None:
    [found, *_] = diagnose(*at_both(seen, kind=kind, busy=busy))
    assert (found.code, found.effect.mended) == (code, pytest.approx(rate))
    assert (found.effect.low, found.effect.high) == (None, None)


@pytest.mark.parametrize(("busy", "rate"), [(0, 200), (4, 80)])
def test_repeats_give_it_an_interval(diagnose: Any, seen: Any, busy: int, rate: int) -> None:
    both = [at_both(seen, repeat=repeat, rps=rps, busy=busy) for repeat, rps in ((1, 39), (2, 41))]
    effect = next(x.effect for x in diagnose(*both[0], *both[1]) if x.code == "stage-serialised")
    assert effect.mended == pytest.approx(rate, rel=0.02)
    assert 0.8 * rate < effect.low < effect.mended < effect.high < 1.3 * rate
