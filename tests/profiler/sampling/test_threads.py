"""Threads' sums, from trees of `/proc` of the test's own, and our own threads."""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from profiler.sampling.threads import COST, LONGEST_S, MOST_NAMES, Threads
from records.secrets.redaction import Redaction


def thread(proc: Path, tid: int, name: str, cpu_s: float, delay_s: float = 0.0, lost: int = 0) -> None:
    folder = proc / "7" / "task" / str(tid)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "schedstat").write_text(f"{cpu_s * 1e9:.0f} {delay_s * 1e9:.0f} 5\n")
    switches = f"voluntary_ctxt_switches:\t{2 * lost}\nnonvoluntary_ctxt_switches:\t{lost}\n"
    (folder / "status").write_text(f"Name:\t{name}\nState:\tS (sleeping)\n{switches}")


def look(threads: Threads, at_s: float = 0.0) -> dict[str, Any]:
    found = threads.look([7], at_s).get(7)
    assert found
    return found


def test_the_main_thread_the_sum_and_the_others_by_name(tmp_path: Path) -> None:
    thread(tmp_path, 7, "uvicorn", 4, 1, 10)
    thread(tmp_path, 8, "embed-pool_0", 2, 0.5, 3)
    thread(tmp_path, 9, "embed-pool_1", 1, 0.25, 1)
    names = ("cpu_seconds", "run_delay_seconds", "voluntary_switches", "involuntary_switches")
    assert look(Threads(tmp_path)) == {
        **dict(zip(names, (7.0, 1.75, 28, 14), strict=True)),
        "main": dict(zip(names, (4.0, 1.0, 20, 10), strict=True)),
        "others": [{"name": "embed-pool", "threads": 2, **dict(zip(names, (3.0, 0.75, 8, 4), strict=True))}],
    }


def test_a_secret_in_a_name_is_blanked_also_where_the_kernel_cut_it(tmp_path: Path) -> None:
    secret = "correct7horse9battery"
    for tid, name in ((7, secret[:15]), (8, f"svc-{secret[:11]}"), (9, secret[:15]), (10, "svc-pool_3")):
        thread(tmp_path, tid, name, 1)
    found = look(Threads(tmp_path, Redaction([secret]).redact))
    names = {one["name"]: one["threads"] for one in found["others"]}
    assert names == {"***": 1, "svc-***": 1, "svc-pool": 1}


def test_what_a_thread_used_stays_in_the_sum_when_it_ends_and_its_number_is_given_again(
    tmp_path: Path,
) -> None:
    threads = Threads(tmp_path)
    thread(tmp_path, 7, "app", 1)
    thread(tmp_path, 8, "w", 5)
    look(threads)
    shutil.rmtree(tmp_path / "7" / "task" / "8")
    found = look(threads, 1000.0)
    assert (found["cpu_seconds"], found["others"]) == (6.0, [])
    thread(tmp_path, 8, "w", 0.5)
    found = look(threads, 2000.0)
    assert (found["cpu_seconds"], found["others"][0]["cpu_seconds"]) == (6.5, 5.5)
    thread(tmp_path, 8, "w", 0.25)
    assert look(threads, 3000.0)["cpu_seconds"] == 6.75


def test_a_thread_that_did_not_run_is_not_read_further(tmp_path: Path) -> None:
    threads = Threads(tmp_path)
    thread(tmp_path, 7, "app", 1)
    thread(tmp_path, 8, "w", 5, lost=2)
    first = look(threads)
    (tmp_path / "7" / "task" / "8" / "status").unlink()
    assert look(threads, 1000.0) == first
    thread(tmp_path, 8, "w", 6, lost=9)
    assert look(threads, 2000.0)["others"][0]["involuntary_switches"] == 9


def test_of_many_names_those_that_used_most_since_the_last_look_are_kept(tmp_path: Path) -> None:
    threads = Threads(tmp_path)
    thread(tmp_path, 7, "app", 1)
    for number in range(2 * MOST_NAMES):
        thread(tmp_path, 20 + number, f"n{chr(97 + number)}", 100 - number)
    look(threads)
    thread(tmp_path, 20 + 2 * MOST_NAMES - 1, f"n{chr(97 + 2 * MOST_NAMES - 1)}", 99)
    others = look(threads, 1000.0)["others"]
    assert (len(others), others[0]["name"]) == (MOST_NAMES, "nj")


def test_a_kernel_without_schedstat_says_the_time_alone(tmp_path: Path) -> None:
    thread(tmp_path, 7, "a b) c", 1)
    folder = tmp_path / "7" / "task" / "7"
    (folder / "schedstat").unlink()
    ticks = os.sysconf("SC_CLK_TCK")
    (folder / "stat").write_text(f"7 (a b) c) S 1 2 3 4 5 6 7 8 9 10 {2 * ticks} {ticks} 0 0\n")
    found = look(Threads(tmp_path))
    assert (found["cpu_seconds"], found["run_delay_seconds"]) == (3.0, None)


@pytest.mark.parametrize("text", ["", "1\n", "many 2 3\n"])
def test_an_odd_file_is_null(text: str, tmp_path: Path) -> None:
    thread(tmp_path, 7, "app", 1)
    (tmp_path / "7" / "task" / "7" / "schedstat").write_text(text)
    assert Threads(tmp_path).look([7], 0.0).get(7) is None
    assert Threads(tmp_path).look([8], 0.0).get(8) is None


@pytest.mark.parametrize(("cost_s", "due_s"), [(COST, 1.0), (0.5, LONGEST_S)])
def test_many_threads_are_read_seldom_but_not_too_seldom_for_a_cell(
    cost_s: float, due_s: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cpu_s = iter((0.0, cost_s, 1.0, 1.0))
    monkeypatch.setattr("time.process_time", lambda: next(cpu_s))
    thread(tmp_path, 7, "app", 1)
    threads = Threads(tmp_path)
    assert threads.look([7], 0.0)
    assert not threads.look([7], due_s - 0.01)
    assert threads.look([7], due_s + 0.01)


def test_who_is_no_longer_followed_is_forgotten(tmp_path: Path) -> None:
    thread(tmp_path, 7, "app", 5)
    threads = Threads(tmp_path)
    look(threads)
    threads.look([8], 0.0)
    thread(tmp_path, 7, "other", 1)
    assert look(threads, 1000.0)["cpu_seconds"] == 1.0


@pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="no Linux")
def test_our_own() -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(int).result()
        found = Threads().look([os.getpid()], 0.0)[os.getpid()]
    assert found["cpu_seconds"] >= found["main"]["cpu_seconds"] > 0
    assert sum(one["threads"] for one in found["others"]) >= 1
