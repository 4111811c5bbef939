"""The dial: which stage is slowed when, by how much, and where the delay is spent."""

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from records.evidence.dial import DialWindow, read_windows
from target_app import dial as dial_module
from target_app.batching import BatchEmbedder
from target_app.corpus import Passage
from target_app.dial import LEAD, PERCENTS, Dial, Spent, Window, turns
from target_app.embeddings import ArrayEmbeddings, DialledEmbeddings, Vectors
from target_app.index import FaissStore, build_flat
from target_app.llm import AsyncLLM, DialledLLM, MockedLLM, make_llm
from target_app.preprocess import INLINE_CHARS, Preparer
from target_app.retrieval import LoopEmbedder, ThreadedRetrieval
from target_app.settings import Settings
from target_app.wire import AskRequest

MS = 1_000_000
S = 1_000 * MS


Clock = SimpleNamespace


@pytest.fixture
def clock() -> Clock:
    """Stands still until it is moved."""
    return SimpleNamespace(ns=0)


@pytest.fixture
def dial(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Dial:
    """Its Unix time is the clock's, and sleeping moves it."""

    def slept(seconds: float) -> None:
        clock.ns += round(seconds * S)

    async def aslept(seconds: float) -> None:
        slept(seconds)

    # For the dial alone: another thread that sleeps would move the clock, too.
    own = SimpleNamespace(**{**vars(time), "time_ns": lambda: 0, "sleep": slept})
    monkeypatch.setattr(dial_module, "time", own)
    monkeypatch.setattr(dial_module, "asyncio", SimpleNamespace(**{**vars(asyncio), "sleep": aslept}))
    return Dial(tmp_path / "dial", seconds=1.0, seed=1, clock=lambda: clock.ns)


def windows(dial: Dial, *known: tuple[int, int, str, int]) -> None:
    """Those that it is to go through, in milliseconds."""
    dial._windows.extend(Window(start * MS, end * MS, stage, percent) for start, end, stage, percent in known)


def written(tmp_path: Path) -> list[DialWindow]:
    [file] = (tmp_path / "dial").iterdir()
    return read_windows(file)


def test_each_stage_that_takes_long_has_each_percentage_once_after_a_rest() -> None:
    spent = {"embed": (9, 9 * 10), "llm": (3, 3 * 90), "search": (9, 9), "preprocess": (1, 50)}
    seen = {stage: Spent(runs=runs, own_ns=ms * MS) for stage, (runs, ms) in spent.items()}
    found = list(turns(seen, 7, 1))
    assert found[::2] == [("", 0)] * 6
    assert sorted(found[1::2]) == sorted((stage, p) for stage in ("embed", "llm") for p in PERCENTS)
    assert found == list(turns(seen, 7, 1))
    assert any(found != list(turns(seen, seed, 1)) for seed in range(5))
    assert list(turns({}, 7, 1)) == [("", 0), ("", 0)]  # nobody asks yet


@pytest.mark.parametrize(("began", "own", "wanted"), [
    (1000, 100, 40),  # all of it in the slowed window
    (200, 100, 0),  # before
    (900, 200, 40),  # of which 100 ms are after its beginning
    (1900, 100, 100 / 1.4 * 0.4),  # of the delay itself a part would be after its end
])  # fmt: skip
def test_a_run_is_slowed_by_the_windows_that_it_goes_through(
    dial: Dial, clock: Clock, began: int, own: int, wanted: float
) -> None:
    windows(dial, (0, 1000, "", 0), (1000, 2000, "llm", 40), (2000, 4000, "", 0))
    clock.ns = (began + own) * MS
    expected = pytest.approx(wanted * MS, abs=10)
    assert dial._delay_ns("llm", began * MS, clock.ns) == expected
    assert dial._delay_ns("embed", began * MS, clock.ns) == 0


def test_pieces_after_a_late_first_one_keep_their_pace_and_do_not_catch_up(dial: Dial, clock: Clock) -> None:
    windows(dial, (0, 1000, "", 0), (1000, 9000, "llm", 20))

    def answer(began_ms: int) -> Iterator[str]:
        """Each piece is there so long after the beginning, whoever waits for the one before."""
        for number, piece in enumerate("abcd", start=1):
            clock.ns = max(clock.ns, (began_ms + 100 * number) * MS)
            yield piece

    def came(began_ms: int) -> list[int]:
        clock.ns = began_ms * MS
        return [clock.ns // MS - began_ms for _ in dial.pieces("llm", began_ms * MS, answer(began_ms))]

    assert came(1000) == [120, 200, 300, 400]  # the pace is not known yet
    assert came(0) == [100, 200, 300, 400]
    clock.ns = 2000 * MS
    assert came(2000) == [120, 220, 320, 420]


def test_the_first_piece_is_late_and_what_it_took_is_written(
    dial: Dial, clock: Clock, tmp_path: Path
) -> None:
    windows(dial, (0, 1000, "llm", 20), (1000, 2000, "", 0))

    def answer() -> Iterator[str]:
        for piece in "ab":
            clock.ns += 100 * MS
            yield piece

    came = [(piece, clock.ns // MS) for piece in dial.pieces("llm", 0, answer())]
    assert came == [("a", 120), ("b", 220)]

    async def awaited() -> AsyncGenerator[str]:
        for piece in answer():
            yield piece

    async def all_of() -> list[tuple[str, int]]:
        return [(piece, clock.ns // MS) async for piece in dial.apieces("llm", awaited())]

    assert asyncio.run(all_of()) == [("a", 340), ("b", 440)]
    clock.ns = 1000 * MS
    dial._delay_ns("llm", 0, 0)
    [window] = written(tmp_path)
    assert (window.stage, window.percent, window.start_ns, window.end_ns) == ("llm", 20, 0, S)
    runs = window.stages["llm"]
    assert (runs.runs, runs.own_ns, runs.wanted_ns, runs.made_ns) == (2, 200 * MS, 40 * MS, 40 * MS)


def test_what_computes_burns_processor_time_of_its_own_thread(dial: Dial) -> None:
    windows(dial, (0, 10_000, "embed", 40))
    dial._clock = time.perf_counter_ns
    dial._unix_ns = -time.perf_counter_ns()

    def work() -> None:
        until = time.thread_time_ns() + 20 * MS
        while time.thread_time_ns() < until:
            pass

    began = time.thread_time_ns()
    dial.run("embed", work)
    assert time.thread_time_ns() - began >= 28 * MS * 0.99


def test_windows_follow_each_other_and_are_longer_where_answers_are(
    dial: Dial, clock: Clock, tmp_path: Path
) -> None:
    for number in range(80):
        clock.ns += 500 * MS
        dial._note("llm", clock.ns - 100 * MS, clock.ns, 0)
        if number == 19:
            dial.answered(0.75)
    dial.close()
    found = written(tmp_path)
    assert all(one.end_ns == after.start_ns for one, after in pairwise(found))
    assert [one.stage for one in found[:LEAD]] == [""] * LEAD
    assert {(one.stage, one.percent) for one in found} >= {("llm", 10), ("llm", 20), ("llm", 40)}
    seconds = [(one.end_ns - one.start_ns) / S for one in found]
    assert 0.8 <= min(seconds) < 1.2 < 1.6 <= seconds[-1] <= 2.4  # no more than twice as long


def test_no_answer_fails_for_want_of_a_disk(dial: Dial, clock: Clock) -> None:
    dial._note("llm", 0, 0, 0)
    dial._file.close()
    clock.ns += 60 * S
    assert list(dial.pieces("llm", clock.ns, iter("ab"))) == ["a", "b"]


class Held:
    """In the dial's place: is the permit held, or on which thread is it, while the delay is spent?"""

    def __init__(self, held: Callable[[], Any]) -> None:
        self.held = held
        self.seen: list[Any] = []

    def run(self, stage: str, work: Callable[[], Any]) -> Any:
        found = work()
        self.seen.append((stage, self.held()))
        return found


class Flat(ArrayEmbeddings):
    def embed_array(self, texts: Sequence[str]) -> Vectors:
        return np.ones((len(texts), 4), dtype=np.float32)


def test_the_delay_is_spent_with_the_permit_and_on_the_thread_of_the_work() -> None:
    held: Any = Held(lambda: retrieval._limit._value == 0)  # type: ignore[attr-defined]
    passages = [Passage(id=str(n), snippet="", text="") for n in range(3)]
    store = FaissStore(passages, build_flat(np.ones((3, 4), dtype=np.float32)), Flat())
    retrieval = ThreadedRetrieval(DialledEmbeddings(Flat(), held), store, threads=2, limit=1)
    retrieval._work("question", 1, 0)
    assert held.seen == [("embed", True)]
    retrieval.close()
    name: Any = Held(lambda: threading.current_thread().name.partition("_")[0])
    embeddings = DialledEmbeddings(Flat(), name)
    batched = BatchEmbedder(embeddings, limit=1, window_ms=0)
    asyncio.run(batched.embed("question"))
    batched.close()
    asyncio.run(LoopEmbedder(embeddings).embed("question"))
    assert name.seen == [("embed", "embed-pool"), ("embed", "MainThread")]
    store.dial = name
    store.search_vector(np.ones(4, dtype=np.float32), 1)
    assert name.seen[-1] == ("search", "MainThread")


def test_without_a_dial_nothing_is_in_between(dial: Dial) -> None:
    settings = Settings(openai_base_url="http://127.0.0.1:9/v1")
    assert isinstance(make_llm(settings), AsyncLLM)
    assert isinstance(make_llm(settings, None, dial), DialledLLM)
    assert settings.dial_seconds == 0


@pytest.mark.parametrize("client", ["async", "threaded", "blocking"])
def test_every_client_waits_longer_for_its_llm(client: Any, quick_llm: Any, tmp_path: Path) -> None:
    dial = Dial(tmp_path / "dial", seconds=60, seed=1)
    dial._turns.appendleft(("llm", 40))
    llm = make_llm(Settings(openai_base_url=quick_llm.base_url, llm_client=client), None, dial)
    assert not isinstance(llm, MockedLLM)

    async def answer() -> list[str]:
        try:
            dial._now()
            return [piece async for piece in llm.stream([{"role": "user", "content": "Why?"}])]
        finally:
            await llm.close()

    assert len(asyncio.run(answer())) == 8
    dial.close()
    [window] = written(tmp_path)
    runs = window.stages["llm"]
    assert runs.runs == 1
    assert runs.wanted_ns == pytest.approx(0.4 * runs.own_ns, abs=10)
    assert runs.made_ns >= runs.wanted_ns


def test_a_dial_wants_a_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("USE_MOCK_LLM", "yes")
    from target_app import app

    (tmp_path / "file").write_text("")
    for folder in (None, tmp_path / "file"):
        with pytest.raises(SystemExit) as ended:
            app._make_dial(Settings(dial_seconds=1, dial_dir=folder))
        assert ended.value.code == 2
        assert "DIAL_DIR" in capsys.readouterr().err
    assert app._make_dial(Settings()) is None


def test_large_requests_and_small_ones_are_prepared_with_it() -> None:
    held: Any = Held(lambda: threading.current_thread() is threading.main_thread())
    preparer = Preparer(offloaded=True, dial=held)
    for size in (1, INLINE_CHARS + 1):
        asked = AskRequest(query="x" * size, embedding_model="a:b", llm_model="a:b", prompt="c")
        asyncio.run(preparer.prepare(asked))
    preparer.close()
    assert held.seen == [("preprocess", True), ("preprocess", False)]
