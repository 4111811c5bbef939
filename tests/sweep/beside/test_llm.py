"""What the LLM server truly sent, cell by cell."""

from pathlib import Path

from sweep.beside.llm import LlmServer
from sweep.running.ledger import Ledger


def test_a_cell_gets_the_lines_of_its_time_and_no_damaged_one(tmp_path: Path) -> None:
    llm = LlmServer(tmp_path, Ledger(tmp_path / "l"))
    assert llm.between(0, 10) == b""
    lines = [b'{"received_at_ns":%d}\n' % at for at in (5, 10, 20, 21)]
    damaged = [b'{"received_at{"received_at_ns":15}\n', b"15\n", b"{}\n"]
    (tmp_path / "llm.jsonl").write_bytes(b"".join(lines[:2] + damaged + lines[2:]) + b'{"received_at_ns":1')
    assert llm.between(10, 20) == b"".join(lines[1:3])
