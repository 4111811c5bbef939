"""A sweep of a service behind TLS, a proxy, or a key's header of its own: its own requests and its load's."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from reach.flags import as_words
from reach.options import Reach
from reach.proxy import Proxies
from reach.tls import Tls
from records.cells.reader import cell_directories
from records.services.variants import Variant
from support import OF_THE_MACHINE, ONCE, environment, sweep, wait_until
from sweep import cli
from sweep.beside.reaching import (
    check_given_again,
    check_reach,
    given_in,
    reach_of_plan,
    with_whole_paths,
)
from sweep.planning.load_words import parse_locust_args
from sweep.planning.options import parse_targets
from sweep.planning.plan import Plan
from sweep.running import asking
from sweep.running.errors import UsageError

LIMIT_S = 200
NOTHING = {"ca": "", "insecure": False, "cert": "", "cert_key": "", "server_name": "", "key_header": ""}


def plan(*words: str, spec: str = "url:https://service.test") -> Plan:
    return Plan(
        name="x", targets=parse_targets([spec]), variants=(Variant(name="as-is"),), levels=(1,), auto=False,
        locust_args=parse_locust_args(words, "stream"),
    )  # fmt: skip


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
    words = (
        "--ca=a.pem", "--cert", "a.pem", "--cert-k", "b.pem", "--questions=q", "--field", "ca=a.pem", "-t",
        "5",
    )  # fmt: skip
    here = str(tmp_path)
    assert with_whole_paths(words, "stream") == (
        *(
            f"--ca={here}/a.pem",
            "--cert",
            f"{here}/a.pem",
            "--cert-k",
            f"{here}/b.pem",
            f"--questions={here}/q",
        ),
        *("--field", "ca=a.pem", "-t", "5"),
    )
    whole = with_whole_paths(words, "stream")
    assert with_whole_paths(whole, "stream") == whole
    assert with_whole_paths(("--think-time", "1"), "stream") == ("--think-time", "1")


def test_a_run_is_resumed_with_what_it_was_given() -> None:
    environment = {"TARGET_API_KEY": "s3cret", "OPENAI_BASE_URL": "http://h", "OPENAI_API_KEY": "s3cret"}
    assert given_in(plan(), environment) == ["TARGET_API_KEY"]
    check_given_again(["TARGET_API_KEY"], environment)
    with pytest.raises(
        UsageError, match="begun with TARGET_API_KEY in the environment, whose values are not"
    ):
        check_given_again(["TARGET_API_KEY"], {})


def test_a_process_of_ours_is_asked_without_the_key(trap: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TARGET_API_KEY", "sk-secret-1")
    server, heads = trap(answering), []

    def get(talk: Any) -> None:
        heads.append(talk.head)
        talk.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    server.on_get = get
    assert asking.status(server.url, "/ready", 5.0) == 200
    asking.served(server.url)
    assert len(heads) == 2
    assert not any(b"secret" in head for head in heads)


@pytest.mark.parametrize(
    ("words", "environment", "said"),
    [
        (["--ca", "absent.pem"], {}, "--ca absent.pem: No such file"),
        (["--cert-key", "k.pem"], {}, "--cert-key wants the --cert"),
        (["--questions", "/dev/zero"], {}, "--questions /dev/zero: this is a device, and has to be a file"),
        (["--questions=absent.txt"], {}, "--questions absent.txt: No such file"),
        (["--key-header", "x-api-key"], {}, "wants the key in the environment, as TARGET_API_KEY"),
        (["--key-header", "Host"], {"TARGET_API_KEY": "secret"}, "--key-header Host: "),
        (["--header", "x-me=a", "--key-header", "X-Me"], {"TARGET_API_KEY": "secret"}, "both say that h"),
        ([], {"TARGET_API_KEY": "secret\n"}, "TARGET_API_KEY holds characters"),
        (["--ca", "a.pem", "--insecure"], {}, "--insecure verifies nothing"),
        (["--server-name", "a:b"], {}, "--server-name wants the name of a host"),
        ([], {"ALL_PROXY": "socks5://me:secret@p"}, "ALL_PROXY is not used here"),
        ([], {"HTTPS_PROXY": "p:1", "NO_PROXY": "http://secret?"}, "NO_PROXY: an entry is no host"),
        ([], {"HTTPS_PROXY": "https://me:secret@p"}, "HTTPS_PROXY: https:// is no proxy"),
    ],
)
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
    server, between = trap(answering), proxy()
    asked: list[bytes] = []

    def get(talk: Any) -> None:
        asked.append(talk.head)
        talk.raw(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

    server.on_get = get
    url = behind_tls(server.url).replace("localhost", "service.test")
    few = ["--concurrency", "1", "--requests", "10", "--warmup-requests", "1", "--repeats", "1", *ONCE]
    own, behind = ("--ca", certificates.ca), ("--key-header", "X-Api-Key")
    done = sweep(
        *("--deployment", f"url:{url}", *few, *own, "--", "--no-rag", "--header", "X-Team=a", *behind),
        cwd=tmp_path,
        TARGET_API_KEY="sk-secret-1",
        HTTPS_PROXY=f"http://me:s3cret@{between.name}",
    )
    [run] = tmp_path.glob("results/*")
    [folder] = cell_directories(run)
    cell = json.loads((folder / "cell.json").read_text())
    checks = {check["name"]: check["status"] for check in cell["verdict"]["checks"]}
    failed = {name for name, status in checks.items() if status == "fail"}
    assert failed <= OF_THE_MACHINE, done.stderr
    assert done.returncode in (0, 3), done.stderr
    assert checks["tls"] == "pass"
    requested = cell["requested"]
    assert (requested["proxy"], requested["tls"]["ca"]) == (between.name, certificates.ca)
    paths = [head.split(b" ")[1] for head in asked]
    assert {b"/health", b"/config"} <= set(paths)
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


def test_killed_over_tls_a_sweep_is_resumed_elsewhere_with_its_key(
    here: Any, trap: Any, behind_tls: Any, certificates: Any, tmp_path: Path
) -> None:
    server, elsewhere = trap(answering), tmp_path / "elsewhere"
    server.on_get = lambda talk: talk.raw(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
    elsewhere.mkdir()
    (tmp_path / "ours.pem").write_bytes(Path(certificates.ca).read_bytes())
    few = ("--concurrency", "1", "--requests", "10", "--warmup-requests", "1", "--repeats", "1")
    words = ("--deployment", f"url:{behind_tls(server.url)}", "--ca", "ours.pem", *few, "--", "--no-rag")
    key = {"TARGET_API_KEY": "sk-secret-1"}
    killed = subprocess.Popen(
        [sys.executable, "-m", "sweep", *words], cwd=tmp_path, env=environment(**key),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    wait_until(lambda: list(tmp_path.glob("results/*/cells/*/*/*/requests.jsonl")), LIMIT_S)
    killed.kill()
    killed.wait(20)
    [run] = tmp_path.glob("results/*")
    without = here(cli.main, "--resume", str(run))
    assert without.returncode == 2
    assert without.stderr.splitlines()[-1].startswith(
        "error: --resume: this run was begun with TARGET_API_KEY"
    )
    resumed = sweep("--resume", str(run), cwd=elsewhere, **key)
    cells = [json.loads((cell / "cell.json").read_text()) for cell in cell_directories(run)]
    assert [(cell["concurrency"], cell["complete"]) for cell in cells] == [(1, True)], resumed.stderr
    checks = [check for cell in cells for check in cell["verdict"]["checks"]]
    assert {check["name"] for check in checks if check["status"] == "fail"} <= OF_THE_MACHINE
    assert {cell["requested"]["tls"]["ca"] for cell in cells} == {str(tmp_path / "ours.pem")}
    assert all(b"authorization: bearer sk-secret-1" in talk.head.lower() for talk in server.talks)
    kept = [path.read_text() for path in run.rglob("*") if path.is_file()]
    assert not any("sk-secret-1" in text for text in (*kept, resumed.stdout, resumed.stderr))
