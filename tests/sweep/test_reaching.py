"""A sweep of a service behind TLS, a proxy, or a key's header of its own: its own requests and its load's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from reach.options import Reach
from reach.proxy import Proxies
from reach.tls import Tls
from records.checks import OF_THE_MACHINE
from records.reader import cell_directories
from records.variants import Variant
from sweep.options import parse_locust_args, parse_targets
from sweep.plan import Plan
from sweep.processes import PROJECT
from sweep.reaching import as_words, check_reach, reach_of_plan
from sweep.usage import UsageError

LIMIT_S = 200
NOTHING = {"ca": "", "insecure": False, "cert": "", "cert_key": "", "server_name": "", "key_header": ""}


def plan(*words: str, spec: str = "url:https://service.test") -> Plan:
    return Plan(
        name="x",
        targets=parse_targets([spec]),
        variants=(Variant(name="as-is"),),
        levels=(1,),
        auto=False,
        locust_args=parse_locust_args(words),
    )


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


@pytest.mark.parametrize(
    ("words", "environment", "said"),
    [
        (["--ca", "absent.pem"], {}, "--ca absent.pem: No such file"),
        (["--cert-key", "k.pem"], {}, "--cert-key wants the --cert"),
        (["--key-header", "x-api-key"], {}, "wants the key in the environment, as TARGET_API_KEY"),
        (["--key-header", "Host"], {"TARGET_API_KEY": "secret"}, "--key-header Host: "),
        ([], {"HTTPS_PROXY": "https://me:secret@p"}, "HTTPS_PROXY: https:// is no proxy"),
    ],
)
def test_what_cannot_be_used_is_refused_before_anything_starts(
    words: list[str], environment: dict[str, str], said: str
) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        check_reach(plan(*words), environment)
    assert "secret" not in str(caught.value)
    if not words:  # nobody minds a proxy that no target needs
        check_reach(plan(spec="url:https://127.0.0.1:1"), environment)
        check_reach(plan(spec="local"), environment)


def sweep(*words: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("TARGET_")}
    return subprocess.run(
        [sys.executable, "-m", "sweep", *words],
        cwd=cwd,
        env={**clean, "PYTHONPATH": str(PROJECT), **environment},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )


def answering(talk: Any) -> None:
    talk.headers()
    talk.event(*[{"type": "token", "content": "word "}] * 4, {"type": "complete"}, {"type": "end"})
    talk.done()


@pytest.mark.parametrize("how", ["own", "behind --"])
def test_all_requests_of_a_sweep_reach_its_service(
    trap: Any, behind_tls: Any, certificates: Any, proxy: Any, tmp_path: Path, how: str
) -> None:
    """The service's name is known to the proxy alone, and its certificate is of our own authority."""
    server, between = trap(answering), proxy()
    asked: list[bytes] = []

    def get(talk: Any) -> None:
        asked.append(talk.head)
        talk.raw(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

    server.on_get = get
    url = behind_tls(server.url).replace("localhost", "service.test")
    words = ["--ca", certificates.ca, "--key-header", "X-Api-Key"]
    few = ["--concurrency", "1", "--requests", "10", "--warmup-requests", "1", "--repeats", "1"]
    own, behind = (words, []) if how == "own" else ([], words)
    done = sweep(
        *("--deployment", f"url:{url}", *few, *own, "--", "--no-rag", *behind),
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
        assert b"bearer" not in head.lower()
    kept = [path.read_text() for path in run.rglob("*") if path.is_file()]
    for secret in ("sk-secret-1", "s3cret"):
        assert not any(secret in text for text in (*kept, done.stdout, done.stderr))


def test_a_service_that_is_not_verified_is_said_with_what_to_do(
    trap: Any, behind_tls: Any, tmp_path: Path
) -> None:
    url = behind_tls(trap(answering).url)
    done = sweep("--deployment", f"url:{url}", "--concurrency", "1", cwd=tmp_path)
    assert done.returncode == 2
    said = f"sweep: {url} cannot be reached: TLS: unable to get local issuer certificate; --ca FILE"
    assert said in done.stderr
    plain = url.replace("https", "http")
    done = sweep("--deployment", f"url:{plain}", "--concurrency", "1", cwd=tmp_path)
    assert (done.returncode, "ask it as https://" in done.stderr) == (2, True)
    done = sweep("--deployment", f"url:{url}", "--ca", "absent.pem", "--output", "none", cwd=tmp_path)
    assert (done.returncode, (tmp_path / "none").exists()) == (2, False)
    assert "sweep: --ca absent.pem: No such file or directory" in done.stderr
