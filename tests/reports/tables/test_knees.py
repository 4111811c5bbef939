"""A knee that the levels do not show stands beside what is full there, and why both hold."""

from types import SimpleNamespace
from typing import Any

import pytest

from reports.evidence.demand import EVENT_LOOP, EXECUTOR, PROCESSOR, Resource
from reports.figures.stats import Estimate
from reports.tables.knees import knee_paragraph

NO_MORE = "more users get no more."


def _rung(kind: str, share: float, ceiling: float | None = None, told: str = "falls", name: str = "") -> Any:
    return SimpleNamespace(
        resource=Resource(kind=kind, name=name), share=share, binds_now=share >= 0.9, told=told,
        ceiling=None if ceiling is None else Estimate(value=ceiling),
    )  # fmt: skip


LOOP = _rung(EVENT_LOOP, 0.97, 46.0, "reached")
POOL = _rung(EXECUTOR, 1.0, name="embed-pool")


@pytest.mark.parametrize(("rungs", "knee", "said"), [
    ((LOOP,), {}, "But its event loop is 97 % used at 20 users, and by what an answer takes of it that "
                  f"allows 46.0 answers a second: {NO_MORE}"),
    ((POOL, LOOP), {}, NO_MORE),
    ((POOL,), {}, "That its threads of embed-pool are 100 % used at 20 users does not settle it: an answer "
                  "takes less of it under load, as in batches, so that more users may get more."),
    ((_rung(PROCESSOR, 0.95, told="grows"),), {}, "takes more of it under load: more users hardly get more"),
    ((_rung(PROCESSOR, 0.95, told="unsure"),), {}, "known (too little was seen of it at a light load)."),
    ((_rung(EVENT_LOOP, 0.5, 80.0),), {}, ""), ((LOOP,), {"concurrency": 8}, ""), ((LOOP,), {"top": 10}, ""),
    ((LOOP,), {"config": "other"}, ""), ((LOOP,), {"invalid": (40,)}, ""), ((), {}, ""),
])  # fmt: skip
def test_a_knee_that_is_not_found_has_beside_it_what_is_full(
    monkeypatch: pytest.MonkeyPatch, rungs: tuple[Any, ...], knee: dict[str, Any], said: str
) -> None:
    monkeypatch.setattr("reports.tables.knees.knee_sentence", lambda knee, **_: "knee not found")
    own = {"config": "as-is", "concurrency": None, "top": 20, "other_loads": (), "workload_mismatch": ()}
    found = SimpleNamespace(**{"deployment": "mine", "name": "as-is", "invalid": (), **own, **knee})
    level = SimpleNamespace(load=SimpleNamespace(users=20))
    service = SimpleNamespace(deployment="mine", config="as-is", heavy=SimpleNamespace(level=level))
    ladder = SimpleNamespace(service=service, rungs=rungs)
    analysis: Any = SimpleNamespace(knees=(found,), foretold=(), ladders=(ladder,), levels=())
    [paragraph] = knee_paragraph(analysis)
    first, *beside = paragraph.lines
    assert first == "mine/as-is: knee not found."
    assert said in " ".join(beside)
    assert len(beside) == bool(said)
