"""Whose port it is, as the system's own lists tell it."""

import os
from pathlib import Path
from unittest.mock import Mock

import psutil
import pytest

from profiler.sampling import listeners
from profiler.sampling.listeners import Listeners, Port, listening

TITLE = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


def entry(port: int, inode: int, state: str = "0A") -> str:
    return f"   0: 0100007F:{port:04X} 00000000:0000 {state} 0:0 00:0 0 0 0 {inode} 1 0 100 0 0 10 0\n"


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """A /proc in which this very process has socket 77, and nobody that is seen has 99."""
    descriptors = tmp_path / str(os.getpid()) / "fd"
    descriptors.mkdir(parents=True)
    (descriptors / "3").symlink_to("socket:[77]")
    (descriptors / "4").symlink_to("/dev/null")
    (tmp_path / "net").mkdir()
    return tmp_path


def test_whose_port_it_is_may_be_hidden(proc: Path) -> None:
    (proc / "net" / "tcp").write_text(TITLE + entry(8001, 99))
    found = listening(8001, proc)
    assert found == Listeners(port=8001, hidden=True)
    assert "the system does not say who listens on port 8001" in found.told()
    assert "nothing listens on port 8002" in listening(8002, proc).told()


def test_both_families_are_looked_at_and_what_else_listens_is_named(proc: Path) -> None:
    (proc / "net" / "tcp").write_text(TITLE + "odd\n" + entry(8001, 99))
    (proc / "net" / "tcp6").write_text(TITLE + entry(9001, 77))
    assert listening(9001, proc).pids == {os.getpid()}
    found = listening(8002, proc)
    assert found.elsewhere == ((9001, os.getpid()),)
    assert "but on 9001" in found.told()


def test_connections_are_not_read(proc: Path) -> None:
    """A port that a client happens to have is no service; and there may be tens of thousands of them."""
    (proc / "net" / "tcp").write_text(TITLE + entry(8000, 5) + entry(8001, 77, "01") + entry(8002, 77))
    assert not listening(8001, proc).pids
    assert not listening(8002, proc).pids


def test_descriptors_are_looked_through_when_sockets_change_and_else_seldom(
    proc: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = Mock(wraps=listeners._holders)
    monkeypatch.setattr(listeners, "_holders", look)
    table = proc / "net" / "tcp"
    table.write_text(TITLE)
    port = Port(8001, proc)
    assert port.look(0.0) == Listeners(port=8001)
    assert port.look(2.0) is None
    table.write_text(TITLE + entry(8001, 77))
    assert port.look(4.0) == Listeners(port=8001, pids=frozenset({os.getpid()}))
    assert port.look(6.0) is None
    assert look.call_count == 2
    assert port.look(1e6)  # a worker may have been given a socket that is there already
    assert look.call_count == 3


def test_what_only_passes_on_or_holds_a_socket_for_a_service_is_told(
    proc: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container's published port belongs to a proxy, and what answers is not among its children; systemd's
    descendants are the machine, and are not followed."""
    (proc / "net" / "tcp").write_text(TITLE + entry(8001, 77))
    monkeypatch.setattr(listeners, "name_of", lambda pid: "docker-proxy")
    assert "docker-proxy only passes on" in listening(8001, proc).told()
    (proc / str(os.getpid())).rename(proc / "1")
    monkeypatch.setattr(listeners, "name_of", lambda pid: "systemd")
    found = listening(8001, proc)
    assert not found.pids
    assert "held by systemd" in found.told()


def test_a_system_without_such_a_list_is_asked_by_psutil(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """macOS shows other people's to root alone; a hardened kernel shows /proc/net to nobody
    (github.com/giampaolo/psutil/issues/1155)."""

    found = Mock(status=psutil.CONN_LISTEN, laddr=Mock(port=8001), pid=os.getpid())
    monkeypatch.setattr(psutil, "net_connections", lambda kind: [found])
    assert listening(8001, tmp_path).pids == {os.getpid()}
    monkeypatch.setattr(psutil, "net_connections", Mock(side_effect=psutil.AccessDenied))
    assert listening(8001, tmp_path) == Listeners(port=8001, hidden=True)
