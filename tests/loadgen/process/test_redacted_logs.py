"""What is logged or printed on the way shows no secret."""

import io
import logging
from collections.abc import Iterator

import pytest

from loadgen.process.redacted_logs import RedactingFilter, RedactingStream, redact_logs
from records.secrets.redaction import Redaction

SECRET = "sk-12345678-abc"


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What goes to a handler of a logger of its own."""
    log, stream = logging.getLogger("of-this-test"), io.StringIO()
    handler = logging.StreamHandler(stream)
    log.addHandler(handler)
    yield stream
    log.removeHandler(handler)
    for one in logging.root.handlers:  # those of pytest
        for old in [old for old in one.filters if isinstance(old, RedactingFilter)]:
            one.removeFilter(old)


def test_messages_and_tracebacks_are_redacted(written: io.StringIO) -> None:
    redact_logs(Redaction(["of an earlier load"]))
    redact_logs(Redaction([SECRET]))
    log = logging.getLogger("of-this-test")
    log.error("it said %s, of an earlier load, %d times", f"Bearer {SECRET}", 3)
    try:
        raise ValueError(SECRET)
    except ValueError:
        log.exception("that")
    text = written.getvalue()
    assert "it said Bearer ***, of an earlier load, 3 times" in text
    assert "Traceback" in text
    assert "ValueError: ***" in text
    assert "12345678" not in text


def test_a_stream_of_tracebacks_is_redacted() -> None:
    to = io.StringIO()
    stream = RedactingStream(to, Redaction([SECRET]))
    stream.write(f"ValueError: {SECRET}\n")
    stream.flush()
    assert to.getvalue() == "ValueError: ***\n"
