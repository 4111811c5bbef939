"""Settings that are wrong: one line and exit code 2, and no key in it."""

import asyncio
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from support import LIMIT_S, ROOT

KEY = "sk-test-0123456789abcdef"


def run_uvicorn(environment: dict[str, str], port: int = 0) -> tuple[int, str]:
    """Exit code and output of a target that should not live."""
    argv = [
        sys.executable,
        "-m",
        "uvicorn",
        "target_app.app:app",
        "--port",
        str(port),
        "--log-level",
        "warning",
    ]
    run = subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=LIMIT_S)
    return run.returncode, run.stdout + run.stderr


def check_one_line(code: int, output: str, *words: str) -> None:
    assert code == 2, output
    assert output.count("\n") == 1, output
    assert all(word in output for word in words), output
    assert KEY not in output


WRONG = {
    "at its start": ({"RETRIEVAL": "fast", "MAX_INFLIGHT": "-1"}, ("RETRIEVAL", "fast", "MAX_INFLIGHT")),
    "while it loads": ({"KNOWLEDGE_BASE_DIR": "/nonexistent/folder"}, ("/nonexistent/folder",)),
}


@pytest.mark.parametrize("when", WRONG)
def test_a_wrong_setting_ends_the_process_with_one_line_and_exit_code_2(
    environment: dict[str, str], when: str
) -> None:
    settings, words = WRONG[when]
    check_one_line(*run_uvicorn({**environment, **settings}), *words)


MODEL = {"EMBEDDING_MODEL": "/nonexistent/model"}
NO_STORE = {"RETRIEVAL": "langchain", "LANGCHAIN_STORE": "builtins:max", "USE_MOCK_LLM": "yes"}
NO_MODEL = {"LLM_CLIENT": "langchain", "LANGCHAIN_MODEL": "builtins:dict"}


@pytest.mark.parametrize(("settings", "words"), [
    ({"USE_MOCK_LLM": "perhaps"}, ("USE_MOCK_LLM", "perhaps", "yes or no")),
    ({"OPENAI_BASE_URL": "http://[broken"}, ("OPENAI_BASE_URL",)),
    ({"OPENAI_BASE_URL": "127.0.0.1:8002/v1"}, ("OPENAI_BASE_URL",)),
    ({"KNOWLEDGE_BASE_DIR": "EMPTY"}, ("EMPTY",)),
    ({"USE_MOCK_EMBEDDINGS": "no"} | MODEL, tuple(*MODEL.items())),
    ({"USE_MOCK_LLM": "yes"} | MODEL, tuple(*MODEL.items())),  # a mock has nothing to build its index with
    ({"LANGCHAIN_STORE": "no.such:store"}, ("LANGCHAIN_STORE", "no.such", "cannot be imported")),
    ({"LANGCHAIN_CALLBACKS": "json"}, ("LANGCHAIN_CALLBACKS=json", "package.module:factory")),
    (NO_MODEL, ("LANGCHAIN_MODEL=builtins:dict", "made a dict, not a BaseChatModel")),
    (NO_STORE, ("LANGCHAIN_STORE=builtins:max", "the factory failed")),
])  # fmt: skip
def test_every_wrong_setting_is_one_line(
    environment: dict[str, str], settings: dict[str, str], words: tuple[str, ...], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """As in a process of its own."""
    from target_app import app

    (tmp_path / "EMPTY").mkdir()
    monkeypatch.chdir(tmp_path)
    for name, value in {**environment, **settings}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(os, "_exit", sys.exit)

    with pytest.raises(SystemExit, match=r"^2$"):  # noqa: PT012
        app.make_app(app.load_settings())
        asyncio.run(app._load_or_leave(app.Service(app.load_settings())))
    logged = [one for one in caplog.records if one.name == "uvicorn.error"]
    said = capsys.readouterr().err + "".join(f"{one.message}\n" for one in logged)
    check_one_line(2, said, *words)


@pytest.mark.parametrize(
    ("word", "means"), [("TRUE", True), ("1", True), (" t ", True), ("n", False), ("", False)]
)
def test_flags_are_read_as_in_the_original(monkeypatch: pytest.MonkeyPatch, word: str, means: bool) -> None:
    from target_app.settings import load_settings

    monkeypatch.setenv("USE_MOCK_LLM", word)
    assert load_settings().use_mock_llm is means


def test_a_port_in_use_is_uvicorns_own_line_and_exit_code(environment: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, output = run_uvicorn({**environment, "USE_MOCK_LLM": "yes"}, port)
    assert (code, output.count("\n")) == (3, 1), output
    assert "address already in use" in output
    assert str(port) in output
