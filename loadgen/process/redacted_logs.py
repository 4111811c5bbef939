"""What a load process prints without being asked, tracebacks too, shows no secret either. No locust."""

from __future__ import annotations

import logging
from typing import TextIO

from records.secrets.redaction import Redaction


class RedactingFilter(logging.Filter):
    """Blanks secrets in a log record's message and traceback."""

    def __init__(self, redaction: Redaction) -> None:
        super().__init__()
        self._redaction = redaction

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self._redaction.without_secrets(record.getMessage()), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = self._redaction.without_secrets(record.exc_text)
        return True


class RedactingStream:
    """Where gevent prints what ended a greenlet."""

    def __init__(self, stream: TextIO, redaction: Redaction) -> None:
        self._stream = stream
        self._redaction = redaction

    def write(self, text: str) -> int:
        return self._stream.write(self._redaction.without_secrets(text))

    def flush(self) -> None:
        self._stream.flush()


def redact_logs(redaction: Redaction) -> None:
    """From here on, by all handlers there are; once for each start of the load, whose secrets may differ."""
    handlers = {*logging.root.handlers}
    for name in list(logging.root.manager.loggerDict):
        handlers.update(logging.getLogger(name).handlers)
    for handler in handlers:
        for old in [one for one in handler.filters if isinstance(one, RedactingFilter)]:
            handler.removeFilter(old)
        handler.addFilter(RedactingFilter(redaction))
