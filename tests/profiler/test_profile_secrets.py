"""No secret of the environment, and no header that is sent, is kept in a profile."""

import json
from pathlib import Path
from typing import Any

import pytest

from profiler.cli import main
from profiler.scrape import _opener, scraped
from records.evidence.scrape import Scrape
from records.evidence.scraped import read_scraped
from records.evidence.series import redacted, split

KEY = "correct-horse-battery-9"


def test_none_is_in_what_services_say_nor_in_the_command(
    trap: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    body = f'up{{h="trace-me-7",k="{KEY}",u="postgres://u:pw@h/d"}} 1\n{KEY.replace("-", "_")} 2\n'.encode()
    server = trap(lambda talk: None)
    server.on_get = lambda talk: talk.raw(
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    )
    command = f"echo {KEY} >/dev/null; sleep 1"
    argv = ["--command", command, "--scrape", f"s={server.url}", "--sent", "X-Trace=trace-me-7", "--quiet"]
    assert main([*argv, "--output", str(tmp_path / "p.json"), "--interval", "0.1"]) == 0
    kept = json.loads((tmp_path / "p.json").read_text())
    assert kept["metadata"]["command"]["text"] == "echo *** >/dev/null; sleep 1"
    first = read_scraped(tmp_path / "p.scraped.jsonl")[0]
    assert 'up{h="***",k="***",u="postgres://***@h/d"}' in first.series
    for path in tmp_path.iterdir():
        assert KEY not in path.read_text()
        assert "trace-me-7" not in path.read_text()


def test_of_series_that_are_shown_alike_the_first_is_kept(trap: Any) -> None:
    body = b'up{k="a"} 1\nup{k="b"} 2\n'
    server = trap(lambda talk: None)
    server.on_get = lambda talk: talk.raw(
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    )
    found = scraped(_opener(server.url), Scrape(name="s", url=server.url), lambda _: "up")
    assert (found["series"], found["left_out"]) == ({"up": 1.0}, 1)


def test_a_key_stays_one_whatever_is_in_its_labels() -> None:
    labels = {"a": 'x"\\\n},{', "b": "é"}
    key = redacted('up{a="x\\"\\\\\\n},{",b="é"}', str)
    assert split(key) == ("up", labels)
    assert split(redacted(key, lambda text: text.replace("x", "***")))[1]["a"] == '***"\\\n},{'
