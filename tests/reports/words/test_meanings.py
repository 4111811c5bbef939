"""How sure a finding is, in words that fit it."""

from typing import Any

import pytest

from reports.words.meanings import SURE, sure


@pytest.mark.parametrize("confidence", SURE)
def test_a_finding_without_a_cause_excludes_no_other_causes(confidence: Any) -> None:
    said = sure("scales-to-measured-limit", confidence)
    assert said.startswith(confidence)
    assert "cause" not in said.replace("because", "")
    assert sure("gc-pauses", confidence) == SURE[confidence]
