"""What is done to a request before retrieval: normalise, clean, count words, trim to the budget."""

from __future__ import annotations

import asyncio
import html
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter_ns

from target_app.dial import Dial
from target_app.executors import LOOP, LOOP_OR_PREPROCESS_POOL, PREPROCESS_POOL, Pool
from target_app.wire import AskRequest

INLINE_CHARS = 20_000
"""Below this the work takes less than a hop to a thread (about 0.2 ms) is worth."""
HISTORY_CHARS = 8_000
FILE_CHARS = 20_000
TAG = re.compile(r"<[^<>]{1,200}>")
SPACE = re.compile(r"\s+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Prepared:
    """The request's texts, ready to be embedded and put into a prompt."""

    question: str
    history: tuple[tuple[str, str], ...]
    files: tuple[tuple[str, str], ...]


def is_big(request: AskRequest) -> bool:
    """True if preparing takes long enough to matter to others on the event loop."""
    size = len(request.query)
    size += sum(len(file.content) for file in request.files)
    size += sum(len(turn.content) for turn in request.history)
    return size > INLINE_CHARS


def clean(text: str) -> str:
    """NFKC, without markup and with single spaces."""
    if text.isascii() and "<" not in text and "&" not in text:
        return " ".join(text.split())
    return SPACE.sub(" ", TAG.sub(" ", html.unescape(unicodedata.normalize("NFKC", text)))).strip()


def _most_relevant(text: str, wanted: frozenset[str], budget: int) -> str:
    """The sentences that share most words with the question, in their order, up to a budget of characters."""
    if len(text) <= budget:
        return text
    sentences = re.split(r"(?<=[.!?])\s+", text)
    ranked = sorted(
        range(len(sentences)),
        key=lambda place: -len(wanted.intersection(sentences[place].lower().split())),
    )
    kept, used = [], 0
    for place in ranked:
        if used + len(sentences[place]) > budget:
            continue
        kept.append(place)
        used += len(sentences[place]) + 1
    return " ".join(sentences[place] for place in sorted(kept))


def _latest(turns: Sequence[tuple[str, str]], budget: int) -> tuple[tuple[str, str], ...]:
    kept: list[tuple[str, str]] = []
    for role, content in reversed(turns):
        budget -= len(content)
        if budget < 0:
            break
        kept.append((role, content))
    return tuple(reversed(kept))


def prepare(request: AskRequest) -> Prepared:
    """All of it, on the calling thread; takes about 1 ms per 20,000 characters."""
    question = clean(request.query)
    if not request.files and not request.history:
        return Prepared(question=question, history=(), files=())
    wanted = frozenset(question.lower().split())
    return Prepared(
        question=question,
        history=_latest([(turn.role, clean(turn.content)) for turn in request.history], HISTORY_CHARS),
        files=tuple(
            (file.name, _most_relevant(clean(file.content), wanted, FILE_CHARS)) for file in request.files
        ),
    )


class Preparer:
    """Prepares large requests in a pool of one thread (`offloaded`), all others on the event loop."""

    def __init__(self, *, offloaded: bool, dial: Dial | None = None) -> None:
        self._pool = Pool(1, PREPROCESS_POOL) if offloaded else None
        self._dial = dial
        self.executor = LOOP_OR_PREPROCESS_POOL if offloaded else LOOP

    async def prepare(self, request: AskRequest) -> tuple[int, Prepared, int]:
        """The request's texts, between the times at which the work was begun and ended (ns)."""
        if self._pool is not None and is_big(request):
            return await asyncio.get_running_loop().run_in_executor(self._pool, self._timed, request)
        return self._timed(request)

    def _timed(self, request: AskRequest) -> tuple[int, Prepared, int]:
        began = perf_counter_ns()
        if self._dial is None:
            prepared = prepare(request)
        else:
            prepared = self._dial.run("preprocess", lambda: prepare(request))
        return began, prepared, perf_counter_ns()

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
