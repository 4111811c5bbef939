"""What the processes of a search say to each other: each answer in the phase that it belongs to."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from loadgen.engine.clock import Clock
from loadgen.engine.in_flight import InFlightRequest
from loadgen.shapes.phases import AnswerReports, AnswersMessage, PhaseObservations
from loadgen.shapes.slo import Slo
from loadgen.tasks.ask.reading import AnswerExchange
from records.cells.request import RequestRecord
from workloads.stream import STREAM


def objective(text: str) -> Slo:
    return Slo.parse(text, STREAM)


CLOCK = Clock()


class Reports(AnswerReports):
    """With what is sent, and a phase that begins as its master says."""

    def __init__(self, slo: Callable[[], str], in_flight: Sequence[InFlightRequest] = ()) -> None:
        self.sent: list[AnswersMessage] = []
        lag = SimpleNamespace(p99_ms=lambda start, end: 1.0, mean_ms=lambda start, end: 0.5)
        session = SimpleNamespace(in_flight=3)
        driver = SimpleNamespace(clock=CLOCK, lag=lag, session=session, in_flight=in_flight)
        load: Any = SimpleNamespace(driver=driver)
        super().__init__(SimpleNamespace(send_message=self.send), load, lambda: objective(slo()))

    def send(self, kind: str, data: AnswersMessage) -> None:
        assert kind == "chokepoint_answers"
        self.sent.append(data)

    def phase(self, number: int, *, fresh: bool = True) -> None:
        self.begin({"phase": number, "rate": None, "fresh": fresh})


def attempt(
    *, sent_ns: int, ttft_ms: int | None = None, due_ns: int | None = None, flag: str = ""
) -> InFlightRequest:
    exchange = AnswerExchange(sent_ns=sent_ns)
    if ttft_ms is not None:
        exchange.answer.token("a", sent_ns + ttft_ms * 1_000_000)
    flags = [flag] if flag else []
    return InFlightRequest(
        user=0, seq=1, item="", exchange=exchange, flags=flags, wanted_ns=sent_ns, began_ns=sent_ns,
        due_ns=due_ns,
    )  # fmt: skip


def record(**changes: Any) -> RequestRecord:
    now = CLOCK.unix(time.monotonic_ns())
    one = RequestRecord(
        run="r", cell="c", worker="w", region="", user=0, seq=1, sent_at_ns=now,
        first_token_at_ns=now + 50_000_000, ended_at_ns=now + 90_000_000, outcome="ok",
    )  # fmt: skip
    return replace(one, **changes)


def test_only_what_a_level_is_to_answer_for_is_reported() -> None:
    reports = Reports(lambda: "ttft:100")
    reports.take(record())  # before the first phase
    before = record()
    time.sleep(0.001)
    reports.phase(1)
    reports.take(before)  # begun at the level before
    for flag in ("warmup", "cold"):
        reports.take(record(flags=[flag]))
    for outcome in ("aborted", "ok", "dropped", "http_error"):  # aborted: its user was taken away
        reports.take(record(outcome=outcome))
    reports.take(record(flags=["late"]))  # an answer whose times nobody knows
    sent = record()
    reports.phase(2, fresh=False)  # the same level goes on
    reports.take(sent)
    reports.phase(3)
    assert [(m["phase"], [figures for _, figures in m["answers"]]) for m in reports.sent] == [
        (1, [[50.0], [math.inf], [math.inf], None]), (2, [[50.0]]),
    ]  # fmt: skip


def test_the_objective_is_asked_for_when_the_first_answer_comes() -> None:
    """A worker learns it from its master after the first phase has begun, and each run may bring another."""
    texts = ["", "ttft:100", "e2e:100"]
    reports = Reports(lambda: texts[0])
    for number in (1, 2):
        reports.phase(number)
        texts.pop(0)
        reports.take(record())
    reports.phase(3)
    assert [figures for message in reports.sent for _, figures in message["answers"]] == [[50.0], [90.0]]


def test_what_is_in_flight_is_reported_of_the_level_that_asked_it() -> None:
    flying = [attempt(sent_ns=time.monotonic_ns()), attempt(sent_ns=time.monotonic_ns())]
    before_ns = flying[0].exchange.sent_ns
    time.sleep(0.001)
    reports = Reports(lambda: "ttft:100", flying)
    reports.phase(1)
    now_ns = time.monotonic_ns()
    flying += [
        attempt(sent_ns=now_ns),
        attempt(sent_ns=now_ns, ttft_ms=7),
        attempt(sent_ns=now_ns + 2_000_000, ttft_ms=7, due_ns=now_ns),
        attempt(sent_ns=now_ns, due_ns=before_ns),  # was wanted at the level before
        attempt(sent_ns=now_ns, flag="warmup"),
        attempt(sent_ns=now_ns, flag="cold"),
    ]
    time.sleep(0.01)
    reports.phase(2, fresh=False)  # the same level goes on, and so do they
    reports.phase(3)
    reports.phase(4)
    assert [[ttft for _, ttft in m["waiting"]] for m in reports.sent] == [[None, 7, 9], [None, 7, 9], []]
    assert all(10 <= waited < 10_000 for m in reports.sent for waited, _ in m["waiting"])


def test_an_answer_is_told_with_when_it_began() -> None:
    """Below 0: while its level settled."""
    reports = Reports(lambda: "ttft:100")
    reports.phase(1)
    settling = record()
    time.sleep(0.02)
    reports.phase(2, fresh=False)
    time.sleep(0.01)
    measured = record()
    reports.take(settling)
    reports.take(measured)
    reports.phase(3)
    (first_s, _), (second_s, _) = reports.sent[1]["answers"]
    assert -10 < first_s <= -0.02
    assert 0.01 <= second_s < 10


def test_what_is_observed_of_a_phase() -> None:
    def message(phase: int, seconds: float, answers: int, in_flight: int, lag: float) -> AnswersMessage:
        return {
            "phase": phase, "seconds": seconds, "answers": [(0.1, [10.0])] * answers,
            "waiting": [(200.0, None)] * in_flight, "in_flight": in_flight, "lag_p99_ms": lag,
            "lag_mean_ms": lag / 2,
        }  # fmt: skip

    observed = PhaseObservations(2)
    assert not observed.idle
    assert observed.seconds == 0
    observed.take("w0", message(1, 9.0, 100, 5, 99.0))  # late, of the phase before
    observed.take("w0", message(2, 0.2, 3, 5, 1.0))
    observed.take("w0", message(2, 0.4, 4, 0, 2.0))
    observed.take("w1", message(2, 0.3, 1, 2, 7.0))
    assert (observed.answers, observed.seconds, observed.idle, observed.lag_p99_ms) == (8, 0.4, False, 7.0)
    assert observed.lag_mean_ms == pytest.approx((2 + 7) / 2 / 2)
    judged = objective("ttft:100").judge(observed.parts)
    assert judged.goodput == pytest.approx(7 / 0.4 + 1 / 0.3)
    assert judged.overdue == 2  # only what is in flight now
    observed.take("w1", message(2, 0.5, 0, 0, 1.0))
    assert observed.idle
