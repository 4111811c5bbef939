"""What one answer amounts to: a fold over its events, each stamped with when it arrived."""

from __future__ import annotations

from loadgen.client.error_text import KEPT
from loadgen.tasks.ask.thoughts import CLOSING, MARKS, mark_in, may_be_mark
from loadgen.tasks.ask.token_usage import TokenUsage
from records.finish_reasons import GAVE_UP
from records.request import StageTimings, TokenSource

MOCK_ANSWER = "Mock response to:"


class Answer:
    """Times are monotonic nanoseconds. ``ended_ns`` is set by the terminal event, not by end of file."""

    def __init__(self) -> None:
        self.events = 0
        self.tokens = 0
        """Events that held text of the answer."""
        self.thoughts = 0
        """Events that held what the model thought, and no text of the answer."""
        self.first_event_ns: int | None = None
        self.first_generated_ns: int | None = None
        """The first token of any kind, thoughts too."""
        self.first_token_ns: int | None = None
        self.last_token_ns: int | None = None
        self.finished_ns: int | None = None
        """The last event, where the model was said to have finished: the end of a stream that has no
        terminal event, if it is whole."""
        self.finish_reason: str | None = None
        self.ended_ns: int | None = None
        self.gaps_us: list[int] = []
        self.error: str | None = None
        """What the service says is wrong, as it says it."""
        self.restarted = False
        self.usage: TokenUsage | None = None
        self.documents: int | None = None
        self.stages: StageTimings | None = None
        self.config: str | None = None
        self.begin = ""
        self.undecided = True
        """More of the text is needed to tell a mock's answer, or thoughts, from any other."""
        self.thinking = False
        """What comes as text is thought, until it says otherwise."""
        self._closing = CLOSING
        """The mark that ends them."""
        self._tail = ""

    @property
    def mocked(self) -> bool:
        return self.begin.startswith(MOCK_ANSWER)

    @property
    def token_count(self) -> tuple[int, TokenSource]:
        """The answer's tokens, without thoughts."""
        usage = self.usage
        told = None if usage is None else usage.answer_tokens(self.tokens, thought=self.thoughts > 0)
        return (self.tokens, "events") if told is None else (told, "usage")

    def token(self, text: object, at_ns: int) -> str | None:
        """A piece of answer text, given back. Empty ones (role chunks, last chunks) are no tokens."""
        if not isinstance(text, str) or not text:
            return None
        if self.thinking or (not self.thoughts and CLOSING in text):
            return self._think(text, at_ns)
        self.tokens += 1
        if self.last_token_ns is None:
            self.first_token_ns = at_ns
            if self.first_generated_ns is None:
                self.first_generated_ns = at_ns
        else:
            self.gaps_us.append((at_ns - self.last_token_ns) // 1000)
        self.last_token_ns = at_ns
        if self.undecided:
            self.begin += text
            self._decide(at_ns)
            if self.thinking:
                return None
        return text

    def thought(self, at_ns: int) -> None:
        """A piece of what the model thinks before it answers: generated, and no token of the answer."""
        self.thoughts += 1
        if self.first_generated_ns is None:
            self.first_generated_ns = at_ns

    def plain_tokens(self, count: int, at_ns: int) -> None:
        """Events that came together, each one token and nothing else."""
        self.events += count
        self.tokens += count
        if self.last_token_ns is None:
            self.first_token_ns = at_ns
            if self.first_generated_ns is None:
                self.first_generated_ns = at_ns
        else:
            self.gaps_us.append((at_ns - self.last_token_ns) // 1000)
        if count > 1:
            self.gaps_us += [0] * (count - 1)
        self.last_token_ns = at_ns

    def finish(self, reason: str, at_ns: int) -> None:
        """The model stopped, for ``reason``."""
        self.finished_ns = at_ns
        if self.finish_reason not in GAVE_UP:
            self.finish_reason = reason
        if reason in GAVE_UP:
            self.fail(f"finish_reason is {reason}")

    def restart(self) -> None:
        """The server threw away what it had said (a fallback): the tokens start again."""
        self.restarted = True
        self._forget_tokens()
        self.begin, self.thinking, self.undecided = "", False, True
        self._closing = CLOSING

    def count(self, usage: TokenUsage | None) -> None:
        """What the service counted, so far or in all: the last that counts something holds."""
        if usage is not None and (usage.completion or self.usage is None):
            self.usage = usage

    def fail(self, message: object) -> None:
        if self.error is None:
            self.error = str(message)[:KEPT]

    def _forget_tokens(self) -> None:
        self.tokens = 0
        self.first_token_ns = self.last_token_ns = None
        self.gaps_us = []

    def _decide(self, at_ns: int) -> None:
        """What kind of text is it that begins so?"""
        begin = self.begin.lstrip()
        mark = mark_in(begin)
        if mark is not None:
            self._thought_all_along(mark, at_ns)
        self.undecided = mark is None and (MOCK_ANSWER.startswith(begin) or may_be_mark(begin))

    def _thought_all_along(self, mark: str, at_ns: int) -> None:
        """The text so far was the mark that thoughts begin with."""
        self.thoughts += self.tokens
        self._forget_tokens()
        self.thinking, self._closing = True, MARKS[mark]
        rest, self._tail = self.begin.lstrip().removeprefix(mark), ""
        if self._closing in rest:
            self._think(rest, at_ns)
        else:
            self._tail = rest[-len(self._closing) :]

    def _think(self, text: str, at_ns: int) -> str | None:
        """A piece of text while the model thinks; what follows the closing mark is the answer's."""
        before, mark, after = (self._tail + text).partition(self._closing)
        if not mark:
            self._tail = before[-len(self._closing) :]
            self.thought(at_ns)
            return None
        if not self.thinking:  # a prompt began them: all text so far was thought
            self.thoughts = self.tokens
            self._forget_tokens()
        self.thinking = self.undecided = False
        if not after.strip():
            self.thought(at_ns)
            return None
        self.thoughts = self.thoughts or 1
        self.token(after, at_ns)
        return None  # its event holds more than the token
