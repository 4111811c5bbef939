"""What never answers beside a sweep's load is said once a deployment, not with each cell."""

from pathlib import Path

from records.cells.point import Point
from sweep.deployments.protocol import Endpoint
from sweep.measuring.cell import Workplace
from sweep.measuring.unanswered import Unanswered
from sweep.planning.plan import CellKey
from sweep.running.cpus import Cpus
from sweep.running.ledger import Ledger
from sweep_world import plan_of


def test_it_is_said_once(tmp_path: Path) -> None:
    plan = plan_of("mine=run:app", levels=(2,), probes=True, scrape=("llm={target}/metrics",))
    cpus = Cpus(mode="auto", load=(0,), target=(1,))
    place = Workplace(run=tmp_path, plan=plan, ledger=Ledger(tmp_path / "l"), llm=None, cpus=cpus)
    said, endpoint = Unanswered(), Endpoint(base_url="http://h:1")
    keys = [
        CellKey(deployment="mine", config="as-is", point=Point.of_users(2), repeat=repeat)
        for repeat in (1, 2)
    ]
    for key in keys:
        place.folder(key).mkdir(parents=True)
        (place.folder(key) / "profile.scraped.jsonl").write_text('{"source": "llm", "error": "HTTP 404"}\n')
    assert said.lines(place, keys[0], endpoint) == [
        "mine/as-is/c02-r1: no probe of http://h:1 was taken",
        "mine/as-is/c02-r1: scrape llm: 1 of 1 failed (HTTP 404)",
    ]
    assert said.lines(place, keys[1], endpoint) == []
