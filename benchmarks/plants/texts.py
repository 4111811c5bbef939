"""What is asked and what it is found in: the same texts every time, so that their index is built but once."""

from __future__ import annotations

from pathlib import Path
from random import Random

KNOWLEDGE = "knowledge"
QUESTIONS, LONG_QUESTIONS = "questions.txt", "long-questions.txt"
PASSAGES = 100
COUNT = 2000
_SENTENCE = (
    "a request waits for its connection while other answers stream through the event loop and threads of a "
    "pool search an index of vectors that a model made from passages about queues clients servers tokens"
)
_WORDS = _SENTENCE.split()


def write_texts(folder: Path) -> None:
    """A hundred passages, short questions about them, and some of 100 to 8,000 characters, in which what
    grows with a question's length can be seen. Raises OSError."""
    random = Random(0)
    knowledge = folder / KNOWLEDGE
    knowledge.mkdir(parents=True, exist_ok=True)
    for number in range(PASSAGES):
        (knowledge / f"note-{number:03}.txt").write_text(f"{_said(random, 120)}.\n")
    short = [f"Note {number}: why does {_said(random, 40)}?\n" for number in range(COUNT)]
    long = [
        f"Note {number}: why does {_said(random, int(100 * 80 ** random.random()))}?\n"
        for number in range(COUNT)
    ]
    (folder / QUESTIONS).write_text("".join(short))
    (folder / LONG_QUESTIONS).write_text("".join(long))


def _said(random: Random, length: int) -> str:
    words = [random.choice(_WORDS)]
    room = length - len(words[0])
    while room > 0:
        words.append(random.choice(_WORDS))
        room -= len(words[-1]) + 1
    return " ".join(words)
