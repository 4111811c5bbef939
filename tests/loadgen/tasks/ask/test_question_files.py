"""Files of questions as people have them (TRAPS 24)."""

import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.tasks.ask.question_files import MOST_BYTES, QuestionError, read_questions


def read(folder: Path, content: str | bytes, name: str = "q.txt") -> list[tuple[str, str]]:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return [(question.id, question.text) for question in read_questions(path)]


def test_lines_and_objects(tmp_path: Path) -> None:
    mixed = '\ufeffplain one\n\n{"id": 7, "query": "two"}\r\n{"prompt": "three"}\n"four"\n[5]\n'
    assert read(tmp_path, mixed) == [
        ("q.txt:1", "plain one"), ("7", "two"), ("q.txt:4", "three"), ("q.txt:5", "four"), ("q.txt:6", "[5]"),
    ]  # fmt: skip


def test_the_same_text_is_the_same_question(tmp_path: Path) -> None:
    found = read(tmp_path, 'same\nother\nsame\n{"query": "same"}\n')
    assert [name for name, _ in found] == ["q.txt:1", "q.txt:2", "q.txt:1", "q.txt:1"]


USER = {"role": "user", "content": "why?"}


@pytest.mark.parametrize(
    ("entry", "name"),
    [
        ({"question": " ", "input": "why?"}, None),
        ({"_id": "b1", "text": "why?"}, "b1"),  # BEIR
        ({"user_input": "why?", "reference": "because"}, None),  # ragas
        ({"instruction": "why?", "output": "because"}, None),  # Alpaca
        ({"question_id": 81, "turns": ["why?"]}, "81"),  # MT-bench
        ({"messages": [{"role": "system", "content": "be kind"}, USER]}, None),
        ({"messages": [USER, {"role": "assistant", "content": "because"}]}, None),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": "why?"}]}]}, None),
        ({"custom_id": "r-1", "method": "POST", "body": {"model": "m", "messages": [USER]}}, "r-1"),
        ({"conversations": [{"from": "human", "value": "why?"}, {"from": "gpt", "value": "so"}]}, None),
    ],
)
def test_entries_of_known_sets(entry: dict[str, Any], name: str | None, tmp_path: Path) -> None:
    """As a line, as an entry of a list, and within an object that holds the list."""
    assert read(tmp_path, json.dumps(entry), "q.jsonl") == [(name or "q.jsonl:1", "why?")]
    assert read(tmp_path, json.dumps([entry], indent=2), "q.json") == [(name or "q.json:1", "why?")]
    assert read(tmp_path, json.dumps({"data": [entry]}), "q.json") == [(name or "q.json:1", "why?")]


@pytest.mark.parametrize(("suffix", "comma"), [("csv", ","), ("tsv", "\t")])
def test_tables(suffix: str, comma: str, tmp_path: Path) -> None:
    rows = [["ID", "Category", "Question"], ["a", "x", '"why,\tthough?"'], ["", "y", "how?"]]
    table = "\r\n".join(comma.join(row) for row in rows)
    name = f"q.{suffix}"
    assert read(tmp_path, table, name) == [("a", "why,\tthough?"), (f"{name}:3", "how?")]


@pytest.mark.parametrize(("name", "content"), [
    ("q.txt", ""), ("q.txt", "{"), ("q.txt", '{"question": 3}'), ("q.txt", b"\xff\xfe"),
    ("q.txt", b"\xff\xfex"), ("q.txt", b"caf\xe9"), ("q.json", "[]"), ("q.json", '[{"a": 1}]'),
    ("q.csv", "a,b\n1,2\n"), ("q.csv", "question\n\n"), ("q.csv", ""),
    ("q.jsonl", '{"question": ' + "[" * 600 + "]" * 600 + "}"),
])  # fmt: skip
def test_what_holds_no_question_is_refused_in_one_line(
    name: str, content: str | bytes, tmp_path: Path
) -> None:
    with pytest.raises(QuestionError) as refused:
        read(tmp_path, content, name)
    assert name in str(refused.value)
    assert "\n" not in str(refused.value)


KEYS = st.sampled_from(["question", "messages", "role", "text", "body"]) | st.text(max_size=2)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner),
    max_leaves=8,
)


@given(
    content=st.text(max_size=60) | st.lists(json_values, max_size=3).map(json.dumps),
    name=st.sampled_from(["q.txt", "q.json", "q.csv", "q.jsonl"]),
)
def test_any_file_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, content: str, name: str
) -> None:
    folder = tmp_path_factory.mktemp("any")
    try:
        found = read(folder, content.encode("utf-8", "replace"), name)
    except QuestionError:
        return
    assert found
    assert all(text.strip() for _, text in found)


@pytest.mark.parametrize("content", ['[{"question":"a"},', "[" * 1000, "true", '["\\ud800"]'])
def test_json_that_is_broken_asks_nothing(content: str, tmp_path: Path) -> None:
    with pytest.raises(QuestionError, match="not JSON"):
        read(tmp_path, content, "q.json")


def of_a_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


def too_long(path: Path) -> None:
    path.touch()
    os.truncate(path, MOST_BYTES + 1)


@pytest.mark.parametrize(("make", "said"), [
    (os.mkfifo, "this is a pipe, and has to be a file"), (Path.mkdir, "this is a folder, and has to be"),
    (lambda path: path.symlink_to("/dev/zero"), "this is a device, and has to be a file"),
    (of_a_socket, "this is a socket, and has to be"), (too_long, "longer than the 100 MB that are read"),
    (str, "No such file or directory"),
])  # fmt: skip
def test_what_is_no_file_or_too_long_a_one_is_refused_at_once(make: Any, said: str, tmp_path: Path) -> None:
    make(tmp_path / "q")
    with pytest.raises(QuestionError, match=said):
        read_questions(tmp_path / "q")


@pytest.mark.parametrize(("text", "place", "why"), [
    ('id,question\n1,What?\n2,"Why?\n3,How?\n', ":3: ", "is a quote not closed?"),
    ('question\n"What" is?\n', ":2: ", "expected after"), ("question\nWh\0at?\n", ":2: ", "a NUL in it"),
    ("question\nWhat?\n" + "x" * 200_000, ":3: ", "field limit"),
    ("question," + "x" * 200_000 + "\nWhat?\n", ":1: ", "field limit"),
    ("id,question,Question \n1,What?,Why?\n", ": ", "names question more than once"),
    ("id,ID,question\n1,2,What?\n", ": ", "names id more than once"),
])  # fmt: skip
def test_a_table_that_is_broken_is_one_line_that_says_where(
    tmp_path: Path, text: str, place: str, why: str
) -> None:
    with pytest.raises(QuestionError) as error:
        read(tmp_path, text, "q.csv")
    assert str(error.value).startswith(f"{tmp_path / 'q.csv'}{place}")
    assert why in str(error.value)
    assert "\n" not in str(error.value)


def test_a_table_may_begin_with_a_mark_of_its_order_of_bytes(tmp_path: Path) -> None:
    path = tmp_path / "q.csv"
    for encoding in ("utf-8-sig", "utf-16"):
        path.write_text("question,other,body\nWhat?,1,2,3\n\nWhy?\n", encoding=encoding)
        assert [one.text for one in read_questions(path)] == ["What?", "Why?"]
