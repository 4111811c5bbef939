"""Prometheus's text format: of vLLM, of odd services, and as its own client reads it."""

import math

import pytest
from prometheus_client import CollectorRegistry, Gauge, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from records.evidence.series import is_wanted, parse, split

VLLM = """# HELP vllm:num_requests_waiting Number of requests waiting to be processed.
# TYPE vllm:num_requests_waiting gauge
vllm:num_requests_waiting{engine="0",model_name="m"} 7.0
vllm:gpu_cache_usage_perc{model_name="m",engine="0"} 0.25
vllm:request_success_created{engine="0"} 1.7e+09
vllm:time_to_first_token_seconds_bucket{engine="0",le="0.001"} 3.0
vllm:time_to_first_token_seconds_sum{engine="0"} 1.5
"""


def test_series_are_known_by_their_name_and_their_labels_in_one_order() -> None:
    found = dict(parse(VLLM))
    assert found['vllm:gpu_cache_usage_perc{engine="0",model_name="m"}'] == 0.25
    assert {key for key in found if not is_wanted(key, ())} == {
        'vllm:request_success_created{engine="0"}',
        'vllm:time_to_first_token_seconds_bucket{engine="0",le="0.001"}',
    }
    waiting = [key for key in found if is_wanted(key, ("*_waiting", "other"))]
    assert [split(key) for key in waiting] == [
        ("vllm:num_requests_waiting", {"engine": "0", "model_name": "m"})
    ]


@pytest.mark.parametrize(("line", "found"), [
    ("up 1", [("up", 1.0)]), ("  up\t1 1700000000000", [("up", 1.0)]), ("up{} 1", [("up", 1.0)]),
    ('up{ b = "2", a="1", } 1e3', [('up{a="1",b="2"}', 1000.0)]),
    ('up{a="}{ \\" #"} 1 # {trace_id="x"} 0.5', [('up{a="}{ \\" #"}', 1.0)]), ("# EOF", []), ("up NaN", []),
    ("up +Inf", []), ("up", []), ("up one", []), ('up{a="1 1', []), ("9up 1", []), ("<html> 1", []),
])  # fmt: skip
def test_a_line(line: str, found: list[tuple[str, float]]) -> None:
    assert list(parse(line)) == found


def test_a_labels_text_comes_back_as_it_was() -> None:
    registry = CollectorRegistry()
    text = 'C:\\dir "x"\n},{'
    Gauge("g", "", ["a", "b"], registry=registry).labels(text, "é").set(2)
    [(key, value)] = parse(generate_latest(registry).decode())
    assert (split(key), value) == (("g", {"a": text, "b": "é"}), 2.0)


def test_what_its_own_client_reads_is_what_is_read_here() -> None:
    registry = CollectorRegistry()
    histogram = Histogram("h_seconds", "Some.", ["stage"], registry=registry)
    for stage, seconds in (("a", 0.2), ("b", 3.0)):
        histogram.labels(stage).observe(seconds)
    text = generate_latest(registry).decode() + VLLM
    theirs = {
        (one.name, tuple(sorted(one.labels.items()))): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
        if math.isfinite(one.value)
    }
    ours = {(split(key)[0], tuple(sorted(split(key)[1].items()))): value for key, value in parse(text)}
    assert ours == theirs
