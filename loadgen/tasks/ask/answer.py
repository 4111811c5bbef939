"""What one answer amounts to: the state that a fold over its events makes, each stamped with its arrival."""

from __future__ import annotations

from loadgen.client.error_text import KEPT, TOO_DEEP
from loadgen.tasks.ask.thoughts import (
    MARKS,
    after_closing,
    closing_begun,
    mark_in,
    may_be_mark,
    without_closing,
)
from loadgen.tasks.ask.token_usage import TokenUsage
from records.cells.finish_reasons import GAVE_UP
from records.cells.request import StageTimings, TokenSource

MOCK_ANSWER = "Mock response to:"


class Answer:
    """Times are monotonic nanoseconds. ``ended_ns`` is set by the terminal event, not by end of file."""

    def __init__(self) -> None:
        self.events = 0
        self.tokens = 0
        """Events that held text of the answer."""
        self.thoughts = 0
        """Events that held what the model thought."""
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
        """Between tokens of the answer; one in which the model thought is none of its pace."""
        self.error: str | None = None
        """What the service says is wrong, as it says it."""
        self.restarted = False
        self.cut = False
        """Among its tokens, a line of an event came in two parts, a lump's time apart."""
        self.usage: TokenUsage | None = None
        self.longest = 0
        """Characters in the longest of the pieces with which the answer began."""
        self.documents: int | None = None
        self.stages: StageTimings | None = None
        self.written_ms: float | None = None
        """For how long the service wrote, from its first token to its end, as it says."""
        self.config: str | None = None
        self.begin = ""
        self.in_messages = False
        """Its pieces are messages, as of services that send no deltas."""
        self.watched = True
        """What the next text is can be told by its words, or by what came before it, and not by its form."""
        self._undecided = True
        """More of the text is needed to tell a mock's answer, or thoughts, from any other."""
        self._closing = ""
        """While what comes as text is thought: the mark that ends it."""
        self._tail = ""
        """The end of the text so far, where it may be the beginning of a mark."""
        self._led = False
        """Thoughts have just ended: blanks are none of the answer."""
        self._paused = False
        """The model thought since its last token."""
        self._called_ns: int | None = None

    @property
    def mocked(self) -> bool:
        return self.begin.startswith(MOCK_ANSWER)

    @property
    def token_count(self) -> tuple[int, TokenSource]:
        """The answer's tokens, without thoughts."""
        usage = self.usage
        told = None
        if usage is not None:
            told = usage.answer_tokens(self.tokens, thought=self.thoughts > 0, longest=self.longest)
        return (self.tokens, "events") if told is None else (told, "usage")

    def token(self, text: object, at_ns: int) -> str | None:
        """A piece of answer text, given back. Empty ones (role chunks, last chunks) are no tokens."""
        if not isinstance(text, str) or not text:
            return None
        if self.watched or "/" in text or "<" in text:
            return self._watch(text, at_ns)
        self.tokens += 1
        if self.last_token_ns is None:
            self._first(at_ns)
        else:
            self.gaps_us.append((at_ns - self.last_token_ns) // 1000)
        self.last_token_ns = at_ns
        return text

    def thought(self, at_ns: int) -> None:
        """A piece of what the model thinks: generated, and no token of the answer."""
        self.thoughts += 1
        if self.first_generated_ns is None:
            self.first_generated_ns = at_ns
        if self.last_token_ns is not None:
            self._paused = self.watched = True

    def called(self, at_ns: int) -> None:
        """A tool's call began. If no arguments and no text come, it is all of the answer."""
        if self._called_ns is None:
            self._called_ns = at_ns

    def plain_tokens(self, count: int, at_ns: int) -> None:
        """Events that came together, each one token and nothing else."""
        self.events += count
        self.tokens += count
        if self.last_token_ns is None:
            self._first(at_ns)
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
        self._count_the_call()

    def end(self, at_ns: int) -> None:
        """The terminal event, with or without a reason before it."""
        self.ended_ns = at_ns
        self._count_the_call()

    def restart(self) -> None:
        """The server threw away what it had said (a fallback): the tokens start again."""
        self.restarted = True
        self._forget_tokens()
        self.begin = self._closing = self._tail = ""
        self._led = self._paused = False
        self.watched = self._undecided = True

    def count(self, usage: TokenUsage | None) -> None:
        """What the service counted, so far or in all: the last that counts something holds."""
        if usage is not None and (usage.completion or self.usage is None):
            self.usage = usage

    def fail(self, message: object) -> None:
        if self.error is None:
            try:
                self.error = str(message)[:KEPT]
            except RecursionError:
                self.error = TOO_DEEP

    def _first(self, at_ns: int) -> None:
        self.first_token_ns = at_ns
        # A tool's call is a token from its beginning on, and thoughts may have come after that.
        if self.first_generated_ns is None or self.first_generated_ns > at_ns:
            self.first_generated_ns = at_ns

    def _counted(self, at_ns: int) -> None:
        """A token of the answer, outside the common way."""
        self.tokens += 1
        if self.last_token_ns is None:
            self._first(at_ns)
        elif not self._paused:
            self.gaps_us.append((at_ns - self.last_token_ns) // 1000)
        self.last_token_ns = at_ns
        self._paused = False

    def _count_the_call(self) -> None:
        """It is all of the answer where nothing else came."""
        if not self.tokens and self._called_ns is not None:
            self._counted(self._called_ns)

    def _forget_tokens(self) -> None:
        self.tokens = 0
        self.first_token_ns = self.last_token_ns = None
        self.gaps_us = []

    def _watch(self, text: str, at_ns: int) -> str | None:
        """A piece of text whose words, or whose place in the answer, count."""
        form = self._watched(text, at_ns)
        self.watched = bool(self._undecided or self._closing or self._tail or self._led or self._paused)
        return form

    def _watched(self, text: str, at_ns: int) -> str | None:
        if self._closing:
            before, mark, after = (self._tail + text).partition(self._closing)
            if mark:
                self._answer_begins(after, at_ns)
                return None
            self._tail = before[-len(self._closing) :]
            self.thought(at_ns)
            return None
        if self._led:
            if not text.strip():
                self.thought(at_ns)
                return None
            self._led = False
        if not self.thoughts:
            joined, self._tail = self._tail + text, ""
            after_mark = after_closing(joined)
            if after_mark is not None:  # a prompt began them: all text so far was thought
                self.thoughts = self.tokens
                self._forget_tokens()
                self._answer_begins(after_mark, at_ns)
                return None
            self._tail = closing_begun(joined)
        elif not self.tokens and (rest := without_closing(text)) is not None:
            self._answer_begins(rest, at_ns)  # they were told to be thoughts by other means, too
            return None
        self._counted(at_ns)
        if self._undecided:
            self.begin += text
            self.longest = max(self.longest, len(text))
            return text if self._decide(at_ns) else None
        return text

    def _decide(self, at_ns: int) -> bool:
        """Does the answer, and not a thought, begin with the text so far?"""
        begin = self.begin.lstrip()
        mark = mark_in(begin)
        if mark is None:
            self._undecided = MOCK_ANSWER.startswith(begin) or may_be_mark(begin)
            return True
        self.thoughts += self.tokens
        self._forget_tokens()
        self._undecided, self._closing, self._tail = False, MARKS[mark], ""
        before, closed, after = begin.removeprefix(mark).partition(self._closing)
        if closed:
            self._answer_begins(after, at_ns)
        else:
            self._tail = before[-len(self._closing) :]
        return False

    def _answer_begins(self, after: str, at_ns: int) -> None:
        """Thoughts ended with a mark; what follows it is the answer's. Its event is of no form."""
        self._closing = self._tail = ""
        self._undecided = self._paused = False
        if after.strip():
            self.thoughts = self.thoughts or 1
            self._counted(at_ns)
        else:
            self._led = True
            self.thought(at_ns)
