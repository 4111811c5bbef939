"""Frames of other threads are read while nothing is collected: before Python 3.12 that ended the app."""

import gc
import sys
from typing import Any

import pytest

from profiler.inside.collector import sampler
from profiler.inside.collector.undisturbed import forked, undisturbed
from support import wait_until


class Nowhere:
    def takes(self) -> bool:
        return True

    def gone(self) -> bool:
        return False

    def write(self, line: bytes) -> None: ...

    def close(self) -> None: ...


def test_no_garbage_is_collected_while_frames_of_others_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, bool]] = []

    def loops(frames: Any) -> list[Any]:
        seen.append(("loops", gc.isenabled()))
        return []

    def served(frames: Any, _: Any) -> tuple[list[Any], int]:
        seen.append(("sample", gc.isenabled()))
        raise ValueError  # what fails leaves it as it was, too

    monkeypatch.setattr(sampler, "loops_of_asyncio", loops)
    monkeypatch.setattr(sampler, "served", served)
    one = sampler.Sampler(Nowhere(), 0.01, told=False)  # type: ignore[arg-type]
    one.serves()
    try:
        wait_until(lambda: {what for what, _ in seen} == {"loops", "sample"})
    finally:
        one.stop()
    assert {enabled for _, enabled in seen} == {sys.version_info >= (3, 12)}
    assert gc.isenabled()


def test_a_child_that_is_forked_meanwhile_collects_again_and_who_collects_by_himself_is_left_alone() -> None:
    with undisturbed():
        forked()
        assert gc.isenabled()
    gc.disable()
    try:
        with undisturbed():
            assert not gc.isenabled()
        assert not gc.isenabled()
    finally:
        gc.enable()
