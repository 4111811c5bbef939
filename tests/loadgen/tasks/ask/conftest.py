"""Whoever asks, over plain HTTP and over TLS."""

from collections.abc import Callable
from typing import Any

import pytest

from loadgen.client.connect import connection
from loadgen.client.connection import Timeouts
from loadgen.tasks.ask.dialects import dialect
from loadgen.tasks.ask.reading import Asker


@pytest.fixture
def asker(over: Any) -> Callable[..., Asker]:
    """Of the URL of a plain server, which may be asked through TLS: either way the figures are the same."""

    def make(url: str, name: str = "ask", timeout_s: float = 60.0, **timeouts: float) -> Asker:
        limits = Timeouts(total=timeout_s, **timeouts)
        return Asker(connection(over.origin(url), limits), dialect(name), {})

    return make
