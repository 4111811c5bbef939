"""What a link's options take."""

from __future__ import annotations

import click
import pytest

from mocks.wan.units import Place


def test_a_link_leads_to_a_port_that_somebody_can_have() -> None:
    assert Place().convert("h:0", None, None) == ("h", 0)
    assert Place(least=1).convert("h:1", None, None) == ("h", 1)
    for place in ("h:0", "0", "h:65536"):
        with pytest.raises(click.BadParameter, match="is no place"):
            Place(least=1).convert(place, None, None)
