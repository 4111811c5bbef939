"""What was seen inside a target, cut to a cell's time."""

import json
import os
import textwrap
from pathlib import Path

import pytest

from collected import UNTIL, ran_well
from records.evidence.inside import read_inside, sampled_at_ns
from sweep.running.inside import blank_inside, copy_between
from sweep.running.lent import lend


def test_a_cell_has_what_all_processes_told_in_its_time(tmp_path: Path) -> None:
    folder, to = tmp_path / "one.inside", tmp_path / "inside.jsonl"
    folder.mkdir()
    for pid, moments in ((1, (5, 10, 30, 41)), (2, (9, 20, 40))):
        lines = "".join(json.dumps({"at_ns": at, "pid": pid}) + "\n" for at in moments)
        (folder / f"{pid}.jsonl").write_text(f'{lines}{{"at_ns": 15')  # as a kill leaves it
    copy_between(folder, 10, 40, to, sampled_at_ns)
    assert [json.loads(line)["at_ns"] for line in to.read_text().splitlines()] == [10, 20, 30, 40]


def test_without_a_line_in_its_time_the_file_is_empty(tmp_path: Path) -> None:
    folder, to = tmp_path / "one.inside", tmp_path / "inside.jsonl"
    copy_between(folder, 0, 9, to, sampled_at_ns)  # no process had a loop, and nobody made the folder
    folder.mkdir()
    early = folder / "1.jsonl"
    early.write_text('{"at_ns": 5}\nnothing\n')
    copy_between(folder, 6, 9, to, sampled_at_ns)
    os.utime(early, ns=(4, 4))  # it was written to for the last time before
    copy_between(folder, 5, 9, to, sampled_at_ns)
    assert to.read_bytes() == b""


def test_what_an_app_puts_into_its_folder_that_is_no_file_is_not_read(tmp_path: Path) -> None:
    folder, to, other = tmp_path / "one.inside", tmp_path / "inside.jsonl", tmp_path / "other"
    other.write_text('{"at_ns": 7}\n')
    lend(folder, 10001)
    told = folder.stat()
    root = os.geteuid() == 0
    assert (told.st_uid, told.st_mode & 0o7777) == ((10001, 0o700) if root else (os.geteuid(), 0o1733))
    (folder / "1.jsonl").write_text('{"at_ns": 5}\n')
    (folder / "2.jsonl").symlink_to(other)
    os.mkfifo(folder / "3.jsonl")
    (folder / "4.jsonl").mkdir()
    copy_between(folder, 0, 9, to, sampled_at_ns)
    blank_inside(folder)
    assert to.read_text() == '{"at_ns": 5}\n'
    assert {path.name for path in folder.iterdir()} == {"1.jsonl", "4.jsonl"}
    told = folder.stat()
    assert (told.st_uid, told.st_mode & 0o7777) == (os.geteuid(), 0o700)
    assert other.read_text() == '{"at_ns": 7}\n'


def test_of_a_user_that_nobody_knows_others_see_no_names(tmp_path: Path) -> None:
    for uid in (None, 0):  # root may become anybody
        lend(tmp_path / "one", uid)
        assert (tmp_path / "one").stat().st_mode & 0o7777 == 0o1733
    (tmp_path / "link").symlink_to(tmp_path / "one")
    with pytest.raises(OSError, match="link"):
        lend(tmp_path / "link", 10001)


SECRET = "zq7Lm_Wx93kTbe2Rv"  # an identifier, so that a function can be called so
NAMES = f"""
    import asyncio, concurrent.futures, os
    {textwrap.indent(UNTIL, "").strip()}
    secret = os.environ["SVC_API_TOKEN"]
    made = {{}}
    source = f"async def {{secret}}(future):\\n    await future\\n"
    exec(compile(source, f"/app/{{secret[2:14]}}.py", "exec"), made)
    Mine = type(f"{{secret}}Future", (asyncio.Future,), {{}})
    async def main():
        pool = concurrent.futures.ThreadPoolExecutor(1, secret)
        await asyncio.get_running_loop().run_in_executor(pool, int)
        waits = asyncio.create_task(made[secret](Mine()))
        await asyncio.to_thread(until, lambda line: line["executors"] and secret in str(line["groups"]))
        waits.cancel()
    asyncio.run(main())
"""


def test_an_app_that_calls_things_by_a_secret_of_our_environment_leaves_none_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, to = tmp_path / "one.inside", tmp_path / "inside.jsonl"
    folder.mkdir()
    monkeypatch.setenv("SVC_API_TOKEN", SECRET)
    ran_well(NAMES, folder)
    [path] = folder.iterdir()
    written = [json.loads(line) for line in path.read_text().splitlines()]
    assert SECRET in str([line["executors"] for line in written])
    for piece in (f"{SECRET} (", f"({SECRET[2:14]}.py:"):
        assert piece in str([line["groups"] for line in written])
    copy_between(folder, 0, 1 << 63, to, sampled_at_ns)
    blank_inside(folder)
    assert len(read_inside(to)) == len(read_inside(path)) == len(written)
    for kept in (to, path):
        assert not any(SECRET[at : at + 8].lower() in kept.read_text().lower() for at in range(9))
    assert list(folder.iterdir()) == [path]
