"""What is no resource that requests queue for: pauses, buffers, refusals; and a service that has room."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from records.cells.cell import Check
from reported import analysed, rewritten, words
from reports.as_json.results import results_json
from reports.blocks import blocks
from reports.document.document import Row, Table
from reports.document.render import markdown
from reports.findings.catalogue import diagnosis
from reports.words.sentences import sentences

SLEEP = {"kind": "sleep", "at": "asyncio.sleep", "where": "embed (mine.py:3)"}
READ = {"kind": "socket-read", "at": "AsyncStream.read", "where": "answer (mine.py:30)"}


@pytest.fixture
def both(seen: Any) -> Any:
    """A service that has room, at 1 user and at 20."""
    return lambda **more: [
        seen(users=n, rps=rps, waits=({**READ, "count": n},), **more) for n, rps in ((1, 10), (20, 196))
    ]


def test_a_service_that_scales_says_so_and_accuses_nobody(diagnose: Any, both: Any) -> None:
    [found] = diagnose(*both())
    assert (found.code, found.binds, found.severity) == ("scales-to-measured-limit", "nothing", "info")


def test_a_plain_wait_is_latency_and_holds_back_nobody(diagnose: Any, seen: Any) -> None:
    waits = ((1, 10, ({**SLEEP, "count": 0.3}, {**READ, "count": 0.7})),
             (20, 196, ({**SLEEP, "count": 6}, {**READ, "count": 14})))  # fmt: skip
    [found] = diagnose(*(seen(users=n, rps=rps, waits=own) for n, rps, own in waits))
    assert (found.code, found.binds, found.where) == ("latency-only", "latency", SLEEP["where"])
    figures = {one.figure: one.value for one in found.evidence}
    assert figures["a plain wait there"] == pytest.approx(30.6, rel=0.05)
    assert found.effect.figure == "mean E2E"


def test_what_people_suspect_first_is_ruled_out_with_its_figures_the_rest_by_name(
    loaded: Any, seen: Any
) -> None:
    waits = ((1, 10, ({**SLEEP, "count": 0.3}, {**READ, "count": 0.7})),
             (20, 196, ({**SLEEP, "count": 6}, {**READ, "count": 14})))  # fmt: skip
    analysis = loaded(*(seen(users=n, rps=rps, waits=own, llm_ms=(41, 0)) for n, rps, own in waits))
    said = markdown(blocks(analysis), "t").partition("Not the cause, local/baseline at 20 users:\n")[2]
    first = said.partition("\n- ")[0].partition("\n\n")[0].splitlines()
    assert first[0] == (
        "  - LLM upstream bound (the LLM server's own first token: 41 ms; at the lightest load: 41 ms)."
    )
    assert [line.partition(" (")[0] for line in first[1:4]] == [
        *("  - interpreter bound", "  - event loop blocked", "  - connection pool exhausted"),
    ]
    assert first[4].startswith("  - Nor: ")
    assert "thread pool exhausted, " in first[4]
    assert len(first) == 5


@pytest.mark.parametrize(("kind", "ttft_ms", "asked_ms", "said"), [
    ("socket-read", 170, 5, ("latency-only", "mean TTFT")),
    ("sleep", 170, 190, ("latency-only", "mean TTFT")),  # whatever the LLM does meanwhile
    ("socket-read", 170, 190, ("scales-to-measured-limit", "")),  # it may be the LLM
    ("socket-read", 20, 5, ("scales-to-measured-limit", "")),  # after the first token
    ("queue-get", 170, 5, ("scales-to-measured-limit", "")),  # what it waits for, the app does itself
])  # fmt: skip
def test_a_plain_wait_before_the_first_token_is_a_part_of_the_ttft(
    diagnose: Any, seen: Any, tmp_path: Path, kind: str, ttft_ms: float, asked_ms: float, said: Any
) -> None:
    """27 ms, of an answer that takes 200 ms; alone it is seen nowhere else."""
    waits = {**SLEEP, "kind": kind}
    light = seen(users=1, rps=4.8, waits=({**waits, "count": 1},), llm_ms=(asked_ms, 0))
    heavy = seen(users=20, rps=110, waits=({**READ, "count": 17}, {**waits, "count": 3}), llm_ms=(150, 0))
    diagnose(light, heavy)

    def slow(line: dict[str, Any], _: Any) -> None:
        line["first_token_at_ns"] = line["sent_at_ns"] + round(1e6 * ttft_ms)
        line["last_token_at_ns"] = line["sent_at_ns"] + 199_000_000
        line["gaps_us"] = [(line["last_token_at_ns"] - line["first_token_at_ns"]) // 9_000] * 9
        line["ended_at_ns"] = line["sent_at_ns"] + 199_500_000

    rewritten(tmp_path, slow)
    found = next(one for one in diagnosis(analysed(tmp_path / "run")) if one.binds in ("latency", "nothing"))
    assert (found.code, found.effect.figure if found.effect else "") == said


def test_garbage_that_is_collected_often(diagnose: Any, both: Any) -> None:
    found = [one.code for one in diagnose(*both(gc_ms=20))]
    assert found == ["gc-pauses", "scales-to-measured-limit"]


def test_a_pause_or_two_in_a_short_cell_is_no_rate(diagnose: Any, both: Any) -> None:
    assert "gc-pauses" not in [one.code for one in diagnose(*both(gc_ms=8, gc_longest_ms=400))]


def test_a_loop_that_stands_still_for_garbage_is_not_held_by_the_line_it_is_at(
    diagnose: Any, seen: Any
) -> None:
    at = {"at": "remove", "where": "answer (mine.py:30)"}
    ready = {"kind": "ready", "at": "", "where": "", "count": 19}
    light = seen(users=1, rps=10, waits=({**READ, "count": 1},), running=at, gc_ms=20)
    found = diagnose(light, seen(users=20, rps=12, waits=(ready,), running=at, gc_ms=70, lag_ms=60))
    assert [one.code for one in found] == ["gc-pauses"]
    assert (found[0].where, "load" in found[0].advice) == ("answer (mine.py:30)", True)  # that makes it


@pytest.mark.parametrize(("gc_ms", "codes"), [
    (25, ["preprocessing-on-loop", "gc-pauses"]), (60, ["gc-pauses"]),
])  # fmt: skip
def test_garbage_of_what_holds_the_loop_for_longer_comes_behind_it(
    diagnose: Any, seen: Any, gc_ms: int, codes: list[str]
) -> None:
    work = {"at": "loads", "where": "passages (mine.py:15)", "called": "json:loads"}
    ready = {"kind": "ready", "at": "", "where": ""}
    found = diagnose(*(
        seen(users=users, rps=rps, waits=({**ready, "count": users},), running=work, loop_busy=busy,
             gc_ms=ms, lag_ms=60, cpu_percent=100 * busy, main_cpu=0.97 * busy)
        for users, rps, busy, ms in ((1, 10, 0.3, gc_ms / 4), (20, 30, 1.0, gc_ms))
    ))  # fmt: skip
    assert [one.code for one in found] == codes


@pytest.mark.parametrize(("gc_ms", "alone", "least"), [
    ((0, 95), False, None), ((0, 60), False, 68.4),
    ((0, 95), True, None),  # of one load nobody knows the most
])  # fmt: skip
def test_without_pauses_no_more_answers_are_predicted_than_users_who_wait_as_long_as_one_alone_have(
    diagnose: Any, seen: Any, gc_ms: tuple[int, int], alone: bool, least: float | None
) -> None:
    """Twenty users whose answers take 100 ms each: 200 a second at most."""
    lines = ("answer (mine.py:30)", "other (mine.py:40)", "third (mine.py:50)")
    running = tuple({"at": where, "where": where} for where in lines)
    light, heavy = (
        seen(users=users, rps=rps, waits=({**READ, "count": users},), running=running, gc_ms=ms)
        for users, rps, ms in zip((1, 20), (10, 29), gc_ms, strict=True)
    )  # fmt: skip
    loads = (heavy,) if alone else (light, heavy)
    found = next(one for one in diagnose(*loads) if one.code == "gc-pauses")
    assert found.where == ""  # no one function makes most of it
    assert found.effect.now == pytest.approx(29, rel=0.02)
    assert found.effect.mended == (least and pytest.approx(least, rel=0.02))
    assert (found.effect.low, found.effect.high) == (found.effect.mended, None)


def test_an_answer_made_in_pieces_that_comes_at_once_is_held(diagnose: Any, seen: Any) -> None:
    slow = {"waits": None, "llm_ms": (50, 300), "spec": {"ttft_ms": 400.0}}
    found = diagnose(seen(users=1, rps=2, **slow), seen(users=2, rps=4, **slow))
    assert found[0].code == "buffered-stream"
    assert found[0].effect.mended == pytest.approx(100, rel=0.1)


@pytest.mark.parametrize("alone", [True, False])
def test_a_service_whose_invalid_cells_are_explained_is_not_said_to_be_unknown(
    loaded: Any, seen: Any, alone: bool
) -> None:
    slow = {"waits": None, "llm_ms": (50, 300)}
    held = (Check(name="buffering", status="fail", text="in lumps"),)
    heavy = seen(users=2, rps=4, **slow, spec={"ttft_ms": 400.0, "checks": held})
    other = seen(users=1, rps=2, **slow, spec={"ttft_ms": 400.0, "config": "other"})
    analysis = loaded(heavy) if alone else loaded(heavy, other)
    least = "and so no figures of throughput or latency but those of what was found (buffered stream)"
    assert f"local/baseline has no valid cell, {least}" in words(analysis)
    texts = " ".join(one.text for one in sentences(analysis, diagnosis(analysis)))
    assert ("No cell is valid of local/baseline (buffered stream)" in texts) is not alone
    assert "Nothing can be said" not in texts


def test_refusals_are_named(diagnose: Any, seen: Any) -> None:
    assert diagnose(seen(users=20, rps=40, waits=None, spec={"failures": 20}))[0].code == "load-shed"


def test_what_it_is_not_stands_beside_with_its_figure(loaded: Any, both: Any) -> None:
    analysis = loaded(*both(llm_ms=(41, 0)))
    written = results_json(analysis)["acquittals"]
    free = {one["code"]: {e["figure"]: e["value"] for e in one["evidence"]} for one in written}
    assert set(free) == {
        "event-loop-blocked", "gc-pauses", "llm-upstream-bound", "interpreter-bound", "load-shed", "dns-slow",
        "stage-serialised", "thread-pool-exhausted", "connection-pool-exhausted", "client-per-request",
        "model-load-on-request-path", "llm-client-blocking", "preprocessing-on-loop", "search-bound",
        "embedding-cpu-bound",
    }  # fmt: skip
    assert free["llm-upstream-bound"]["the LLM server's own first token"] == 41
    assert "Not the cause" not in markdown(blocks(analysis), "t")  # of a service that scales


@pytest.mark.parametrize("bad", [
    {"groups": [5]}, {"loops": [{"running": "x", "lag_ms": 1}]}, {"gc": {"ms": 1e308, "longest_ms": 1}},
    {"threads": {"count": 1, "groups": ["a"]}}, {"loops": [{"running": None, "lag_ms": -1}]},
])  # fmt: skip
def test_a_garbled_look_inside_is_not_used(tmp_path: Path, loaded: Any, seen: Any, bad: Any) -> None:
    loaded(*(seen(users=n, rps=10 + n, waits=({**READ, "count": n},), llm_ms=(40, 0)) for n in (1, 20)))
    wrong = ({"queued_ms": "x"}, {"queued_ms": [1]}, {"queued_ms": 1e308}, {"ttft_ms": 1.7e308})
    for name, damages in (("inside.jsonl", (bad,)), ("llm.jsonl", wrong)):
        for path in (tmp_path / "run").rglob(name):
            lines = path.read_bytes().splitlines(keepends=True)
            lines += [orjson.dumps({**orjson.loads(lines[0]), **one}) + b"\n" for one in damages]
            path.write_bytes(b"".join(lines))
    found = results_json(analysed(tmp_path / "run"))["findings"]
    assert [one["code"] for one in found] == ["unknown", "autoscaler-blind"]


def test_what_a_service_calls_its_stages_does_not_act_on_a_terminal() -> None:
    table = Table(title="t", columns=("Conc", "\x1b[31mred"), rows=(Row(cells=("1", "\x07")),))
    assert (table.columns[1], table.rows[0].cells[1]) == ("\\x1b[31mred", "\\x07")


def test_of_one_valid_load_it_is_said_which_others_were_measured(made: Any, tmp_path: Path) -> None:
    specs = [made.spec(concurrency=1), made.spec(concurrency=20, checks=made.fail)]
    [found] = diagnosis(analysed(made.run(tmp_path / "run", specs)))
    assert [one.value for one in found.evidence] == [1, 1]
    assert found.advice.startswith("Measure 20 users again, of which no cell is valid")


@pytest.mark.parametrize(("ttft_ms", "sure"), [(50.0, "shown"), (100.0, "likely")])
def test_a_service_whose_first_tokens_come_later_is_not_shown_to_keep_nobody_waiting(
    diagnose: Any, seen: Any, ttft_ms: float, sure: str
) -> None:
    """As many answers a second as ever for each user, of long streams."""
    light, heavy = (
        seen(users=users, rps=5 * users, spec={"ttft_ms": ms, "streaming_ms": 150.0})
        for users, ms in ((1, 50.0), (20, ttft_ms))
    )
    found = [one for one in diagnose(light, heavy) if one.code == "scales-to-measured-limit"]
    assert [one.confidence for one in found] == [sure]


@pytest.mark.parametrize("alone", [0, 3])
def test_a_queue_that_requests_share_lets_in_too_few(diagnose: Any, seen: Any, alone: int) -> None:
    """A pool of the app's own, of four: in some looks nobody but one waits at it."""
    waits = {"at": "Queue.get", "where": "find_notes (mine.py:29)"}
    several = {**waits, "kind": "shared-queue", "count": 16 - alone}
    light = seen(users=1, rps=10, waits=({**READ, "count": 1},))
    one = ({**waits, "kind": "queue-get", "count": alone},) * bool(alone)
    [found] = diagnose(light, seen(users=20, rps=40, waits=({**READ, "count": 4}, several, *one)))
    assert (found.code, found.where, found.binds) == ("stage-serialised", waits["where"], "throughput")
    assert found.confidence == "likely"  # somebody else may fill it
    figures = {one.figure: one.value for one in found.evidence}
    assert figures["requests that wait there because of the load"] == pytest.approx(16)
    most = "requests at a time that do not wait there, as many as it hands out at most"
    assert figures[most] == pytest.approx(4)
    assert "asyncio.Queue" in found.advice


def test_a_queue_that_is_waited_at_without_load_is_not_what_binds(diagnose: Any, seen: Any) -> None:
    """One request alone shares it with none."""
    waits = {"at": "Queue.get", "where": "find_notes (mine.py:29)"}
    light, heavy = (
        seen(users=n, rps=10 * n, waits=({**waits, "kind": kind, "count": n},))
        for n, kind in ((1, "queue-get"), (19, "shared-queue"))
    )
    assert [one.code for one in diagnose(light, heavy)] == ["scales-to-measured-limit"]


def test_a_queue_of_an_app_s_own_may_hand_out_what_requests_give_back(diagnose: Any, seen: Any) -> None:
    """Nobody else is seen who could put something into it: as a pool that the app has made itself."""
    waits = {"kind": "queue-get", "at": "Queue.get", "where": "find_notes (mine.py:29)"}
    light, heavy = (seen(users=n, rps=rps, waits=({**waits, "count": n},)) for n, rps in ((1, 10), (20, 40)))
    [found] = [one for one in diagnose(light, heavy) if one.code == "unknown"]
    assert found.where == "find_notes (mine.py:29)"
    assert "let it have more of them" in found.advice
