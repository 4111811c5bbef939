"""A service that echoes all it is sent, in each place where it can, finds none of it kept or shown."""

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from support import ONCE, rows, sweep
from sweep import cli

KEY = "sk-proj-Zq7x9ab4+/cd5ef6ghIJ"
TENANT = "tenant=9f8e7d6c5b4a"
PASSWORD = "pass-w0rd/0f-me"
COOKIE = "c00kie-0f-a-session"
BASIC = base64.b64encode(f"somebody:{PASSWORD}".encode()).decode()
SECRETS = (KEY, TENANT, PASSWORD, COOKIE, BASIC)
HEADERS = [
    f"--header={one}"
    for one in (f"X-Tenant={TENANT}", f"X-Auth=Basic {BASIC}", f"cookie=lang=en; session={COOKIE}")
]
OF_THE_SERVICE = "s3rv1ce-t0ken"
"""What only URLs of the service hold."""
URL = f"https://me:{OF_THE_SERVICE}@h.example/login?sig={OF_THE_SERVICE}#{OF_THE_SERVICE}"


def _sent(head: bytes) -> list[str]:
    """The values of the request's headers that are secret, as a service that knows them would say them."""
    found = dict(line.decode("latin-1").split(": ", 1) for line in head.split(b"\r\n")[1:])
    small = {name.lower(): value for name, value in found.items()}
    said = [small[name] for name in ("authorization", "x-tenant", "x-auth", "cookie") if name in small]
    key = small.get("authorization", "").removeprefix("Bearer ")
    return [*said, *filter(None, [key])] + ([PASSWORD, COOKIE] if "x-auth" in small else [])


def _plain(talk: Any, status: str, extra: str, body: str) -> None:
    head = f"HTTP/1.1 {status}\r\n{extra}Content-Length: {len(body.encode())}\r\n\r\n"
    talk.raw(head.encode("latin-1") + body.encode())


def _chunks(talk: Any, *chunks: str, status: str = "200 OK") -> None:
    talk.headers(status=status)
    for chunk in chunks:
        talk.chunk(chunk.encode())
    talk.done()


def _events(talk: Any, *events: dict[str, Any]) -> None:
    _chunks(talk, *(f"data: {json.dumps(event)}\n\n" for event in events))


def _status(talk: Any, said: list[str]) -> None:
    echo = talk.head.replace(b"\r\n", b" ").decode("latin-1")
    _plain(talk, f"401 {' '.join(said)}", f"X-Echo: {echo}\r\nContent-Type: {said[0]}\r\n", echo)


def _json(talk: Any, said: list[str]) -> None:
    body = json.dumps({"error": {"message": f"Incorrect API key provided: {said}", "sent": said, "at": URL}})
    _plain(talk, "401 No", "", body.replace("/", "\\/"))


def _encoded(talk: Any, said: list[str]) -> None:
    forms = [f"{quote(one, safe='')} {base64.b64encode(b'a' + one.encode()).decode()}" for one in said]
    _plain(talk, "403 No", "", " ".join(forms))


def _no_http(talk: Any, said: list[str]) -> None:
    talk.raw(f"HTTP/{said[0]} {said[0]}\r\n\r\n".encode())
    talk.close()


def _good(talk: Any, said: list[str]) -> None:
    stages = {said[0]: {"running_ms": 1.0, said[-1]: 1.0}}
    _events(
        talk, {"type": "token", "content": said[0]}, {"type": "documents", "data": said},
        {"type": "complete", "config": said[0], "timings": stages},
    )  # fmt: skip


MASKED = f"Incorrect API key: {KEY[:11]}***{KEY[-6:]} ({KEY[:9]}...)"
ECHOES: tuple[Callable[[Any, list[str]], None], ...] = (
    *(_status, _json, _encoded, _no_http, _good),
    lambda talk, _: _plain(talk, "401 No", "", MASKED),
    # The key goes past the length at which errors are cut.
    lambda talk, said: _plain(talk, "403 No", "", f"no {'x y ' * 140}"[:128] + said[-1]),
    lambda talk, said: _chunks(talk, f"no: {said[0][:14]}", said[0][14:], status="401 No"),
    lambda talk, said: _plain(talk, "302 Found", f"Location: {URL}&{quote(said[0])}\r\n", "go there"),
    lambda talk, said: _plain(
        talk, "307 Go", f"Location: /login/{quote(said[-1])}?next={OF_THE_SERVICE}\r\n", ""
    ),
    lambda talk, said: _events(
        talk, {"type": "token", "content": "a"}, {"type": "error", "message": f"{said} at {URL}"}
    ),
    lambda talk, said: _chunks(talk, f"event: error\ndata: {json.dumps(said)}\n\n"),
    lambda talk, said: _plain(talk, "200 OK", f"Content-Encoding: {said[0]}\r\n", "data: x\n\n"),
    lambda talk, said: _plain(talk, "200 OK", f"Content-Type: text/{said[0]}\r\n", said[0]),
)


