"""The in-process mock LLM says the question back, word by word."""

from hypothesis import example, given
from hypothesis import strategies as st

from mocks.llm import stream_words


@given(st.text(max_size=200))
@example("")
def test_the_pieces_joined_are_the_exact_text(question: str) -> None:
    pieces = list(stream_words(question))
    assert "".join(pieces) == f"Mock response to: {question}"
    assert all(pieces)


def test_a_piece_is_a_word_and_its_space() -> None:
    assert list(stream_words("what is x")) == ["Mock ", "response ", "to: ", "what ", "is ", "x"]
