"""Questions asked, and their answers timed as they stream."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from loadgen.client.connection import Connection
from loadgen.client.reading import Redact
from loadgen.engine.clock import Clock
from loadgen.engine.options import NO_SEED
from loadgen.engine.settings import Scenario, Settings
from loadgen.engine.task import Share, Task
from loadgen.tasks.ask.dialects import field_names
from loadgen.tasks.ask.options import AskOptions
from loadgen.tasks.ask.question_files import Question, QuestionError, read_questions
from loadgen.tasks.ask.questions import digest, library_questions, shuffled, users_questions
from loadgen.tasks.ask.reading import AnswerExchange, Asker
from loadgen.tasks.ask.request_body import dialect_of, warning
from records.cells.flags import CUT_EVENT, GAPS_LEFT_OUT, MOCK_ANSWER, RESTARTED, WRITTEN_MS
from records.cells.request import RequestRecord, StageTimings
from records.errors import UsageError
from records.services.served import config_shown

_POD = re.compile(r"[a-z0-9][a-z0-9.-]{0,252}")
"""A pod's name; what else a service puts there is not kept."""
_SAME = Question("same", "")
"""What is asked where the body has no place for a question: one thing, so that caches are found out."""


def labels_of(exchange: AnswerExchange, redact: Redact) -> dict[str, str]:
    """Who of several answered, where that was said."""
    return {"pod": redact(exchange.pod)} if _POD.fullmatch(exchange.pod) else {}


class AskTask(Task[Question, AnswerExchange]):
    """Real questions, many, in a seeded order."""

    workload = "stream"

    def __init__(self, options: AskOptions, load: Settings) -> None:
        self.dialect = dialect_of(options)
        self.path = self.dialect.path
        self.seed = load.drawn_seed if options.question_seed == NO_SEED else options.question_seed
        self.timeouts = load.timeouts(first_token=options.first_token_timeout_s, gap=options.gap_timeout_s)
        self.fields = tuple(field_names(self.dialect.whole))
        self.options = options
        self._load = load
        self._order: list[Question] = []
        self._digest = ""

    def requested(self) -> Mapping[str, Any]:
        dialect, options = self.dialect, self.options
        self.check()  # the questions are told by what they are: under one path there may be others next time
        return {
            **options.kept(),
            "dialect": dialect.name,
            "path": dialect.path,
            "rag": dialect.expects_documents,
            "stage_times": dialect.has_stage_times,
            "body": dialect.template,
            "drop_fields": sorted(set(options.drop_field)),
            "questions": (options.questions or "standard library") if dialect.asks else "none",
            "questions_sha256": self._digest,
            "question_seed": self.seed,
        }

    def warnings(self) -> Sequence[str]:
        return tuple(filter(None, [warning(self.dialect)]))

    def facts(self) -> Mapping[str, Any]:
        return {
            "documents": self.dialect.expects_documents,
            "dialect": self.dialect.name,
            "question_field": next(iter(self.dialect.question), ""),
        }

    def check(self) -> None:
        if self._order:
            return
        questions = self._questions() if self.dialect.asks else [_SAME]
        self._order, self._digest = shuffled(questions, self.seed, self._load.turn), digest(questions)

    def _questions(self) -> list[Question]:
        file = self.options.questions
        try:
            return read_questions(Path(file)) if file else library_questions()
        except QuestionError as error:
            raise UsageError(f"--questions {error}") from error

    def items(self, share: Share) -> Iterator[Question]:
        return users_questions(self._order, share)

    def exchange(self, sent_ns: int) -> AnswerExchange:
        return AnswerExchange(sent_ns=sent_ns)

    def client(self, connection: Connection) -> AskClient:
        load = self._load
        return AskClient(Asker(connection, self.dialect, load.headers, redact=load.redaction.redact))

    def fill(self, record: RequestRecord, exchange: AnswerExchange, clock: Clock) -> None:
        answer, redaction = exchange.answer, self._load.redaction
        if answer.restarted:
            record.flags.append(RESTARTED)
        if answer.mocked:
            record.flags.append(MOCK_ANSWER)
        if answer.cut:
            record.flags.append(CUT_EVENT)
        if exchange.gaps_left_out:
            record.flags.append(GAPS_LEFT_OUT)
        record.first_event_at_ns = clock.unix_or_none(answer.first_event_ns)
        record.first_generated_at_ns = clock.unix_or_none(answer.first_generated_ns)
        record.first_token_at_ns = clock.unix_or_none(answer.first_token_ns)
        record.last_token_at_ns = clock.unix_or_none(answer.last_token_ns)
        record.gaps_us = answer.gaps_us
        record.events = answer.events
        record.tokens, record.token_source = answer.token_count
        record.finish_reason = answer.finish_reason and redaction.redact(answer.finish_reason)
        record.documents = answer.documents
        record.stages = self._stages_shown(answer.stages)
        if answer.written_ms is not None:
            record.values[WRITTEN_MS] = answer.written_ms
        record.labels |= labels_of(exchange, redaction.redact)
        record.config = answer.config and config_shown(answer.config, redaction)

    def _stages_shown(self, stages: StageTimings | None) -> StageTimings | None:
        redact = self._load.redaction.redact
        return stages and {
            redact(stage): {redact(name): number for name, number in times.items()}
            for stage, times in stages.items()
        }


class AskClient:
    """Asks one question after the other."""

    def __init__(self, asker: Asker) -> None:
        self.connection = asker.connection
        self._asker = asker

    def run(self, item: Question, begin: Callable[[], AnswerExchange]) -> None:
        self._asker.ask(item.text, begin())


ASK = Scenario(options=AskOptions, task=AskTask)