def _echo(talk: Any) -> None:
    ECHOES[talk.number % len(ECHOES)](talk, _sent(talk.head))


def _configuration(talk: Any) -> None:
    said = _sent(talk.head) or ["nothing"]
    settings = {one: one for one in said} | {"DATABASE_URL": URL, "SERVICE_KEY": OF_THE_SERVICE, "list": said}
    body = {"config": f"runs {said[0]}", "settings": settings, "paths": {one: f"{one}@loop" for one in said}}
    _plain(talk, "200 OK", "", json.dumps(body))


@pytest.fixture
def echoing(trap: Callable[..., Any]) -> Any:
    server = trap(_echo)
    server.on_get = _configuration
    return server


def _nothing_is_shown(folder: Path) -> None:
    """Neither a secret nor a piece of one, whatever its digits were made of, in any file below."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    for path in files:
        text = path.read_bytes().decode("utf-8", "replace").lower()
        for secret in SECRETS:
            for encoded in (quote(secret, safe=""), base64.b64encode(b"a" + secret.encode()).decode()[2:-4]):
                assert encoded[:16].lower() not in text, path.name
        for secret in (*SECRETS, OF_THE_SERVICE):
            for form in {secret.lower(), re.sub(r"\d+", "n", secret.lower())}:
                for first in range(len(form) - 8 + 1):
                    before, found, after = text.partition(form[first : first + 8])
                    assert not found, f"{path.name}: {before[-80:]}{found}{after[:80]}"


@pytest.mark.parametrize(("over", "processes"), [("https", 1), ("http", 2)], indirect=["over"])
def test_a_load_keeps_and_shows_nothing_of_what_it_sent(
    locust: Any, echoing: Any, over: Any, tmp_path: Path, free_port: Callable[[], int], processes: int
) -> None:
    url, port = over.url(echoing.url), str(free_port())
    more = ["--processes", "2", "--master-bind-port", port, "--master-port", port] if processes > 1 else []
    process = locust(
        *("--headless", "-u", "3", "-t", "7s", "-H", url, "--loglevel", "DEBUG", *over.words, *HEADERS),
        *("--results", str(tmp_path / "r"), "--csv", str(tmp_path / "stats"), *more),
        *("--html", str(tmp_path / "o.html"), "--csv-full-history", "--request-timeout", "2"),
        *("--drain-seconds", "1"),
        TARGET_API_KEY=KEY,
    )
    assert process.wait() == 3, process.text  # hardly one answer was good
    assert echoing.talks[-1].number >= 2 * len(ECHOES)
    records = rows(tmp_path / "r" / "requests.jsonl")
    assert {"ok", "http_error", "stream_error", "truncated"} <= {record["outcome"] for record in records}
    assert any("/login?***" in (record["error"] or "") for record in records)
    assert "***" in (tmp_path / "r" / "cell.json").read_text()
    _nothing_is_shown(tmp_path)


@pytest.mark.parametrize("over", ["https"], indirect=True)
def test_a_sweep_keeps_and_shows_nothing_of_what_it_sent(echoing: Any, over: Any, tmp_path: Path) -> None:
    argv = ["--deployment", f"url:{over.url(echoing.url)}", *over.words, "--config", "as-is"]
    argv += [
        "--concurrency",
        "2",
        "--repeats",
        "1",
        "--requests",
        "20",
        *ONCE,
        "--",
        "--request-timeout",
        "2",
    ]
    (tmp_path / "run").mkdir()
    more = "\n".join(one.removeprefix("--header=") for one in HEADERS)
    done = sweep(*argv, cwd=tmp_path / "run", TARGET_API_KEY=KEY, TARGET_HEADERS=more)
    text = done.stdout + done.stderr
    (tmp_path / "run" / "terminal").write_text(text)
    assert done.returncode == 3, text
    assert "INVALID" in text
    assert all(f"Authorization: Bearer {KEY}".encode() in talk.head for talk in echoing.talks)
    assert all(f"X-Auth: Basic {BASIC}".encode() in talk.head for talk in echoing.talks)
    assert len(list((tmp_path / "run").rglob("requests.jsonl"))) == 1
    _nothing_is_shown(tmp_path)


def test_a_key_on_the_command_line_of_a_sweep_is_refused_and_kept_nowhere(
    here: Callable[..., Any], tmp_path: Path
) -> None:
    for word in (f"--header=X-Tenant={KEY}", f"--field=note={KEY}", "--header=Content-Length=3"):
        target = ("--deployment", "url:http://127.0.0.1:9")
        done = here(cli.main, *target, "--", word, TARGET_API_KEY=KEY)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert KEY not in done.stderr
        assert list(tmp_path.iterdir()) == []
