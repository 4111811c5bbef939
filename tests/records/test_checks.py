"""Each check passes what it should and fails what it should, with its figure."""

import dataclasses

import pytest

from records import checks, measure
from records.cell import Window
from records.request import RequestRecord

WINDOW = Window(start_ns=0, end_ns=1_000_000_000)


def _record(**changes: object) -> RequestRecord:
    base = RequestRecord(
        run="r",
        cell="c",
        worker="w",
        region="",
        user=0,
        seq=0,
        sent_at_ns=0,
        ended_at_ns=10_000_000,
        outcome="ok",
        documents=5,
        config="baseline",
        stages={"embed": {"queued_ms": 0.0, "running_ms": 9.0}},
    )
    return dataclasses.replace(base, **changes)  # type: ignore[arg-type]


def _back_to_back(count: int, each_ns: int) -> list[RequestRecord]:
    return [_record(seq=n, sent_at_ns=n * each_ns, ended_at_ns=(n + 1) * each_ns) for n in range(count)]


def test_a_mock_that_was_never_on_fails() -> None:
    check = checks.configuration("mock-llm", "baseline", ["baseline"], {}, {})
    assert (check.status, check.figure) == ("fail", "baseline")


def test_an_answer_that_names_another_configuration_fails() -> None:
    assert checks.configuration("baseline", "baseline", ["baseline", "mock-llm"], {}, {}).status == "fail"


def test_a_setting_that_is_not_in_effect_fails() -> None:
    wanted = {"RETRIEVAL": "blocking"}
    assert checks.configuration("baseline", "baseline", [], {"RETRIEVAL": "async"}, wanted).status == "fail"
    assert (
        checks.configuration("baseline", "baseline", [], {"RETRIEVAL": "blocking"}, wanted).status == "pass"
    )


@pytest.mark.parametrize(("served", "wanted"), [(5.0, "5"), (True, "yes"), (False, "no"), ("flat", "flat")])
def test_a_setting_may_be_served_as_number_or_bool(served: object, wanted: str) -> None:
    assert checks.configuration("baseline", "baseline", [], {"X": served}, {"X": wanted}).status == "pass"


def test_a_service_without_config_is_as_is_and_says_so() -> None:
    check = checks.configuration("as-is", None, [None], {}, {})
    assert check.status == "n/a"
    assert "as-is" in check.text


@pytest.mark.parametrize(
    ("config", "embed_ms", "flags", "status"),
    [
        ("baseline", 9.0, [], "pass"),
        ("baseline", 0.02, [], "fail"),
        ("baseline", 9.0, ["mock-answer"], "fail"),
        ("mock-embeddings", 0.02, [], "pass"),
        ("mock-embeddings", 9.0, [], "fail"),
        ("mock-llm", 9.0, ["mock-answer"], "pass"),
        ("mock-llm", 9.0, [], "fail"),
        ("mock-both", 0.02, ["mock-answer"], "pass"),
        ("as-is", 9.0, [], "n/a"),
    ],
)
def test_a_configuration_is_seen_in_its_effect(
    config: str, embed_ms: float, flags: list[str], status: str
) -> None:
    stages = {"embed": {"queued_ms": 0.0, "running_ms": embed_ms}}
    records = [_record(seq=n, stages=stages, flags=flags) for n in range(3)]
    assert checks.configuration_effect(config, records).status == status


@pytest.mark.parametrize(
    ("config", "llm_ms", "status"),
    [
        ("baseline", 105.0, "pass"),
        ("baseline", 0.02, "fail"),
        ("mock-embeddings", 0.02, "fail"),
        ("mock-llm", 0.02, "pass"),
        ("mock-llm", 105.0, "fail"),
        ("mock-both", 105.0, "fail"),
    ],
)
def test_an_llm_is_mocked_in_its_stage_too(config: str, llm_ms: float, status: str) -> None:
    embeddings, llm = checks.MOCKS_OF_CONFIG[config]
    stages = {"embed": {"running_ms": 0.02 if embeddings else 9.0}, "llm": {"running_ms": llm_ms}}
    records = [_record(seq=n, stages=stages, flags=["mock-answer"] if llm else []) for n in range(3)]
    assert checks.configuration_effect(config, records).status == status


