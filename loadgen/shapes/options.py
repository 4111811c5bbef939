"""A shape's options in locust's parser. No locust."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable
from typing import Any

from loadgen.engine.terminal import refuse


def options_of(shape: type[Any]) -> Callable[[Callable[[Any], None]], Callable[..., None]]:
    """A listener that adds a shape's options, and refuses a second shape: locust would run whichever file
    came first and say nothing. Locust loads a file that holds no User a second time, and would end in a
    conflict of options before it could say what is missing."""

    every: type[Any] = shape.__bases__[0]

    def listens(add: Callable[[Any], None]) -> Callable[..., None]:
        def listener(parser: Any, **_: Any) -> None:
            loaded = {one.__name__ for one in every.__subclasses__() if not one.abstract}
            if len(loaded) > 1:
                refuse(
                    f"a load has one shape, not {len(loaded)}: {', '.join(sorted(loaded))}; leave one in -f"
                )
            with contextlib.suppress(argparse.ArgumentError):
                add(parser)

        return listener

    return listens
