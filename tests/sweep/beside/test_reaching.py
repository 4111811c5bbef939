"""A sweep of a service behind TLS, a proxy, or a key's header of its own: its own requests and its load's."""

import json
from pathlib import Path
from typing import Any

import pytest

from reach.flags import as_words
from reach.options import Reach
from reach.proxy import Proxies
from reach.tls import Tls
from records.cells.folders import cell_directories
from support import OF_THE_MACHINE, ONCE, sweep
from sweep import cli
from sweep.beside.reaching import (
    check_given_again,
    check_reach,
    given_in,
    reach_of_plan,
    with_whole_paths,
)
from sweep.planning.load_words import parse_locust_args
from sweep.planning.plan import Plan
from sweep.running import asking
from sweep.running.errors import UsageError
from sweep_world import plan_of

NOTHING = {"ca": "", "insecure": False, "cert": "", "cert_key": "", "server_name": "", "key_header": ""}


def plan(*words: str, spec: str = "url:https://service.test") -> Plan:
    return plan_of(spec, locust_args=parse_locust_args(words, "stream"))


def test_an_option_of_the_sweep_is_one_of_its_load() -> None:
    assert as_words(NOTHING) == ()
    own = as_words({**NOTHING, "ca": "a.pem", "insecure": True, "key_header": "x-api-key"})
    assert own == ("--ca=a.pem", "--insecure", "--key-header=x-api-key")
    behind = ("--think-time", "1", "--ca", "a.pem", "--insec", "--key-header", "x-api-key")
    expected = Reach(tls=Tls(ca="a.pem", insecure=True), key_header="x-api-key")
    assert reach_of_plan(plan(*own), {}) == reach_of_plan(plan(*behind), {}) == expected
    environment = {"HTTPS_PROXY": "http://p:1"}
    assert reach_of_plan(plan(), environment).proxies == Proxies(https="http://p:1")
    assert reach_of_plan(Plan.from_json(plan(*own).to_json()), {}) == expected


def test_files_are_named_from_the_root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    at, others = f"{tmp_path}/", ("--field", "ca=a.pem", "-t", "5")
    words = ("--ca=a.pem", "--cert", "a.pem", "--cert-k", "b.pem", "--questions=q")
    whole = with_whole_paths((*words, *others), "stream")
    named = (f"--ca={at}a.pem", "--cert", f"{at}a.pem", "--cert-k", f"{at}b.pem", f"--questions={at}q")
    assert whole == (*named, *others)
    assert with_whole_paths(whole, "stream") == whole


def test_a_run_is_resumed_with_what_it_was_given() -> None:
    environment = {"TARGET_API_KEY": "s3cret", "OPENAI_BASE_URL": "http://h", "OPENAI_API_KEY": "s3cret"}
    assert given_in(plan(), environment) == ["TARGET_API_KEY"]
    assert given_in(plan(), {"TARGET_HEADERS": "X-A=s3cret"}) == ["TARGET_HEADERS"]
    check_given_again(["TARGET_API_KEY"], environment)
    with pytest.raises(UsageError, match="begun with TARGET_API_KEY in the environment, whose values"):
        check_given_again(["TARGET_API_KEY"], {})


