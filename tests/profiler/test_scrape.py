"""Scraping: what a service says is kept every two seconds, and one that fails or hangs harms nobody."""

import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import support
from profiler import scrape as module
from profiler.cli import main
from profiler.scrape import Scraping, scraped
from records.evidence.scrape import Scrape
from records.evidence.scraped import read_scraped


def answering(body: str, status: str = "200 OK") -> Callable[[Any], None]:
    def answer(talk: Any) -> None:
        data = body.encode()
        talk.raw(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status.encode(), len(data), data))

    return answer


@pytest.fixture
def server(trap: Any) -> Any:
    one = trap(lambda talk: None)
    one.on_get = answering('# TYPE x gauge\nx{a="1"} 3\nx_bucket{le="1"} 9\nother 4\n')
    return one


def ask(url: str, *wanted: str) -> dict[str, Any]:
    found = scraped(module._opener(url), Scrape(name="s", url=url, wanted=wanted))
    assert found.pop("took_ms") > 0
    return found


def test_what_is_wanted_is_kept(server: Any) -> None:
    assert ask(server.url) == {"series": {'x{a="1"}': 3.0, "other": 4.0}}
    assert ask(server.url, "x_*") == {"series": {'x_bucket{le="1"}': 9.0}}


def test_why_there_is_nothing_is_said(server: Any) -> None:
    assert ask(server.url, "none")["error"] == "no series that is wanted is in the answer"
    assert ask(f"http://127.0.0.1:{support.free_port()}") == {"error": "ConnectionRefusedError"}
    server.on_get = answering("", "503 Busy")
    assert ask(server.url) == {"error": "HTTP 503"}
    server.on_get = lambda talk: talk.raw(b"nonsense\r\n\r\n")
    assert ask(server.url) == {"error": "BadStatusLine"}


def test_of_too_many_series_the_first_are_kept(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_SERIES", 2)
    server.on_get = answering("a 1\nb 2\nc 3\n")
    assert ask(server.url) == {"series": {"a": 1.0, "b": 2.0}, "left_out": 1}


def test_one_that_hangs_holds_up_no_other(
    server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LEAST_INTERVAL_S", 0.01)
    file = tmp_path / "s.jsonl"
    with socket.create_server(("127.0.0.1", 0)) as hung:
        urls = {"hung": f"http://127.0.0.1:{hung.getsockname()[1]}", "good": server.url}
        scraping = Scraping([Scrape(name=name, url=url) for name, url in urls.items()], file, 0.01)
        support.wait_until(lambda: len(read_scraped(file)) >= 3)
        monkeypatch.setattr(module, "_STOP_S", 0.1)
        scraping.stop()
    found = read_scraped(file)
    assert {one.source for one in found} == {"good"}
    assert found[0].at_ns < found[1].at_ns


def test_a_full_disk_is_told_at_the_end(server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = threading.Event()

    def full(*_: Any) -> None:
        tried.set()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module.LineFile, "append", full)
    scraping = Scraping([Scrape(name="s", url=server.url)], tmp_path / "s.jsonl", 1.0)
    assert tried.wait(60)
    with pytest.raises(OSError, match="No space"):
        scraping.stop()


def test_profile_scrapes_beside_its_samples(server: Any, here: Any, tmp_path: Path) -> None:
    words = ("--duration", "0.3", "--interval", "0.1", "--quiet", "--scrape")
    ended = here(main, *words, f"mine={server.url}#x", "--output", "p.json")
    assert (ended.returncode, ended.stderr) == (0, "")
    [reading] = read_scraped(tmp_path / "p.scraped.jsonl")
    assert (reading.source, reading.series) == ("mine", {'x{a="1"}': 3.0})
    assert support.rows(tmp_path / "p.jsonl")[0]["processes"]["process_count"] == 0
    refused = here(main, *words, "mine=http://u:hunter2@h")
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert refused.stderr.startswith("error: --scrape mine: the URL holds a secret")
