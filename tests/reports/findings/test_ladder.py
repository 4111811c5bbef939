"""What binds first and what next: ceilings of services whose demands are known."""

from typing import Any

import numpy as np
import pytest

from reports.analysis.analysis import Analysis
from reports.as_json.results import results_json
from reports.evidence.ladder import Rung
from reports.figures.repeats import by_repeats
from reports.tables.ladder import ladder_tables

LINE = "retrieve (mine.py:7)"
READ = {"kind": "socket-read", "at": "AsyncStream.read", "where": "answer (mine.py:30)"}


def read(count: float) -> dict[str, Any]:
    return {**READ, "count": count}


def lock(count: float) -> dict[str, Any]:
    return {"kind": "lock", "at": "Lock.acquire", "where": LINE, "count": count}


def pool(busy: int, most: int = 8) -> dict[str, Any]:
    return {"name": "search", "max": most, "threads": most, "busy": busy, "queued": 0}


def rungs(analysis: Analysis) -> dict[str, Rung]:
    [found] = analysis.ladders
    return {rung.resource.kind: rung for rung in found.rungs}


def test_resources_bind_in_the_order_of_their_ceilings(loaded: Any, seen: Any) -> None:
    """100 ms of 8 threads and 10 ms of 2 cores an answer of 100 ms: 80 answers a second, then 200."""
    analysis = loaded(
        seen(users=1, rps=10, waits=(read(1),), executors=(pool(1),), cpu_percent=10),
        seen(users=4, rps=40, waits=(read(4),), executors=(pool(4),), cpu_percent=40),
    )
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
        ("threads of search", "50 %", "100", "80.0", "8"),
        ("processor", "20 %", "10.0", "200", "20"),
    ]
    [written] = results_json(analysis)["ladder"]
    assert [(one["resource"], one["told"]) for one in written["resources"]] == [
        ("executor", "predicted"), ("processor", "predicted")
    ]  # fmt: skip


def test_a_stage_that_works_in_batches_is_not_predicted(loaded: Any, seen: Any) -> None:
    """26 ms an embedding would mean 38 a second; in batches 155 are reached."""
    analysis = loaded(
        seen(users=1, rps=10, waits=(read(1),), executors=(pool(1, 1),), cpu_percent=10),
        seen(users=20, rps=150, waits=(read(20),), executors=(pool(1, 1),), cpu_percent=150),
    )
    found, _ = rungs(analysis).values()
    assert (found.told, found.ceiling, found.users) == ("falls", None, None)
    assert found.by_heaviest == pytest.approx(150)
    [table] = ladder_tables(analysis)
    assert table.rows[0].cells == ("threads of search", "100 %", "100 to 6.67", "-", "-")
    assert table.notes[-1] == (
        "threads of search: not predictable, an answer takes less of it under load, as in batches; "
        "it allows 150 at least."
    )


def test_what_is_taken_besides_answers_is_told_from_batches_by_three_loads(loaded: Any, seen: Any) -> None:
    """A tenth of a core at rest, and 10 ms an answer."""
    loads = [(1, 10, 20), (4, 40, 50), (9, 90, 100)]
    many = [seen(users=n, rps=rps, waits=(read(n),), cpu_percent=cpu) for n, rps, cpu in loads]
    found = rungs(loaded(*many))["processor"]
    assert (found.told, found.ceiling.value) == ("predicted", pytest.approx(190))


def test_a_demand_that_grows_has_no_ceiling_that_is_not_reached(loaded: Any, seen: Any) -> None:
    found = rungs(
        loaded(
            seen(users=1, rps=10, waits=(read(1),), executors=(pool(1, 16),)),
            seen(users=20, rps=40, waits=(read(20),), executors=(pool(8, 16),)),
        )
    )["executor"]
    assert (found.told, found.ceiling) == ("grows", None)


def test_a_pool_that_is_full_is_reached_though_its_demand_grew(loaded: Any, seen: Any) -> None:
    found = rungs(
        loaded(
            seen(users=1, rps=10, waits=(read(1),), executors=(pool(1),)),
            seen(users=20, rps=40, waits=(read(20),), executors=(pool(8),)),
        )
    )["executor"]
    assert (found.told, found.ceiling.value, found.users.value) == (
        "reached", pytest.approx(40), pytest.approx(4, rel=0.02)
    )  # fmt: skip


