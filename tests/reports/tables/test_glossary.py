"""The abbreviations of a report are said in full once."""

from typing import Any

from reported import words


def test_what_columns_are_is_said_below_the_first_table_alone(made: Any, of: Any) -> None:
    specs = [made.spec(config=name, repeat=n) for name in ("baseline", "mock-llm") for n in (1, 2, 3)]
    text = words(of(*specs))
    for said in (
        "TTFT: time from a request to its answer's first token", "ITL: time from a token to the next",
        "E2E: time from a request to its answer's end", "RPS: good answers a second",
    ):  # fmt: skip
        assert text.count(said) == 1
    assert text.index("ITL: time") < text.index("local: mock-llm Conc")
