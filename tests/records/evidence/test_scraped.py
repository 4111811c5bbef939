"""What is scraped, as it is said, as it is kept, and what it comes to."""

from pathlib import Path

import orjson
import pytest

from records.evidence.scrape import Scrape, ScrapeError, scrapes_of
from records.evidence.scraped import Reading, SeriesOver, read_scraped, scraped_in, scraped_over

S = 10**9


def test_what_is_said() -> None:
    assert Scrape.of("vllm=http://h:8000/metrics#vllm:num_*,other") == Scrape(
        name="vllm", url="http://h:8000/metrics", wanted=("vllm:num_*", "other")
    )
    assert Scrape.of("q=https://h/metrics?anonymize=true").url == "https://h/metrics?anonymize=true"


@pytest.mark.parametrize("text", [
    *("", "http://h/metrics", "a b=http://h", "=http://h", "../x=http://h"),
    *("x=", "x=h:80/metrics", "x=file:///etc/passwd", "x=http://", "x=http://[h", "x=http://h:0/"),
    *("x=http://h:99999999/", "x=http://h/a b", "x=http://h/\n"),
])  # fmt: skip
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(ScrapeError):
        Scrape.of(text)
    with pytest.raises(ScrapeError, match="two are called x"):
        scrapes_of(["x=http://a", "y=http://b", "x=http://c"])


@pytest.mark.parametrize("text", [
    "x=http://me:hunter2@h/metrics", "x=http://h/metrics?api_key=hunter2", "x=ftp://me:hunter2@h", "hunter2",
])  # fmt: skip
def test_a_secret_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(ScrapeError) as refused:
        Scrape.of(text)
    assert text == "hunter2" or "hunter2" not in str(refused.value)


def lines(*raw: object) -> bytes:
    return b"".join(orjson.dumps(one) + b"\n" for one in raw)


def test_what_was_kept_is_read_but_for_lines_of_another_form_and_one_that_a_kill_cut_off(
    tmp_path: Path,
) -> None:
    assert scraped_in(tmp_path) == []
    good = {"at_ns": S, "source": "llm", "took_ms": 2.5, "series": {"up": 1}}
    failed = {"at_ns": 2 * S, "source": "llm", "took_ms": 5000, "error": "HTTP 503"}
    other = (1, {}, {"at_ns": 1, "source": "x", "took_ms": 1, "series": {"a": "b"}})
    (tmp_path / "profile.scraped.jsonl").write_bytes(lines(good, *other, failed) + b'{"at_ns')
    assert scraped_in(tmp_path) == [
        Reading(at_ns=S, source="llm", took_ms=2.5, series={"up": 1.0}),
        Reading(at_ns=2 * S, source="llm", took_ms=5000.0, error="HTTP 503"),
    ]


def test_what_it_comes_to_over_a_span() -> None:
    readings = [
        Reading(at_ns=at * S, source=source, series={'waiting{m="x"}': waiting, "sent_total": 10.0 * at})
        for source in ("b", "a")
        for at, waiting in ((0, 99.0), (1, 2.0), (3, 6.0), (5, 1.0), (9, 99.0))
    ]
    found = scraped_over(readings, (1 * S, 5 * S))
    assert [(one.source, one.name) for one in found] == [
        *(("a", "sent_total"), ("a", "waiting"), ("b", "sent_total"), ("b", "waiting"))
    ]
    assert found[0].per_s == 10.0
    assert found[1] == SeriesOver(
        source="a", name="waiting", labels={"m": "x"}, readings=3, first=2.0, last=1.0, mean=3.0, min=1.0,
        max=6.0, per_s=None,
    )  # fmt: skip
    assert scraped_over([]) == ()


@pytest.mark.parametrize("value", [1.7976931348623157e308, "inf", "-inf", "nan"])
def test_what_means_no_limit_is_no_figure(value: object, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    told = ({"limit": value, "up": 1}, {"limit": value, "up": 1}, {"up": 1, "late": 2, "limit": value})
    raw = [{"at_ns": at * S, "source": "a", "took_ms": 1, "series": one} for at, one in enumerate(told)]
    path.write_bytes(lines(*raw))
    assert [(one.name, one.readings) for one in scraped_over(read_scraped(path))] == [("late", 1), ("up", 3)]
