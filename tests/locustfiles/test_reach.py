"""A load of a service behind TLS, a proxy, or a key's header of its own, as a user runs it."""

from pathlib import Path
from typing import Any

from records.cells.cell import Cell
from records.cells.reader import read_cell
from trap_servers import answering

SHORT = ("--headless", "-u", "2", "--requests", "10", "--min-seconds", "0.3", "-t", "30s", "--results", "r")


def tls_check(cell: Cell) -> list[tuple[str, Any]]:
    return [(check.status, check.figure) for check in cell.verdict.checks if check.name == "tls"]


def test_an_open_loop_over_either_way(
    trap: Any, locust: Any, over: Any, tmp_path: Path, ended_well: Any
) -> None:
    """The other tests' loops are closed."""
    server = trap(answering())
    open_loop = ("--arrival", "constant", "--rate", "40", "--max-inflight", "50")
    one = locust("-H", over.url(server.url), *over.words, *SHORT, *open_loop)
    assert ended_well(one), one.text
    data = read_cell(tmp_path / "r")
    assert {r.outcome for r in data.requests} == {"ok"}
    asked, checks = data.cell.requested, tls_check(data.cell)
    if over.scheme == "http":
        assert (asked["tls"], checks) == (None, [])
    else:
        assert asked["tls"]["ca"] == over.words[1]
        assert [status for status, _ in checks] == ["pass"]
    assert asked["proxy"] is None


def test_a_load_that_verifies_nothing_says_so(
    trap: Any, locust: Any, behind_tls: Any, tmp_path: Path
) -> None:
    url = behind_tls(trap(answering()).url)
    one = locust("-H", url, "--insecure", *SHORT)
    assert one.wait() in (0, 3), one.text  # what a busy machine spoils stands beside it
    assert "tls: --insecure: nobody verified whose service this is" in one.text.splitlines()[-1]
    assert tls_check(read_cell(tmp_path / "r").cell) == [("n/a", "insecure")]


def test_through_a_proxy_with_a_key_in_a_header_of_its_own(
    trap: Any, locust: Any, behind_tls: Any, certificates: Any, proxy: Any, tmp_path: Path, ended_well: Any
) -> None:
    """The service's name is known to the proxy alone."""
    server, between = trap(answering()), proxy()
    asked: list[bytes] = []

    def get(talk: Any) -> None:
        asked.append(talk.head)
        talk.raw(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

    server.on_get = get
    url = behind_tls(server.url).replace("localhost", "service.test")
    one = locust(
        *("-H", url, "--ca", certificates.ca, "--key-header", "X-Api-Key", *SHORT),
        TARGET_API_KEY="sk-secret-1",
        HTTPS_PROXY=f"http://me:s3cret@{between.name}",
        NO_PROXY="elsewhere.test",
    )
    assert ended_well(one), one.text
    for head in (*asked, *(talk.head for talk in server.talks)):
        assert b"\r\nx-api-key: sk-secret-1" in head.lower()
        assert b"bearer" not in head.lower()
    assert between.heads
    assert all(head.startswith(b"CONNECT service.test:") for head in between.heads)
    assert read_cell(tmp_path / "r").cell.requested["proxy"] == between.name
    written = one.text + "".join(path.read_text() for path in (tmp_path / "r").iterdir())
    for secret in ("sk-secret-1", "s3cret"):
        assert secret not in written


def test_what_cannot_be_used_is_refused_before_the_load(locust: Any, tmp_path: Path) -> None:
    """A key and a proxy; what else can be wrong with them tests/reach knows."""
    elsewhere = ("-H", "https://service.test")
    wrong: list[tuple[tuple[str, ...], dict[str, str], str]] = [
        (("--key-header", "Host"), {"TARGET_API_KEY": "k"}, "error: --key-header Host: that header says"),
        (elsewhere, {"HTTPS_PROXY": "https://me:s3cret@p:1"}, "error: HTTPS_PROXY: https:// is no proxy"),
        (elsewhere, {"https_proxy": "http://me:s3cret@127.0.0.1:9"}, "the proxy 127.0.0.1:9: connection ref"),
    ]
    for words, environment, said in wrong:
        one = locust("-H", "https://127.0.0.1:9", *words, *SHORT, **environment)
        assert one.wait() == 2, one.text
        [line] = [line for line in one.text.splitlines() if "error:" in line]
        assert said in line
        assert "s3cret" not in one.text
    assert not (tmp_path / "r" / "cell.json").exists()


def test_a_base_url_with_the_api_in_it_and_a_404_that_names_what_was_asked(
    trap: Any, locust: Any, tmp_path: Path
) -> None:
    def script(talk: Any) -> None:
        talk.headers("Content-Length: 7\r\n", "404 Not Found")
        talk.raw(b"nothing")

    server = trap(script)
    one = locust("-H", f"{server.url}/api/v1", "--dialect", "openai", "--llm-model", "m", *SHORT)
    assert one.wait() == 3, one.text
    assert "HTTP 404 at /api/v1/chat/completions nothing" in one.text.splitlines()[-1]
    assert {talk.head.split(b" ")[1] for talk in server.talks} == {b"/api/v1/chat/completions"}
    assert "POST     /api/v1/chat/completions " in one.text  # locust's row, too
