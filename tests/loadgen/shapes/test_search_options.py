"""A search's options: declared once, checked one by one and together."""

from argparse import Namespace
from typing import Any

import pytest

from loadgen.shapes.search_options import SearchOptions
from records.errors import UsageError
from workloads.stream import STREAM

LOAD = Namespace(arrival="closed", num_users=4, rate=0.0)


def given(**changed: Any) -> SearchOptions:
    defaults = {name: field.default for name, field, _ in SearchOptions.options()}
    return SearchOptions.of(Namespace(**{**defaults, "slo": "ttft:500", **changed}))


def test_a_search_begins_where_its_load_does() -> None:
    options = given()
    assert str(options.objective(STREAM)) == "ttft<=500 ms at p95"
    assert (options.bracket(LOAD).first, options.bracket(LOAD).most) == (4, 1000)
    assert (options.limit_s(None), options.limit_s(60)) == (300, 60)
    options.check_time(None)


@pytest.mark.parametrize(("changed", "why"), [
    ({"slo": ""}, "which objective"), ({"slo": "ttft:soon"}, "--slo 'ttft:soon' wants a number"),
    ({"search_to": 3}, "--search-to 3 is below where the search begins: -u 4"),
    ({"search_seconds": 5.0}, "--search-seconds 5: a search takes"),
    ({"level_seconds": 0.5}, "--level-seconds wants a number of at least 1"),
])  # fmt: skip
def test_what_makes_no_search_is_refused(changed: dict[str, Any], why: str) -> None:
    with pytest.raises(UsageError, match=f"^{why}"):
        _checked(changed)


def _checked(changed: dict[str, Any]) -> None:
    options = given(**changed)
    options.objective(STREAM)
    options.bracket(LOAD)
    options.check_time(None)