def test_a_process_of_ours_is_asked_without_the_key(trap: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TARGET_API_KEY", "sk-secret-1")
    server, heads = trap(answering), []
    server.on_get = lambda talk: (
        heads.append(talk.head), talk.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
    )  # fmt: skip
    assert asking.status(server.url, "/ready", 5.0) == 200
    asking.served(server.url)
    assert len(heads) == 2
    assert not any(b"secret" in head for head in heads)


@pytest.mark.parametrize(("words", "environment", "said"), [
    (["--ca", "absent.pem"], {}, "--ca absent.pem: No such file"),
    (["--cert-key", "k.pem"], {}, "--cert-key wants the --cert"),
    (["--questions", "/dev/zero"], {}, "--questions /dev/zero: this is a device, and has to be a file"),
    (["--questions=absent.txt"], {}, "--questions absent.txt: No such file"),
    (["--key-header", "x-api-key"], {}, "wants the key in the environment, as TARGET_API_KEY"),
    (["--key-header", "Host"], {"TARGET_API_KEY": "secret"}, "--key-header Host: "),
    (["--header", "x-me=a", "--key-header", "X-Me"], {"TARGET_API_KEY": "secret"}, "both say that h"),
    ([], {"TARGET_API_KEY": "secret\n"}, "TARGET_API_KEY holds characters"),
    ([], {"TARGET_HEADERS": "secret"}, "TARGET_HEADERS wants a line NAME=VALUE for each header"),
    (["--ca", "a.pem", "--insecure"], {}, "--insecure verifies nothing"),
    (["--server-name", "a:b"], {}, "--server-name wants the name of a host"),
    ([], {"ALL_PROXY": "socks5://me:secret@p"}, "ALL_PROXY is not used here"),
    ([], {"HTTPS_PROXY": "p:1", "NO_PROXY": "http://secret?"}, "NO_PROXY: an entry is no host"),
    ([], {"HTTPS_PROXY": "https://me:secret@p"}, "HTTPS_PROXY: https:// is no proxy"),
])  # fmt: skip
def test_what_cannot_be_used_is_refused_before_anything_starts(
    words: list[str], environment: dict[str, str], said: str
) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        check_reach(plan(*words), environment)
    assert "secret" not in str(caught.value)
    if "HTTPS_PROXY" in environment:  # nobody minds a proxy that no target needs
        check_reach(plan(spec="url:https://127.0.0.1:1"), environment)
        check_reach(plan(spec="local"), environment)


def answering(talk: Any) -> None:
    talk.headers()
    talk.event(*[{"type": "token", "content": "word "}] * 4, {"type": "complete"}, {"type": "end"})
    talk.done()


def test_all_requests_of_a_sweep_reach_its_service(
    trap: Any, behind_tls: Any, certificates: Any, proxy: Any, tmp_path: Path
) -> None:
    """The service's name is known to the proxy alone, and its certificate is of our own authority; one
    option is the sweep's own, one stands behind ``--``."""
    server, between, asked = trap(answering), proxy(), []
    server.on_get = lambda talk: (
        asked.append(talk.head), talk.raw(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
    )  # fmt: skip
    url = behind_tls(server.url).replace("localhost", "service.test")
    few = ["--concurrency", "1", "--requests", "10", "--warmup-requests", "1", "--repeats", "1", *ONCE]
    own, behind = ("--ca", certificates.ca), ("--key-header", "X-Api-Key")
    words = ("--deployment", f"url:{url}", *few, *own, "--", "--no-rag", "--header", "X-Team=a", *behind)
    given = {"TARGET_API_KEY": "sk-secret-1", "HTTPS_PROXY": f"http://me:s3cret@{between.name}"}
    done = sweep(*words, cwd=tmp_path, **given)
    [run] = tmp_path.glob("results/*")
    [folder] = cell_directories(run)
    cell = json.loads((folder / "cell.json").read_text())
    checks = {check["name"]: check["status"] for check in cell["verdict"]["checks"]}
    assert {name for name in checks if checks[name] == "fail"} <= OF_THE_MACHINE, done.stderr
    assert done.returncode in (0, 3), done.stderr
    assert checks["tls"] == "pass"
    requested = cell["requested"]
    assert (requested["proxy"], requested["tls"]["ca"]) == (between.name, certificates.ca)
    assert {b"/health", b"/config"} <= {head.split(b" ")[1] for head in asked}
    for head in (*asked, *(talk.head for talk in server.talks)):
        assert b"\r\nx-api-key: sk-secret-1" in head.lower()
        assert b"\r\nx-team: a" in head.lower()
        assert b"bearer" not in head.lower()
    kept = [path.read_text() for path in run.rglob("*") if path.is_file()]
    for secret in ("sk-secret-1", "s3cret"):
        assert not any(secret in text for text in (*kept, done.stdout, done.stderr))


def test_a_service_that_is_not_verified_is_said_with_what_to_do(
    here: Any, trap: Any, behind_tls: Any, tmp_path: Path
) -> None:
    url = behind_tls(trap(answering).url)
    done = here(cli.main, "--deployment", f"url:{url}", "--concurrency", "1")
    assert done.returncode == 2
    said = f"error: {url} cannot be reached: TLS: unable to get local issuer certificate; --ca FILE"
    assert said in done.stderr
    plain = url.replace("https", "http")
    done = here(cli.main, "--deployment", f"url:{plain}", "--concurrency", "1")
    assert (done.returncode, "ask it as https://" in done.stderr) == (2, True)
    assert not (tmp_path / "results").exists()
    done = here(cli.main, "--deployment", f"url:{url}", "--ca", "absent.pem", "--output", "none")
    assert (done.returncode, (tmp_path / "none").exists()) == (2, False)
    assert f"error: --ca {tmp_path}/absent.pem: No such file or directory" in done.stderr
