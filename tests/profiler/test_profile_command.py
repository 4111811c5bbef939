"""What a profile tells of programs and commands, and what of a command's words and services' it keeps."""

import json
import os
import signal
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from profiler.cli import main
from profiler.scrape import _opener, scraped
from profiles import Launch, Start, alive, end, points, profile, ticks
from records.evidence.scrape import Scrape
from records.evidence.scraped import read_scraped
from records.evidence.series import redacted, split
from support import wait_until

WAIT = "print('ready', flush=True)\nsys.stdin.read()"
COUNTING = """
import time
def tell():
    file.write(f"{{time.time()}} {{time.process_time()}}\\n")
file = open({path!r}, "a", buffering=1)
tell()
print("ready", flush=True)
while True:
    end = time.process_time() + 0.02
    while time.process_time() < end: pass
    tell()
    time.sleep(0.02)
"""
KEY = "correct-horse-battery-9"
Profiled = Callable[..., Any]


@pytest.fixture
def profiled(here: Any) -> Profiled:
    """A profile in this process, in ``profile.json``."""
    return lambda *words, **variables: here(
        main, *words, "--interval", "0.1", "--output", "profile.json", **variables
    )


def at_moment(used: list[tuple[float, float]], at: float) -> float:
    """The CPU time that a program had used then."""
    return max((cpu for moment, cpu in used if moment <= at), default=used[0][1])


def test_cpu_is_what_a_program_used(tmp_path: Path, start: Start) -> None:
    """It writes down how much it had used when, which on a machine that is busy with others may be little."""
    told = tmp_path / "told.txt"
    busy = start(COUNTING.format(path=str(told)))
    assert profile(tmp_path, "--duration", "2", "--interval", "0.5", "--pid", str(busy.pid)).returncode == 0
    found = points(tmp_path)
    end(busy)
    assert 2 <= ticks(found) <= 4  # a busy machine may miss the last
    whole = [line.split() for line in told.read_text().splitlines()[:-1]]
    used = [(float(at), float(cpu)) for at, cpu in whole]
    first, last = found[0]["at_ns"] / 1e9, found[-1]["at_ns"] / 1e9
    true_s = at_moment(used, last) - at_moment(used, first)
    spans_s = [b["elapsed_seconds"] - a["elapsed_seconds"] for a, b in pairwise(found)]
    percents = [point["processes"]["total_cpu_percent"] for point in found[1:]]
    ours_s = sum(percent / 100 * span for percent, span in zip(percents, spans_s, strict=True))
    # The program tells each 20 ms of CPU, and a sample may be interrupted between the time and the counter.
    assert true_s > 0
    assert ours_s == pytest.approx(true_s, abs=0.2)


def test_threads_memory_and_open_files_are_counted(tmp_path: Path, start: Start, profiled: Profiled) -> None:
    plain = start(WAIT)
    full = start(
        "import threading\n"
        "for _ in range(16): threading.Thread(target=threading.Event().wait, daemon=True).start()\n"
        "held = bytearray(b'x') * (100 * 1024 * 1024)\n"
        f"files = [open('/dev/null') for _ in range(30)]\n{WAIT}"
    )
    assert profiled("--duration", "0.2", "--pid", str(plain.pid), "--pid", str(full.pid)).returncode == 0
    details = {d["pid"]: d for d in points(tmp_path)[-1]["processes"]["process_details"]}
    one, other = details[plain.pid], details[full.pid]
    assert (one["num_threads"], other["num_threads"]) == (1, 17)
    assert other["memory_mb"] - one["memory_mb"] == pytest.approx(100, abs=5)
    assert other["open_files"] - one["open_files"] == 30


CHILD = "subprocess.Popen([sys.executable, '-c', 'import sys; sys.stdin.read()'], stdin=subprocess.PIPE)"


def test_children_are_followed_also_those_born_later(tmp_path: Path, launch: Launch, start: Start) -> None:
    parent = start(
        f"import subprocess, threading\nkept = [{CHILD}]\nprint('ready', flush=True)\n"
        f"sys.stdin.readline()\nkept.append({CHILD})\nsys.stdin.read()"
    )
    running = launch("--duration", "20", "--interval", "0.1", "--pid", str(parent.pid), "--quiet")
    lines = tmp_path / "profile.jsonl"
    wait_until(lambda: lines.exists() and b'"process_count":2' in lines.read_bytes())
    assert parent.stdin
    parent.stdin.write("more\n")
    parent.stdin.flush()
    wait_until(lambda: b'"process_count":3' in lines.read_bytes())
    end(parent)
    wait_until(lambda: lines.read_bytes().splitlines()[-1].count(b'"process_count":0'))
    running.send_signal(signal.SIGTERM)
    assert running.wait(60) == 0
    assert points(tmp_path)[0]["processes"]["process_count"] == 2


def test_a_match_follows_and_leaves_itself_out(tmp_path: Path, start: Start) -> None:
    named = start(f"# needle-{os.getpid()}\n{WAIT}")
    ended = profile(tmp_path, "--duration", "0.3", "--interval", "0.1", "--match", f"needle-{os.getpid()}")
    assert ended.returncode == 0
    assert "warning" not in ended.stderr
    for point in points(tmp_path):
        assert [d["pid"] for d in point["processes"]["process_details"]] == [named.pid]


@pytest.mark.parametrize(("code", "ends"), [(0, 0), (3, 2)])
def test_a_command_is_followed_to_its_end(tmp_path: Path, profiled: Profiled, code: int, ends: int) -> None:
    """Who fails after a while has a profile as good as any, and it ends as of one who fails at once."""
    ended = profiled("--command", f"{sys.executable} -c 'import time; time.sleep(1)'; exit {code}")
    assert ended.returncode == ends
    assert f"exit code {code}" in ended.stdout
    assert max(p["processes"]["process_count"] for p in points(tmp_path)) >= 2
    assert points(tmp_path)[-1]["elapsed_seconds"] < 60


