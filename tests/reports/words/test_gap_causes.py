"""What the first lines say makes a deployment slower."""

from types import SimpleNamespace
from typing import Any

import pytest

from reports.words.gap_causes import gap_cause_sentences


@pytest.mark.parametrize(("rest", "said"), [
    (0.21, "pod is slower because of its quota (70 %); 21 % is unexplained."),
    (0.31, "pod is slower because of its quota (70 %); 31 % is unexplained."),
    (0.34, "pod is slower because of its quota (70 %); 34 % is unexplained (measured part by part: by "
           "chance it is over 100 %)."),
    (-0.12, "pod is slower because of its quota (70 %); the parts add up to 112 %, which is chance."),
])  # fmt: skip
def test_parts_that_add_up_to_more_than_all_leave_nothing_unexplained(
    rest: float, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reports.words.gap_causes.IN_BRIEF", {"cpu-throttling": "its quota"})
    causes = SimpleNamespace(
        faster="local", slower="pod", config="baseline", gap=SimpleNamespace(value=12.0), rest_share=rest,
        load=SimpleNamespace(named="20 users"),
        hypotheses=[SimpleNamespace(code="cpu-throttling", share=0.7, verdict="confirmed")],
    )  # fmt: skip
    analysis: Any = SimpleNamespace(gap_causes=[causes])
    assert [one.short for one in gap_cause_sentences(analysis)] == [said]