def test_stages_without_running_times_prove_nothing() -> None:
    records = [_record(stages={"embed": {"queued_ms": 1.0}})]
    assert checks.configuration_effect("baseline", records).status == "n/a"


def test_a_cache_that_answers_two_in_five_is_seen() -> None:
    cached = {"embed": {"queued_ms": 0.0, "running_ms": 0.01}}
    records = [_record(seq=n, **({"stages": cached} if n % 5 < 2 else {})) for n in range(20)]
    assert checks.configuration_effect("baseline", records).status == "fail"


def test_an_empty_answer_is_no_good_answer() -> None:
    full = _record(first_token_at_ns=5)
    assert checks.tokens([full]).status == "pass"
    assert checks.tokens([full, _record(seq=1)]).status == "fail"
    assert checks.tokens([]).status == "n/a"


def test_one_answer_without_documents_fails_where_they_were_asked_for() -> None:
    records = [_record(), _record(seq=1, documents=0)]
    assert checks.retrieval(records, expected=True).status == "fail"
    assert checks.retrieval(records, expected=False).status == "n/a"
    assert checks.retrieval(records[:1], expected=True).status == "pass"


def test_a_late_or_starved_generator_fails() -> None:
    assert checks.generator_lag(100.0).status == "fail"
    assert checks.generator_lag(1.0).status == "pass"
    assert checks.generator_cpu(99.0).status == "fail"
    assert checks.generator_cpu(20.0).status == "pass"


def test_users_that_idle_between_requests_are_seen() -> None:
    busy = _back_to_back(100, 10_000_000)
    assert checks.concurrency(busy, WINDOW, 1, think=False).status == "pass"
    idle = [dataclasses.replace(r, ended_at_ns=r.sent_at_ns + 3_000_000) for r in busy]
    check = checks.concurrency(idle, WINDOW, 1, think=False)
    assert check.status == "fail"
    assert check.figure == pytest.approx(0.3)
    assert checks.concurrency(idle, WINDOW, 1, think=True).status == "n/a"


def test_a_rate_that_drifts_is_not_steady() -> None:
    steady = _back_to_back(200, 5_000_000)
    assert checks.steady_state(steady, WINDOW).status == "pass"
    assert checks.steady_state(steady[:110] + steady[195:], WINDOW).status == "fail"
    assert checks.steady_state(steady[:5], WINDOW).status == "n/a"


def _with_ttfts(ttfts_ms: list[float]) -> list[RequestRecord]:
    """Evenly sent over the window."""
    each = (WINDOW.end_ns - WINDOW.start_ns) // len(ttfts_ms)
    return [
        _record(seq=n, sent_at_ns=n * each, first_token_at_ns=n * each + round(ms * 1e6))
        for n, ms in enumerate(ttfts_ms)
    ]


def test_a_ttft_that_rises_through_the_window_is_not_steady() -> None:
    """As with an open loop above capacity."""
    check = checks.steady_ttft(_with_ttfts([10.0 + 5 * n for n in range(100)]), WINDOW)
    assert check.status == "fail"
    assert "first half" in check.text


@pytest.mark.parametrize(
    "ttfts_ms",
    [
        [100.0 + n % 7 for n in range(100)],
        [100.0] * 80 + [900.0] * 20,  # fewer than half of one half: slow answers, no trend
        [0.5] * 50 + [1.5] * 50,  # three times as much, and nothing
        [1.0] * 7 + [900.0] * 5 + [1.0] * 5 + [900.0] * 7,  # two kinds of answers: the medians say little
    ],
)
def test_noise_is_no_trend(ttfts_ms: list[float]) -> None:
    assert checks.steady_ttft(_with_ttfts(ttfts_ms), WINDOW).status == "pass"


def test_few_answers_have_no_trend() -> None:
    assert checks.steady_ttft(_with_ttfts([1.0] * 9 + [90.0] * 9), WINDOW).status == "n/a"
    assert checks.steady_ttft([], None).status == "n/a"


