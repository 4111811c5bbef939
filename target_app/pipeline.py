"""One request's way: prepare, embed, search, prompt, LLM; each stage timed. Knows nothing of HTTP."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from time import perf_counter_ns
from typing import Any, Protocol

import orjson

from target_app.executors import LOOP
from target_app.llm import MockedLLM
from target_app.llm_client import LLM, LLMError, Messages
from target_app.metrics import STAGES, Metrics
from target_app.preprocess import Prepared, Preparer
from target_app.retrieval import LoopRetrieval
from target_app.service import Service
from target_app.wire import AskRequest

NS_PER_MS = 1e6
NS_PER_S = 1e9


class Sink(Protocol):
    """Where the answer goes, piece by piece, in one dialect or another."""

    def status(self, message: str) -> None: ...
    def documents(self, documents: list[Any], retrieval_s: float | None) -> None: ...
    def token(self, content: str) -> None: ...
    def error(self, message: str) -> None: ...
    def complete(self, answer: Answer) -> None: ...


@dataclass(slots=True)
class Answer:
    """What was answered and what it took; `timings` holds only the stages that happened."""

    config: str
    timings: dict[str, dict[str, float]] = field(default_factory=dict)
    documents: list[Any] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)
    total_s: float = 0.0
    llm_s: float = 0.0
    written_ms: float | None = None
    """How long ago its first token was written; None: there was none, or nobody counts."""
    cold: bool = False

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    def summary(self) -> dict[str, Any]:
        """The body of `POST /ask`."""
        body: dict[str, Any] = {
            "answer": self.text,
            "documents": self.documents,
            "timings": self.timings,
            "total_time": self.total_s,
            "config": self.config,
        }
        if self.cold:
            body["cold"] = True
        return body

    def event(self) -> dict[str, Any]:
        """The `complete` event."""
        body: dict[str, Any] = {
            "type": "complete",
            "final_answer": self.text,
            "documents": self.documents,
            "total_time": self.total_s,
            "llm_time": self.llm_s,
            "timings": self.timings,
            "config": self.config,
        }
        if self.written_ms is not None:
            body["written_ms"] = self.written_ms
        if self.cold:
            body["cold"] = True
        return body


class Pipeline:
    """Answers requests with what the service has loaded."""

    def __init__(self, service: Service, llm: LLM | MockedLLM, metrics: Metrics) -> None:
        self._service = service
        self._settings = service.settings
        self._llm = llm
        self._metrics = metrics
        self._noted = {stage: (metrics.queued[stage].note, metrics.running[stage].note) for stage in STAGES}
        self._preparer = Preparer(offloaded=service.settings.preprocessing == "offloaded", dial=service.dial)

    def paths(self) -> dict[str, str]:
        """`Class@executor` of every stage."""
        return {
            "preprocess": _path(self._preparer, self._preparer.executor),
            **self._service.paths(),
            "prompt": _path(self, LOOP),
            "llm": f"{self._llm.kind}@{self._llm.executor}",
        }

    async def answer(self, request: AskRequest, sink: Sink) -> Answer | None:
        """Answer into the sink; None if it came to an error, which the sink was told."""
        began = perf_counter_ns()
        answer = Answer(config=self._settings.configuration)
        sink.status("Preparing the question")
        try:
            prepared = await self._prepare(request, answer)
            snippets: list[str] = []
            if request.use_rag:
                snippets = await self._retrieve(request, prepared, answer, sink)
            else:
                sink.documents([], None)
            await self._generate(request, prepared, snippets, answer, sink)
        except LLMError as error:
            sink.error(str(error))
            return None
        except Exception as error:  # the client is told in the stream, for its status is long sent
            sink.error(f"{type(error).__name__}: {error}"[:300])
            return None
        answer.total_s = (perf_counter_ns() - began) / NS_PER_S
        sink.complete(answer)
        if self._service.dial is not None:
            self._service.dial.answered(answer.total_s)
        return answer

    def close(self) -> None:
        self._preparer.close()

    def _note(self, answer: Answer, stage: str, queued_ns: int, running_ns: int) -> None:
        answer.timings[stage] = {"queued_ms": queued_ns / NS_PER_MS, "running_ms": running_ns / NS_PER_MS}
        note_queued, note_running = self._noted[stage]
        note_queued(queued_ns)
        note_running(running_ns)

    async def _prepare(self, request: AskRequest, answer: Answer) -> Prepared:
        asked = perf_counter_ns()
        began, prepared, ended = await self._preparer.prepare(request)
        self._note(answer, "preprocess", began - asked, ended - began)
        return prepared

    async def _retrieve(
        self, request: AskRequest, prepared: Prepared, answer: Answer, sink: Sink
    ) -> list[str]:
        """Find documents, tell them, and give their texts for the prompt."""
        asked = perf_counter_ns()
        loaded = self._service.loaded
        if loaded is None:  # MODEL_LOADING=lazy: this request pays for all, or waits for the one that does
            sink.status("Loading the model and the index")
            loaded = await self._service.load()
            answer.cold = True
        if self._settings.model_loading == "per-request":
            loaded.embeddings.check()
        sink.status("Searching the knowledge base")
        waited_ns = perf_counter_ns() - asked
        count = request.max_documents
        retrieval = loaded.retrieval
        if isinstance(retrieval, LoopRetrieval):
            found = retrieval.retrieve_now(prepared.question, count)
        else:
            found = await retrieval.retrieve(prepared.question, count)
        if found.embed is not None:
            self._note(answer, "embed", found.embed.queued_ns + waited_ns, found.embed.running_ns)
            waited_ns = 0
        self._note(answer, "search", found.search.queued_ns + waited_ns, found.search.running_ns)
        snippets: list[str] = []
        for hit, score in found.hits:
            if score >= request.score_threshold:
                answer.documents.append(orjson.Fragment(loaded.document_json(hit, score)))
                snippets.append(loaded.snippet(hit))
        sink.documents(answer.documents, (perf_counter_ns() - asked) / NS_PER_S)
        return snippets

    async def _generate(
        self, request: AskRequest, prepared: Prepared, snippets: list[str], answer: Answer, sink: Sink
    ) -> None:
        asked = perf_counter_ns()
        messages = build_prompt(request.prompt, prepared, snippets)
        began = perf_counter_ns()
        self._note(answer, "prompt", 0, began - asked)
        sink.status("Asking the LLM")
        first_ns = 0
        pieces = answer.pieces
        if isinstance(self._llm, MockedLLM):
            for piece in self._llm.words(prepared.question):
                first_ns = first_ns or perf_counter_ns()
                pieces.append(piece)
                sink.token(piece)
        else:
            stream = self._llm.stream(messages)
            with self._metrics.upstream.request():
                async with contextlib.aclosing(stream):
                    async for piece in stream:
                        first_ns = first_ns or perf_counter_ns()
                        pieces.append(piece)
                        sink.token(piece)
        ended = perf_counter_ns()
        self._note(answer, "llm", 0, (first_ns or ended) - began)
        answer.llm_s = (ended - began) / NS_PER_S


def _path(worker: object, executor: str) -> str:
    return f"{type(worker).__name__}@{executor}"


def build_prompt(instruction: str, prepared: Prepared, snippets: list[str]) -> Messages:
    """The messages for the LLM: instruction, what was found and sent along, history, question."""
    context = "\n\n".join(
        [f"[{number}] {snippet}" for number, snippet in enumerate(snippets, start=1)]
        + [f"File {name}:\n{content}" for name, content in prepared.files]
    )
    messages = [{"role": "system", "content": f"{instruction}\n\n{context}" if context else instruction}]
    messages += [{"role": role, "content": content} for role, content in prepared.history]
    messages.append({"role": "user", "content": prepared.question})
    return messages
