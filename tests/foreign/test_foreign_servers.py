"""Our figures beside those of servers that we did not write."""

from pathlib import Path
from statistics import median
from typing import Any

import pytest

from records.cells.cell import Check
from records.cells.reader import CellData, read_cell
from support import lines

TTFT_MS, ITL_MS = 400, 20
EARLY_MS, LATE_MS = -1, 250
"""How far our TTFT may lie from the server's own, on a machine three times slower that runs other tests too;
what falls into a trap is later by all of the tokens (380 ms), or earlier by the whole TTFT."""
TRIES = 4


def run(
    locust: Any, folder: Path, server: Any, tokens: int, *, port: int = 0, requests: int = 14
) -> tuple[CellData, list[dict[str, Any]]]:
    """A run of 6 users in OpenAI's dialect, and what the server knows of it; the body tells it what to do.
    Again, where a busy machine left too few answers whose gaps are known."""
    options = {"ttft_ms": TTFT_MS, "itl_ms": ITL_MS, "tokens": tokens}
    fields = [part for name, value in options.items() for part in ("--field", f"{name}={value}")]
    load = ["--headless", "-u", "6", "-t", "60s", "--min-seconds", "0", "--requests", str(requests)]
    for number in range(TRIES):
        before, name = lines(server.record), f"r{number}"
        url = f"http://127.0.0.1:{port or server.port}"
        one = locust("-H", url, *load, "--results", name, "--dialect", "openai", *fields)
        code = one.wait()
        data = read_cell(folder / name)
        assert code == (0 if data.cell.verdict.valid else 3), one.text
        assert "Traceback" not in one.text
        if "too few" not in check_of(data, "buffering").text:
            break
    return data, server.truths()[before:]


def check_of(data: CellData, name: str) -> Check:
    return next(check for check in data.cell.verdict.checks if check.name == name)


def differences(data: CellData, truths: list[dict[str, Any]]) -> list[float]:
    """TTFT by us less that by the server, from the least of each to the most. Ours begins earlier and ends
    later, so none is below 0; other work makes some of them more."""
    ours = sorted(r.ttft_ms for r in data.requests if r.ttft_ms is not None)
    return [a - b for a, b in zip(ours, sorted(truth["ttft_ms"] for truth in truths), strict=True)]


def check_counts(data: CellData, truths: list[dict[str, Any]]) -> None:
    assert {r.outcome for r in data.requests} == {"ok"}
    assert len(data.requests) == len(truths) >= 12
    assert {r.tokens for r in data.requests} == {truth["tokens"] for truth in truths}
    assert sum(r.tokens for r in data.requests) == sum(truth["tokens"] for truth in truths)


def check_figures(data: CellData, truths: list[dict[str, Any]]) -> None:
    check_counts(data, truths)
    late = differences(data, truths)
    assert min(late) >= EARLY_MS
    assert sorted(late)[len(late) // 4] < LATE_MS
    streams = [(r.last_token_at_ns or 0) - (r.first_token_at_ns or 0) for r in data.requests]
    true = median(truth["e2e_ms"] - truth["ttft_ms"] for truth in truths)
    assert median(streams) / 1e6 == pytest.approx(true, abs=LATE_MS)
    buffering = check_of(data, "buffering")
    assert buffering.status == "pass", buffering.text
    assert check_of(data, "clock-order").status == "pass"


@pytest.mark.parametrize("file", ["starlette_app.py", "node_server.mjs", "http_server.py"])
def test_counts_and_ttft_are_the_servers_own(foreign: Any, locust: Any, tmp_path: Path, file: str) -> None:
    server = foreign(file)
    data, truths = run(locust, tmp_path, server, tokens=20)
    check_figures(data, truths)
    closes = file == "http_server.py"
    # A user keeps its connection where the server lets it.
    assert data.cell.achieved["connects"] >= (len(data.requests) if closes else 6)
    assert closes or data.cell.achieved["connects"] < 2 * 6


@pytest.mark.parametrize(
    ("file", "buffering", "version"),
    [("starlette_app.py", "off", "1.0"), ("starlette_app.py", "on", "1.1"), ("http_server.py", "off", "1.0")],
)
def test_what_nginx_hands_on_at_once_is_the_servers_own(
    foreign: Any, nginx: Any, locust: Any, tmp_path: Path, file: str, buffering: str, version: str
) -> None:
    """It hands each chunk on, even with ``proxy_buffering on``; then only the headers wait for it."""
    server = foreign(file)
    data, truths = run(locust, tmp_path, server, tokens=20, port=nginx(server.port, buffering, version))
    check_figures(data, truths)
    headers = [(r.headers_at_ns - r.sent_at_ns) / 1e6 for r in data.requests if r.headers_at_ns is not None]
    assert buffering == "on" or median(headers) < TTFT_MS / 2


@pytest.mark.parametrize(
    ("tokens", "requests", "status", "said"), [(150, 15, "fail", ""), (20, 14, "n/a", "whole answers")]
)
def test_what_waits_in_nginxs_buffers_is_found_out(
    foreign: Any, nginx: Any, locust: Any, tmp_path: Path, tokens: int, requests: int, status: str, said: str
) -> None:
    """An answer without chunks comes when a buffer is full; one that fits it as from a service that does not
    stream. All tokens are there, but TTFT is not the server's."""
    server = foreign("http_server.py")
    port = nginx(server.port, "on", "1.0")
    data, truths = run(locust, tmp_path, server, tokens, port=port, requests=requests)
    check_counts(data, truths)
    assert median(differences(data, truths)) > 10 * ITL_MS
    buffering = check_of(data, "buffering")
    assert (buffering.status, said in buffering.text) == (status, True), buffering.text
