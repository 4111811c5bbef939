"""A process that makes the whole load itself: its records are written together, and all of them."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

from loadgen.engine.driver import Driver
from loadgen.process.alone import Alone


def begun(write: Callable[[bytes], None] | None, soon: list[Callable[[], None]]) -> Alone:
    one = Alone("local", soon.append)
    run: Any = SimpleNamespace(cell=SimpleNamespace(append=write), settings=SimpleNamespace(results="r"))
    one.begin(run, lambda keep: cast(Driver, cast(Any, None)))
    return one


def test_records_of_one_turn_are_one_write_when_it_is_over() -> None:
    written: list[bytes] = []
    soon: list[Callable[[], None]] = []
    one = begun(written.append, soon)
    one.keep(b"a\n")
    one.keep(b"b\n")
    assert (written, len(soon)) == ([], 1)
    soon.pop()()
    assert written == [b"a\nb\n"]
    one.keep(b"c\n")
    assert len(soon) == 1


def test_the_end_writes_what_is_left() -> None:
    written: list[bytes] = []
    one = begun(written.append, [])
    one.keep(b"a\n")
    one.end()
    one.end()
    assert written == [b"a\n"]
