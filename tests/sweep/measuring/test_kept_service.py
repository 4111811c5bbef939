"""What a sweep started is kept with each cell, so that another one under the same label is told apart."""

from pathlib import Path

import pytest

from records.cells.cell import Cell
from records.cells.cell_spec import CellSpec
from records.cells.point import Point
from records.services.served import Served
from records.services.variants import Variant
from sweep.deployments.protocol import Endpoint
from sweep.measuring import cell
from sweep.measuring.cell import Workplace
from sweep.planning.cell_key import CellKey
from sweep.planning.options import parse_targets
from sweep.planning.plan import Plan
from sweep.planning.target import Target
from sweep.running.cpus import Cpus
from sweep.running.processes import Ledger

SAID = Served(config="c", settings={"KNOWLEDGE_BASE_DIR": "/kb", "CACHE_DIR": "/c"})


@pytest.mark.parametrize(
    ("target", "kept"),
    [
        (Target(label="a", spec="local"), {"spec": "local"}),
        (
            Target(label="a", spec="run:app -H 'X-Team: a' {port}", cwd="/w"),
            {"spec": "run:app -H 'X-Team: a' {port}", "folder": "/w"},
        ),
        (Target(label="a", spec="url:http://h:1"), {}),
    ],
)
def test_a_command_is_kept_and_of_a_running_service_its_address_says_it(
    target: Target, kept: dict[str, str]
) -> None:
    assert target.kept() == kept


def test_what_was_started_is_kept_in_place_of_the_port_that_it_had() -> None:
    one = Cell(
        deployment="d", config="c", concurrency=1, repeat=1, requested={"service": {"at": "http://h:1"}}
    )
    named = {"deployment": "mine", "config": "c", "point": {"users": 1}, "repeat": 1}
    for service, kept in ({"spec": "local"}, {"spec": "local"}), ({}, {"at": "http://h:1"}):
        assert CellSpec(**named, service=service).named(one).requested["service"] == kept


def spec_of(tmp_path: Path, deployment: str, served: Served) -> tuple[dict[str, str], dict[str, str]]:
    targets = parse_targets([deployment])
    plan = Plan(
        name="t", targets=targets, variants=(Variant(name="as-is"),), levels=(2,), auto=False,
        settings={"N": "4"} if targets[0].kind.configurable else {},
    )  # fmt: skip
    place = Workplace(
        run=tmp_path, plan=plan, ledger=Ledger(tmp_path / "l"), llm=None,
        cpus=Cpus(mode="shared", load=(0,), target=(0,)),
    )  # fmt: skip
    key = CellKey(deployment="mine", config="as-is", point=Point.of_users(2), repeat=1)
    spec = cell._spec(place, key, Endpoint(base_url="http://h", served=served))
    return spec.service, spec.settings


def test_what_the_environment_sets_is_kept_like_what_was_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.delenv("CACHE_DIR", raising=False)
    monkeypatch.setenv("KNOWLEDGE_BASE_DIR", "/kb")
    told = {"N": "4", "KNOWLEDGE_BASE_DIR": "/kb"}
    assert spec_of(tmp_path, "mine=run:app", SAID) == ({"spec": "run:app"}, told)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://llm/v1")
    assert spec_of(tmp_path, "mine=run:app", Served())[1] == {"N": "4", "OPENAI_BASE_URL": "http://llm/v1"}
    assert spec_of(tmp_path, "mine=url:http://h", SAID) == ({}, {})


def test_variables_that_size_what_is_started_are_kept_and_names_in_small_letters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_BASE_URL", "CACHE_DIR", "KNOWLEDGE_BASE_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("knowledge_base_dir", "/kb")
    told = {"N": "4", "KNOWLEDGE_BASE_DIR": "/kb", "OMP_NUM_THREADS": "1"}
    assert spec_of(tmp_path, "mine=run:app", SAID)[1] == told
