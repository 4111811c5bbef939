"""How many tokens are the answer's own, by what services say of them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.tasks.ask.token_usage import TokenUsage


def usage(completion: Any, prompt: Any = None, total: Any = None, reasoning: Any = None) -> dict[str, Any]:
    counts = {"completion_tokens": completion, "prompt_tokens": prompt, "total_tokens": total}
    return counts | {"completion_tokens_details": {"reasoning_tokens": reasoning}}


@pytest.mark.parametrize(
    ("counts", "seen", "thought", "tokens"),
    [
        (usage(40), 38, False, 40),
        (usage(40, 10, 50), 38, False, 40),
        (usage(40, 10, 50, 30), 8, True, 10),  # OpenAI: thoughts are among them
        (usage(40, 10, 50, 30), 8, False, 10),  # and may not be shown
        (usage(40), 8, True, None),  # nobody says how many were thought
        (usage(40, 10, 50, 0), 8, True, None),  # none, it is said, though some came
        (usage(10, 9, 49, 30), 8, True, 10),  # xAI: apart, and in the total
        (usage(10, 9, 49), 8, True, 10),  # Gemini: in the total only
        (usage(10, None, None, 315), 8, True, 10),  # more thoughts than tokens: apart
        (usage(40, None, None, 30), 20, True, 40),  # fewer would be left than were seen
        (usage(3, 9, 12), 8, False, None),  # fewer than were seen
        (usage(400, 9, 409, 400), 0, True, 0),  # only thoughts
        (usage(40.0, 10.0, 50.0), 38, False, 40),
        ({"output_tokens": 40, "input_tokens": 10, "total_tokens": 50}, 38, False, 40),
        ({"completion_tokens": 40, "reasoning_tokens": 30}, 8, True, 10),
        (usage(40) | {"completion_tokens_details": None}, 38, False, 40),
        (usage(405, 9, 1414, 400), 5, True, 5),  # what else the total has is no thought
        (usage(405, 9, 1414, 400), 6, True, None),
        (usage(405), 5, False, None),  # thoughts that nobody shows or splits off
        (usage(405, 9, 1000), 5, False, None),
        (usage(405, 9, 414, 305), 5, False, 100),  # split off: what is left may be in few pieces
        (usage(100), 5, False, 100),
    ],
)
def test_tokens_of_the_answer(counts: Any, seen: int, thought: bool, tokens: int | None) -> None:
    found = TokenUsage.of(counts)
    assert found is not None
    assert found.answer_tokens(seen, thought=thought) == tokens


@pytest.mark.parametrize("counts", [
    None, 3, [], {}, usage(None), usage("40"), usage(True), usage(-1), usage(1.5), usage(1e20), usage(2**63),
])  # fmt: skip
def test_what_counts_no_tokens(counts: Any) -> None:
    assert TokenUsage.of(counts) is None


NUMBER = st.none() | st.integers(-3, 50) | st.floats() | st.text(max_size=1)


@given(
    counts=st.builds(usage, NUMBER, NUMBER, NUMBER, NUMBER), seen=st.integers(0, 50), thought=st.booleans()
)
def test_never_negative_and_never_fewer_than_seen(counts: Any, seen: int, thought: bool) -> None:
    found = TokenUsage.of(counts)
    tokens = found and found.answer_tokens(seen, thought=thought)
    assert tokens is None or tokens >= seen
