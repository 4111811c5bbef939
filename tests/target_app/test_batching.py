"""Questions that come together are embedded together; each gets its own vector, times and error."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import numpy as np
import pytest

from target_app.batching import MAX_BATCH, BatchEmbedder
from target_app.embeddings import ArrayEmbeddings, Vectors

LIMIT_S = 20.0


class Recorder(ArrayEmbeddings):
    """A question's vector is its number. It keeps each batch, and works on one only while it is let."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.may_work = threading.Event()
        self.may_work.set()
        self.broken: set[str] = set()

    def embed_array(self, texts: Sequence[str]) -> Vectors:
        self.batches.append(list(texts))
        assert self.may_work.wait(LIMIT_S)
        if self.broken.intersection(texts):
            raise ValueError("cannot be embedded")
        return np.array([[float(text)] for text in texts], dtype=np.float32)


Scene = Callable[[Recorder, BatchEmbedder], Coroutine[Any, Any, None]]


def run(with_embedder: Scene, limit: int = 1) -> None:
    recorder = Recorder()
    embedder = BatchEmbedder(recorder, limit=limit, window_ms=0)
    try:
        asyncio.run(asyncio.wait_for(with_embedder(recorder, embedder), LIMIT_S))
    finally:
        recorder.may_work.set()
        embedder.close()


async def _asked(embedder: BatchEmbedder, numbers: Sequence[int]) -> list[asyncio.Task[Any]]:
    """Tasks that have asked and wait."""
    tasks = [asyncio.create_task(embedder.embed(str(number))) for number in numbers]
    await asyncio.sleep(0)
    return tasks


async def _until(holds: Callable[[], bool]) -> None:
    while not holds():
        await asyncio.sleep(0.001)


async def _working(recorder: Recorder, embedder: BatchEmbedder) -> list[asyncio.Task[Any]]:
    """Question 0, whose batch is worked on until it is let."""
    recorder.may_work.clear()
    first = await _asked(embedder, [0])
    await _until(lambda: bool(recorder.batches))
    return first


def test_those_who_come_while_one_is_embedded_share_a_batch_and_each_gets_its_own() -> None:
    async def scene(recorder: Recorder, embedder: BatchEmbedder) -> None:
        first = await _working(recorder, embedder)
        others = await _asked(embedder, range(1, 8))
        recorder.may_work.set()
        found = [await task for task in (*first, *others)]
        assert recorder.batches == [["0"], [str(number) for number in range(1, 8)]]
        assert [vector.tolist() for vector, _ in found] == [[float(number)] for number in range(8)]
        assert len({timing.running_ns for _, timing in found[1:]}) == 1, "all of a batch take its time"
        assert all(timing.queued_ns > 0 and timing.running_ns > 0 for _, timing in found)

    run(scene)


def test_a_batch_has_an_end() -> None:
    async def scene(recorder: Recorder, embedder: BatchEmbedder) -> None:
        first = await _working(recorder, embedder)
        others = await _asked(embedder, range(1, MAX_BATCH + 4))
        recorder.may_work.set()
        await asyncio.gather(*first, *others)
        assert [len(batch) for batch in recorder.batches] == [1, MAX_BATCH, 3]

    run(scene)


@pytest.mark.parametrize("limit", [1, 2])
def test_no_more_batches_at_once_than_allowed(limit: int) -> None:
    async def scene(recorder: Recorder, embedder: BatchEmbedder) -> None:
        recorder.may_work.clear()
        waiting = []
        for number in range(4):
            waiting += await _asked(embedder, [number])
            await _until(lambda at=number: len(recorder.batches) == min(at + 1, limit))  # type: ignore[misc]
        recorder.may_work.set()
        await asyncio.gather(*waiting)
        assert len(recorder.batches) == limit + 1

    run(scene, limit)


def test_who_left_is_not_embedded() -> None:
    async def scene(recorder: Recorder, embedder: BatchEmbedder) -> None:
        first = await _working(recorder, embedder)
        gone, stays = await _asked(embedder, [1, 2])
        gone.cancel()
        recorder.may_work.set()
        await asyncio.gather(*first, stays)
        assert recorder.batches == [["0"], ["2"]]

    run(scene)


def test_an_error_is_that_of_its_batch_and_the_next_one_works() -> None:
    async def scene(recorder: Recorder, embedder: BatchEmbedder) -> None:
        recorder.broken.add("1")
        with pytest.raises(ValueError, match="cannot be embedded"):
            await embedder.embed("1")
        vector, _ = await embedder.embed("2")
        assert vector.tolist() == [2.0]

    run(scene)