def test_every_check_of_records_answers_for_nothing_at_all() -> None:
    found = checks.of_records([], None)
    assert len({check.name for check in found}) == len(found)
    assert all(check.status in ("n/a", "pass") for check in found)


def test_no_good_answer_fails_whatever_the_share() -> None:
    assert checks.failures([]).status == "fail"
    assert checks.failures([_record(outcome="http_error")]).status == "fail"
    assert (
        checks.failures([_record(seq=n) for n in range(99)] + [_record(outcome="timeout")]).status == "pass"
    )


def test_a_lost_worker_fails() -> None:
    assert checks.workers(2, 1).status == "fail"
    assert checks.workers(2, 2).status == "pass"


def test_a_profiler_that_fell_behind_fails() -> None:
    assert checks.profiler_interval(0.5, [0.5, 0.5, 0.6]).status == "pass"
    assert checks.profiler_interval(0.5, [1.5, 1.4, 0.5]).status == "fail"
    assert checks.profiler_interval(0.5, []).status == "n/a"


def test_latency_leaves_warm_up_and_cut_requests_out() -> None:
    kept = _record(sent_at_ns=5)
    others = [
        _record(seq=1, flags=["warmup"]),
        _record(seq=2, outcome="cut"),
        _record(seq=3, sent_at_ns=2_000_000_000),
    ]
    assert measure.measured([kept, *others], WINDOW) == [kept]
    assert measure.measured([kept], None) == []


def test_requests_that_hang_fail_the_cell_though_nothing_else_counts_them() -> None:
    good = _back_to_back(50, 20_000_000)
    hung = [_record(sent_at_ns=0, ended_at_ns=4_000_000_000, outcome="cut") for _ in range(3)]
    assert checks.unanswered(good, WINDOW).status == "pass"
    assert checks.unanswered(good, None).status == "n/a"
    found = checks.unanswered([*good, *hung], WINDOW)
    assert (found.status, found.figure) == ("fail", pytest.approx(12 / 13, abs=0.001))
    gone = [dataclasses.replace(one, flags=["dropped"]) for one in hung]
    assert checks.unanswered([*good, *gone], WINDOW).status == "pass"


def test_many_requests_sent_twice_fail_the_cell() -> None:
    assert checks.resent([*[_record()] * 19, _record(flags=["retried"])]).status == "pass"
    assert checks.resent([*[_record()] * 9, _record(flags=["retried"])]).status == "fail"


def test_dropped_requests_fail_the_cell() -> None:
    due = [_record(due_at_ns=n * 50_000_000, sent_at_ns=n * 50_000_000) for n in range(20)]
    assert checks.dropped([_record()], WINDOW).status == "n/a"
    assert checks.dropped(due, WINDOW).status == "pass"
    lost = [dataclasses.replace(one, flags=["dropped"], outcome="cut") for one in due[:2]]
    assert checks.dropped([*due[2:], *lost], WINDOW).status == "fail"


def test_an_open_loops_rate_is_held_against_the_one_asked_for() -> None:
    due = [_record(due_at_ns=n * 10_000_000) for n in range(100)]
    assert checks.arrival_rate(due, WINDOW, 100, chance=False).status == "pass"
    assert checks.arrival_rate(due, WINDOW, 110, chance=False).status == "fail"
    assert checks.arrival_rate(due, WINDOW, 110, chance=True).status == "pass"  # as chance has it
    assert checks.arrival_rate(due, WINDOW, 0, chance=False).status == "n/a"


def test_an_open_loop_that_is_late_fails() -> None:
    late = [_record(due_at_ns=1, sent_at_ns=1 + ms * 1_000_000) for ms in (1, 2, 50)]
    assert checks.lateness(late).status == "fail"
    assert checks.lateness(late[:2]).status == "pass"
    assert checks.lateness([_record()]).status == "n/a"


def test_records_that_a_full_disk_did_not_take_fail_the_cell() -> None:
    assert checks.kept(None).status == "pass"
    assert checks.kept(OSError(28, "No space left on device")).text.endswith("No space left on device")
    assert checks.kept(OSError(28, "No space left on device")).status == "fail"