@pytest.mark.parametrize(("command", "why"), [
    ("no-such-command-987", "127 (a shell's for one that was not found)"),
    ("sleep 0.3; no-such-command-987", "127 (a shell's for one that was not found)"),
    ("/etc/passwd", "126 (a shell's for one that could not be executed)"),
])  # fmt: skip
def test_a_command_that_cannot_be_run_is_a_mistake(
    tmp_path: Path, profiled: Profiled, command: str, why: str
) -> None:
    """The machine's figures are there, as where nothing was followed."""
    ended = profiled("--command", command, "--quiet")
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-1] == f"error: the command ended with exit code {why}"
    assert len(points(tmp_path)) >= 1


@pytest.mark.parametrize(("command", "code", "said"), [
    ("exit 3", 2, "error: the command ended with exit code 3\n"),
    ("kill -9 $$", 2, "error: the command ended by signal 9\n"), ("true", 0, ""),
])  # fmt: skip
def test_a_command_that_fails_before_the_first_tick_has_one_sample(
    tmp_path: Path, command: str, code: int, said: str
) -> None:
    ended = profile(tmp_path, "--command", command, "--interval", "60", "--quiet")
    assert (ended.returncode, ended.stderr) == (code, said)
    assert len(points(tmp_path)) == 1


def test_a_command_does_not_have_the_keys_of_the_load(profiled: Profiled) -> None:
    """As what a sweep starts has not."""
    keys = {"TARGET_API_KEY": "the-key-of-the-load", "TARGET_HEADERS": "X-A=of-the-load", "OTHER": "stays"}
    done = profiled(
        "--command", "echo ${TARGET_API_KEY-none} ${TARGET_HEADERS-none} $OTHER", "--quiet", **keys
    )
    assert (done.returncode, done.stdout) == (0, "none none stays\n")


def test_a_command_is_ended_with_all_its_group_when_time_is_up(tmp_path: Path, profiled: Profiled) -> None:
    """And standard output is the summary's alone."""
    command = "echo spoken; sleep 987 & sleep 986 & wait"
    ended = profiled("--duration", "1.5", "--json", "--command", command)
    summary = json.loads(ended.stdout)
    assert "spoken" in ended.stderr
    assert summary["figures"]["system_cpu_percent"]["max"] >= 0
    assert summary["command"] == {"text": command, "exit_code": -15, "ended_by_profiler": True}
    pids = {d["pid"] for p in points(tmp_path) for d in p["processes"]["process_details"]}
    assert len(pids) == 3
    assert not any(alive(pid) for pid in pids)


@pytest.mark.parametrize(("command", "kept"), [
    (os.fsdecode(b"printf '\xff' > out; sleep 0.2"), "printf '\ufffd' > out; sleep 0.2"),
    ("API_KEY=sk-1 true --token sk-2 'Authorization: Bearer sk-3' http://u:sk-4@h/?k=sk-5",
     "API_KEY=*** true --token ***"),
    (f"echo {KEY} >/dev/null", "echo *** >/dev/null"),
])  # fmt: skip
def test_a_command_is_run_as_it_is_and_kept_readable_and_without_secrets(
    tmp_path: Path, profiled: Profiled, command: str, kept: str
) -> None:
    done = profiled("--command", command, OPENAI_API_KEY=KEY)
    assert done.returncode == 0
    assert json.loads((tmp_path / "profile.json").read_text())["metadata"]["command"]["text"].startswith(kept)
    assert not any(one in (tmp_path / "profile.json").read_text() + done.stdout for one in ("sk-", KEY))
    assert not (tmp_path / "out").exists() or (tmp_path / "out").read_bytes() == b"\xff"


def answering(server: Any, text: str) -> Any:
    body = text.encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b"
    server.on_get = lambda talk: talk.raw(head % (len(body), body))
    return server


def test_no_secret_is_in_what_services_say(trap: Any, tmp_path: Path, profiled: Profiled) -> None:
    text = f'up{{h="trace-me-7",k="{KEY}",u="postgres://u:pw@h/d"}} 1\n{KEY.replace("-", "_")} 2\n'
    url = answering(trap(lambda talk: None), text).url
    until_scraped = "until test -s profile.scraped.jsonl; do sleep 0.1; done"
    words = ("--command", until_scraped, "--scrape", f"s={url}", "--sent", "X-Trace=trace-me-7", "--quiet")
    assert profiled(*words, OPENAI_API_KEY=KEY).returncode == 0
    first = read_scraped(tmp_path / "profile.scraped.jsonl")[0]
    assert 'up{h="***",k="***",u="postgres://***@h/d"}' in first.series
    for path in tmp_path.iterdir():
        assert KEY not in path.read_text()
        assert "trace-me-7" not in path.read_text()


def test_of_series_that_are_shown_alike_the_first_is_kept(trap: Any) -> None:
    url = answering(trap(lambda talk: None), 'up{k="a"} 1\nup{k="b"} 2\n').url
    found = scraped(_opener(url), Scrape(name="s", url=url), lambda _: "up")
    assert (found["series"], found["left_out"]) == ({"up": 1.0}, 1)


def test_a_key_stays_one_whatever_is_in_its_labels() -> None:
    key = redacted('up{a="x\\"\\\\\\n},{",b="é"}', str)
    assert split(key) == ("up", {"a": 'x"\\\n},{', "b": "é"})
    assert split(redacted(key, lambda text: text.replace("x", "***")))[1]["a"] == '***"\\\n},{'
