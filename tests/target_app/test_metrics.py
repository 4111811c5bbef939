"""What requests noted, as `/metrics` shows it: held against prometheus_client's own histogram and parser."""

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from target_app.metrics import BUCKETS_S, MOST_NOTED, Metrics

TIMES_NS = [0, 1, 99_999, 100_000, 100_001, 2_500_000, 9_999_999_999, 10_000_000_000, 10_000_000_001, 10**12]


def samples(text: bytes) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


def test_times_are_in_the_buckets_in_which_prometheus_has_them() -> None:
    metrics, registry = Metrics(), CollectorRegistry()
    theirs = Histogram("target_stage_seconds", "x", ["stage", "part"], buckets=BUCKETS_S, registry=registry)
    for part, ours in (("queued", metrics.queued), ("running", metrics.running)):
        for stage, times in ours.items():
            child = theirs.labels(stage, part)
            for ns in TIMES_NS if stage == "embed" else ():
                times.note(ns)
                child.observe(ns / 1e9)
    expected = samples(generate_latest(registry))
    for _ in range(2):  # to be asked changes nothing
        found = samples(metrics.exposition())
        assert {key: value for key, value in found.items() if "stage_seconds" in key[0]} == expected


def test_requests_and_those_in_it_are_told() -> None:
    metrics = Metrics()
    metrics.inflight = lambda: 3
    metrics.count("refused")
    found = samples(metrics.exposition())
    assert found["target_inflight_requests", ()] == 3
    assert found["target_requests_total", (("outcome", "refused"),)] == 1
    assert found["target_requests_total", (("outcome", "ok"),)] == 0


def test_what_is_noted_does_not_grow_though_nobody_asks() -> None:
    metrics = Metrics()
    for _ in range(MOST_NOTED * 5 // 2):
        metrics.running["llm"].note(1)
        metrics.count("ok")
    assert len(metrics.running["llm"]._noted) == MOST_NOTED // 2
    count = ("target_stage_seconds_count", (("part", "running"), ("stage", "llm")))
    assert samples(metrics.exposition())[count] == MOST_NOTED * 5 // 2