def test_few_samples_do_not_tell_a_demand_that_falls(loaded: Any, seen: Any) -> None:
    """The loop's thread was seen busy in two of 48 samples: that may be 2 % or 10 %."""
    running = {"at": "x (y.py:1)", "where": LINE}
    found = rungs(
        loaded(
            seen(users=1, rps=10, waits=(read(1),), running=running, loop_busy=2 / 48),
            seen(users=9, rps=90, waits=(read(9),), running=running, loop_busy=0.5),
        )
    )["event-loop"]
    assert (found.told, found.ceiling) == ("unsure", None)


def test_a_lock_is_held_all_the_time_where_many_wait_for_it(loaded: Any, seen: Any) -> None:
    analysis = loaded(
        seen(users=1, rps=10, waits=(read(1),)),
        seen(users=20, rps=40, waits=(read(4), lock(16))),
    )
    found = rungs(analysis)["lock"]
    assert (found.resource.name, found.told, found.ceiling.value) == (LINE, "reached", pytest.approx(40))
    assert found.users.value == pytest.approx(4, rel=0.02)


@pytest.mark.parametrize(("waits", "kind"), [(None, "stage"), ((read(4), lock(16)), "lock")])
def test_the_stage_that_it_serialises_tells_what_holds_a_lock(
    loaded: Any, seen: Any, waits: Any, kind: str
) -> None:
    """24 ms run, one at a time; at the light load 8 more are queued."""
    light, heavy = {"stages": {"find": 32.0}}, {"stages": {"find": (400.0, 24.0)}, "ttft_ms": 500.0}
    before = waits and (read(1),)
    found = rungs(
        loaded(
            seen(users=1, rps=10, waits=before, spec=light),
            seen(users=20, rps=40, waits=waits, spec=heavy),
        )
    )[kind]
    assert (found.told, found.demands) == ("predicted", pytest.approx((0.024, 0.024), rel=0.05))
    assert found.ceiling.value == pytest.approx(41, rel=0.03)


def test_streams_of_an_llm_that_queues_are_its_capacity(loaded: Any, seen: Any) -> None:
    """Four at a time, 100 ms each: 40 answers a second, from 4 users."""
    found = rungs(
        loaded(
            seen(users=1, rps=10, waits=(read(1),), llm_ms=(40, 60)),
            seen(users=20, rps=40, waits=(read(20),), llm_ms=(440, 60), llm_queued_ms=400),
        )
    )["llm"]
    assert (found.capacity, found.told) == (4, "predicted")
    assert (found.ceiling.value, found.users.value) == (pytest.approx(40, rel=0.1), pytest.approx(4, rel=0.1))


def test_an_open_loop_has_no_users_and_one_load_no_ladder(loaded: Any, seen: Any) -> None:
    def at(rate: float, busy: int) -> Any:
        more = {"requested": {"rate": rate}}
        return seen(users=int(rate), rps=rate, waits=(read(busy),), executors=(pool(busy),), spec=more)

    found = rungs(loaded(at(10.0, 1), at(40.0, 4)))["executor"]
    assert (found.ceiling.value, found.users) == (pytest.approx(80), None)


def test_one_load_has_no_ladder(loaded: Any, seen: Any) -> None:
    analysis = loaded(seen(users=4, rps=40, waits=(read(4),), executors=(pool(4),)))
    assert [one.rungs for one in analysis.ladders] == [()]
    assert results_json(analysis)["ladder"] == []
    assert not list(ladder_tables(analysis))


@pytest.mark.parametrize("repeats", [2, 3])
def test_intervals_of_repeats_hold_what_they_claim(repeats: int) -> None:
    rng = np.random.default_rng(repeats)

    def holds(sd: float) -> bool:
        groups = np.exp(rng.normal(0, sd, (2, repeats)))
        found = by_repeats(float(groups[-1].mean()), groups.tolist())
        assert found.low is not None
        return found.low <= 1 <= found.high

    for sd in (0.02, 0.05):
        assert np.mean([holds(sd) for _ in range(1000)]) >= 0.9
