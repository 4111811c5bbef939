"""What Locust is told of a cell, what is kept of a service, what stays beside it when a sweep is killed."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from records.cells.cell import Cell, Check, Verdict
from records.cells.cell_spec import CellSpec
from records.cells.reader import read_cell
from records.exit_codes import USAGE
from records.files import write_json
from records.services.served import Served
from sweep.choosing import again
from sweep.deployments.protocol import Endpoint
from sweep.measuring import cell, locust_spec
from sweep.measuring.cell import finished, measure
from sweep.measuring.unanswered import Unanswered
from sweep.measuring.workplace import Workplace
from sweep.planning.cell_key import CellKey
from sweep.planning.division import placed
from sweep.planning.load_words import found_in, parse_locust_args
from sweep.planning.plan import Plan
from sweep.planning.target import Target
from sweep.running.cpus import Cpus
from sweep.running.errors import UsageError
from sweep.running.processes import NO_WORD
from sweep_world import key_of, plan_of

KEY = key_of()
AT = Endpoint(base_url="http://h")
SAID = Served(config="c", settings={"KNOWLEDGE_BASE_DIR": "/kb", "CACHE_DIR": "/c"})


@pytest.fixture
def place(place_of: Callable[[Plan], Workplace]) -> Workplace:
    return place_of(plan_of("mine=run:app", levels=(2,), settings={"N": "4", "WORKERS": "2"}))


def measured(folder: Path, **changes: Any) -> None:
    """As Locust leaves a cell."""
    folder.mkdir(parents=True)
    named: dict[str, Any] = {"deployment": "mine", "config": "as-is", "concurrency": 2, "repeat": 1}
    write_json(folder / "cell.json", Cell(**{**named, "complete": True, **changes}).to_json())
    (folder / "requests.jsonl").write_text("")


def test_locust_is_told_what_to_expect_and_what_nobody_can_prove(place: Workplace) -> None:
    said = Served(config="custom", settings={"N": 4})
    spec = locust_spec.cell_spec(place, KEY, Endpoint(base_url="http://h", pids=(7,), served=said))
    assert (spec.expected_config, spec.expected_settings) == (None, {"N": "4"})
    assert spec.unproved_settings == ("WORKERS",)
    assert (spec.point, spec.pids, spec.served, spec.cpus["target"]) == ({"users": 2}, (7,), said, [1])
    silent = locust_spec.cell_spec(place, KEY, AT)
    assert (silent.expected_settings, silent.unproved_settings) == ({"N": "4", "WORKERS": "2"}, ())
    assert silent.samples == ""


def test_a_load_is_told_whether_a_limit_of_cpu_time_keeps_all_off_no_cpu(place_of: Any) -> None:
    alone, beside = (plan_of(*names) for names in (("mine=run:app",), ("mine=run:app", "pod")))
    assert [locust_spec.cell_spec(place_of(plan), KEY, AT).quota for plan in (alone, beside)] == [False, True]


@pytest.mark.parametrize(("regions", "would"), [("", True), ("a=5ms,b=9ms", False)])
def test_a_load_on_shared_cpus_is_told_whether_they_could_be_divided(
    place_of: Any, regions: str, would: bool
) -> None:
    place = place_of(plan_of("mine=run:app", regions=regions))
    place = replace(place, cpus=Cpus(mode="shared", load=(0, 1), target=(0, 1)))
    assert locust_spec.cell_spec(place, KEY, AT).divisible is would


def test_the_load_of_a_running_service_runs_before_all_else_too_and_says_where_it_may_not(
    place_of: Any,
) -> None:
    for allowed in (True, False):
        plan = plan_of("mine=url:http://h")
        place = replace(place_of(plan), cpus=placed(plan, (0, 1), lambda allowed=allowed: allowed))
        told = locust_spec.cell_spec(place, KEY, AT).cpus
        assert (told["realtime"], told.get("realtime_refused", False)) == (allowed, not allowed)
        assert place.cpus_for(AT).realtime is allowed


def test_locust_is_given_the_time_that_an_earlier_try_wanted(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, told = place.folder(KEY), []
    measured(
        folder.with_name(f"{folder.name}.try-1"),  # 40 requests in 4 s, which began after 4 s
        requested={"run_time_s": 8, "requests": 200},
        achieved={"requests": 40, "window": {"start_ns": 0, "end_ns": 4_000_000_000}},
        verdict=Verdict(checks=(Check(name="steady-ttft", status="fail"),)),
    )

    def load(place: Workplace, key: CellKey, *_: Any) -> None:
        told.extend(locust_spec.locust_argv(place, key, AT, locust_spec.files_here(place, key)))
        raise InterruptedError

    monkeypatch.setattr(cell, "_load", load)
    with pytest.raises(InterruptedError):
        measure(place, KEY, AT)
    assert told[told.index("--max-seconds") + 1] == "24"


@pytest.mark.parametrize(("given", "name"), [
    ((), "rag.example.org"), (("--server-name", "other.test"), "other.test"),
])  # fmt: skip
def test_locust_is_told_all_that_an_endpoint_says_and_another_certificate_may_be_named(
    place_of: Callable[[Plan], Workplace], given: tuple[str, ...], name: str
) -> None:
    """`own_words` refuses what nobody is kept from overruling; of the rest, what is said last counts."""
    words = parse_locust_args(given, "stream")
    open_loop: dict[str, Any] = {"grid": (("rate", (5,)),), "levels": ()}
    place = place_of(plan_of("local", locust_args=words, workers=2, seed=7, **open_loop))
    key = next(iter(place.plan.cells()))
    endpoint = replace(AT, connect_to="10.9.9.9:443", server_name="rag.example.org")
    argv = locust_spec.locust_argv(place, key, endpoint, locust_spec.files_here(place, key))
    told = found_in(argv, "stream")
    assert (told["connect_to"], told["server_name"], told["rate"]) == ("10.9.9.9:443", name, "5")
    assert told["drawn_seed"] == "7"


@pytest.mark.parametrize("change", [{"complete": False}, {"deployment": "127.0.0.1-8001"}, {"repeat": 2}])
def test_a_cell_that_is_not_whole_or_was_never_held_against_its_plan_is_not_finished(
    place: Workplace, change: dict[str, Any]
) -> None:
    measured(place.folder(KEY), **change)
    assert finished(place, KEY) is None


@pytest.mark.parametrize(("free", "how"), [(1 << 40, ""), (4096, r" on a full disk \(.*\)")])
def test_a_load_that_leaves_no_complete_cell_is_a_fault_and_leaves_no_file_of_ours(
    place: Workplace, monkeypatch: pytest.MonkeyPatch, free: int, how: str
) -> None:
    folder = place.folder(KEY)
    spec = folder.with_name(f".{folder.name}.spec.json")

    def load(*_: Any) -> tuple[int, Any]:
        assert spec.exists()
        measured(folder, complete=False)
        return 3, SimpleNamespace(log=Path("locust.log"), complaint=lambda: f"gone {spec.exists()}")

    monkeypatch.setattr(cell, "_load", load)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    with pytest.raises(RuntimeError, match=rf"mine/as-is/c02-r1: locust ended with 3{how}: gone False"):
        measure(place, KEY, AT)


@pytest.mark.parametrize(("names", "machine"), [
    (("generator-lag",), True), (("failures", "generator-cpu"), True), (("littles-law",), False),
    (("generator-lag", "records"), False), ((), False),
])  # fmt: skip
def test_a_load_that_the_machine_kept_from_its_end_is_an_invalid_cell_and_any_other_is_a_fault(
    place: Workplace, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...], machine: bool
) -> None:
    def load(*_: Any) -> tuple[None, Any]:
        checks = tuple(Check(name=name, status="fail", text=name) for name in names)
        measured(place.folder(KEY), complete=False, verdict=Verdict(checks=checks))
        return None, SimpleNamespace(log=Path("locust.log"), complaint=lambda: "its last words")

    monkeypatch.setattr(cell, "_load", load)
    if not machine:
        with pytest.raises(RuntimeError, match="c02-r1: locust did not end in 72 s: its last words"):
            measure(place, KEY, AT)
        assert finished(place, KEY) is None
        return
    found = measure(place, KEY, AT).cell
    assert [check.name for check in found.verdict.failures] == [*names, "helpers"]
    assert again.spoiled(found, place.plan) == "locust did not end in 72 s"  # it is measured again
    assert finished(place, KEY) is not None  # and reported with its reason where it stays so


def test_on_a_full_disk_a_load_has_no_room_for_a_word(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrote = SimpleNamespace(log=Path("locust.log"), complaint=lambda: NO_WORD)
    monkeypatch.setattr(cell, "_load", lambda *_: (1, wrote))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=0))
    with pytest.raises(RuntimeError, match=r"locust ended with 1 on a full disk \([^:]*\) \(locust.log\)$"):
        measure(place, KEY, AT)


def test_a_target_that_its_probe_killed_before_the_load_met_it_fails_its_cell_and_not_the_sweep(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = SimpleNamespace(log=Path("locust.log"), complaint=lambda: "nobody is there")
    monkeypatch.setattr(cell, "_load", lambda *_: (USAGE, log))
    at = replace(AT, interrupted=lambda: "killed by its probe")
    first, *_ = measure(place, KEY, at).cell.verdict.failures
    assert (first.name, first.found) == ("target-ended", "killed by its probe")
    assert finished(place, KEY) is None  # a resumed sweep measures it
    with pytest.raises(UsageError, match="locust: nobody is there"):
        measure(place, KEY, AT)


def test_the_verdict_says_first_that_the_target_ended(tmp_path: Path) -> None:
    failures = Check(name="failures", status="fail", text="failures is wrong")
    measured(tmp_path / "c", verdict=Verdict(checks=(failures,)))
    assert [check.name for check in read_cell(tmp_path / "c").cell.verdict.failures] == ["failures"]
    write_json(tmp_path / "c" / "ended.json", {"text": "the target was killed by SIGKILL"})
    first, *_ = read_cell(tmp_path / "c").cell.verdict.failures
    assert (first.name, first.found) == ("target-ended", "the target was killed by SIGKILL")
    (tmp_path / "c" / "ended.json").write_text("torn")
    first, *_ = read_cell(tmp_path / "c").cell.verdict.failures
    assert "the target ended; how is not known: ended.json" in first.text


# -- what is kept of a service, so that another one under the same label is told apart

COMMAND = "run:app -H 'X-Team: a' {port}"


@pytest.mark.parametrize(("spec", "cwd", "kept"), [
    ("local", "", {"spec": "local"}), (COMMAND, "/w", {"spec": COMMAND, "folder": "/w"}),
    ("url:http://h:1", "", {}),
])  # fmt: skip
def test_a_command_is_kept_and_of_a_running_service_its_address_says_it(
    spec: str, cwd: str, kept: dict[str, str]
) -> None:
    assert Target(label="a", spec=spec, cwd=cwd).kept() == kept


def test_what_was_started_is_kept_in_place_of_the_port_that_it_had() -> None:
    at = {"at": "http://h:1"}
    one = Cell(deployment="d", config="c", concurrency=1, repeat=1, requested={"service": at})
    named = {"deployment": "mine", "config": "c", "point": {"users": 1}, "repeat": 1}
    for service, kept in ({"spec": "local"}, {"spec": "local"}), ({}, at):
        assert CellSpec(**named, service=service).named(one).requested["service"] == kept


@pytest.mark.parametrize(("spec", "served", "variables", "told"), [
    ("run:app", SAID, {"KNOWLEDGE_BASE_DIR": "/kb"}, {"N": "4", "KNOWLEDGE_BASE_DIR": "/kb"}),
    ("run:app", SAID, {"knowledge_base_dir": "/kb", "OMP_NUM_THREADS": "1"},
     {"N": "4", "KNOWLEDGE_BASE_DIR": "/kb", "OMP_NUM_THREADS": "1"}),
    ("run:app", Served(), {"KNOWLEDGE_BASE_DIR": "/kb", "OPENAI_BASE_URL": "http://llm/v1"},
     {"N": "4", "OPENAI_BASE_URL": "http://llm/v1"}),
    ("url:http://h", SAID, {"KNOWLEDGE_BASE_DIR": "/kb"}, {}),
])  # fmt: skip
def test_what_the_environment_sets_is_kept_like_what_was_set(
    place_of: Any, monkeypatch: pytest.MonkeyPatch, spec: str, served: Served, variables: Any, told: Any
) -> None:
    for name in ("OPENAI_BASE_URL", "CACHE_DIR", "KNOWLEDGE_BASE_DIR", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    plan = plan_of(f"mine={spec}", settings={"N": "4"} if spec == "run:app" else {})
    kept = locust_spec.cell_spec(place_of(plan), KEY, Endpoint(base_url="http://h", served=served))
    assert (kept.service, kept.settings) == ({"spec": spec} if spec == "run:app" else {}, told)
    began = Endpoint(base_url="http://h", served=served, kept={"code": "as it began"})
    assert locust_spec.cell_spec(place_of(plan), KEY, began).service == {"code": "as it began"}


def test_what_never_answers_is_said_once(place_of: Any) -> None:
    place = place_of(plan_of("mine=run:app", probes=True, scrape=("llm={target}/metrics",)))
    said, endpoint = Unanswered(), Endpoint(base_url="http://h:1")
    keys = [key_of(repeat=repeat) for repeat in (1, 2)]
    for key in keys:
        place.folder(key).mkdir(parents=True)
        (place.folder(key) / "profile.scraped.jsonl").write_text('{"source": "llm", "error": "HTTP 404"}\n')
    assert said.lines(place, keys[0], endpoint) == [
        "mine/as-is/c02-r1: no probe of http://h:1 was taken",
        "mine/as-is/c02-r1: scrape llm: 1 of 1 failed (HTTP 404)",
    ]
    assert said.lines(place, keys[1], endpoint) == []
