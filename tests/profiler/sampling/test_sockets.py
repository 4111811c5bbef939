"""Sockets of the followed processes: our own, by netlink and by /proc, and tables of the test's own."""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from profiler.sampling import sockets, tcp_table
from profiler.sampling.sockets import Sockets
from profiler.sampling.tcp_table import CLOSE_WAIT, ESTABLISHED, LISTEN, TIME_WAIT, Tcp, by_netlink, by_proc

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="no Linux")
LOOPBACK = "127.0.0.1"


@pytest.fixture
def held() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def listening(held: ExitStack, family: int = socket.AF_INET, host: str = LOOPBACK) -> socket.socket:
    one = held.enter_context(socket.socket(family))
    one.bind((host, 0))
    one.listen(7)
    return one


def look(sockets: Sockets, at_s: float = 0.0) -> dict[str, Any]:
    found = sockets.look([os.getpid()], at_s)
    assert found
    return found


def port_of(found: dict[str, Any], port: int) -> dict[str, Any]:
    return next(one for one in found["listen"] if one["port"] == port)


@pytest.mark.parametrize("netlink", [True, False])
def test_connections_that_nobody_accepts_are_the_queue_of_what_listens(
    netlink: bool, held: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not netlink:
        monkeypatch.setattr(tcp_table.socket, "AF_NETLINK", -1)
    server = listening(held)
    port = server.getsockname()[1]
    for _ in range(3):
        held.enter_context(socket.create_connection((LOOPBACK, port)))
    found = look(Sockets())
    assert port_of(found, port) == {"port": port, "queued": 3, "backlog": 7 if netlink else None}
    assert found["states"]["established"] >= 3
    assert (f"{LOOPBACK}:{port}", 3) in [(one["to"], one["established"]) for one in found["peers"]]


def test_a_listener_of_ipv6_is_seen_and_peers_of_ipv4_are_called_so(held: ExitStack) -> None:
    try:
        server = listening(held, socket.AF_INET6, "::")
    except OSError:
        pytest.skip("no IPv6")
    port = server.getsockname()[1]
    held.enter_context(socket.create_connection((LOOPBACK, port)))
    accepted = held.enter_context(server.accept()[0])
    assert accepted.getpeername()[0] == f"::ffff:{LOOPBACK}"
    found = look(Sockets())
    assert port_of(found, port)["queued"] == 0
    assert not any(one["to"].startswith("::ffff:") for one in found["peers"])  # this one among the first


class Table:
    """What the kernel lists, as the test says; socket 1 listens on port 80, and 1 to 99 are ours."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.of: list[Tcp] = []
        monkeypatch.setattr(sockets, "same_network", lambda *_: True)
        monkeypatch.setattr(sockets, "by_netlink", self.listed)
        monkeypatch.setattr(sockets, "_inodes", lambda _: range(1, 100))
        monkeypatch.setattr("time.process_time", lambda: 0.0)

    def listed(
        self,
        states: tuple[int, ...],
        _: object,
        port: int = 0,
        families: tuple[int, ...] = (),
        ends: tuple[set[int], ...] | None = None,
    ) -> list[Tcp]:
        def wanted(one: Tcp) -> bool:
            return one.state != TIME_WAIT or not ends or one.local[1] in ends[0] or one.remote[1] in ends[1]

        return [one for one in self.of if one.state in states and port in (0, one.local[1]) and wanted(one)]

    def add(self, state: int, local: int, remote: int, inode: int, queued: int = 0) -> None:
        self.of.append(Tcp(state, (LOOPBACK, local), ("10.0.0.1", remote), queued, 128, inode))


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Table:
    return Table(monkeypatch)


def test_connects_are_counted_also_those_that_came_and_went_between_two_looks(table: Table) -> None:
    looks = Sockets()
    table.add(LISTEN, 80, 0, 1)
    table.add(ESTABLISHED, 4001, 443, 2)
    table.add(ESTABLISHED, 80, 5001, 3)  # a client of ours
    table.add(ESTABLISHED, 4002, 443, 100)  # another process's
    first = look(looks)
    assert first["connects"] == 0
    assert first["states"] == {"established": 2, "syn_sent": 0, "time_wait": 0, "close_wait": 0}
    assert [(one["to"], one["established"]) for one in first["peers"]] == [("10.0.0.1:443", 1)]
    table.add(TIME_WAIT, 4003, 443, 0)
    table.add(TIME_WAIT, 4004, 9999, 0)  # to a place that ours never were at
    table.add(TIME_WAIT, 80, 5002, 0)
    table.add(CLOSE_WAIT, 4005, 443, 4)
    second = look(looks, 1.0)
    assert second["connects"] == 2
    assert second["states"] == {"established": 2, "syn_sent": 0, "time_wait": 2, "close_wait": 1}
    assert look(looks, 2.0)["connects"] == 2


def test_who_serves_is_who_has_accepted_from_outside(
    table: Table, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """5 is a pool's process that 7 forked, with what that had; 6 is a database that it asks."""
    of = {"7": (1, 2, 3, 4), "5": (1, 2, 9), "6": (5, 6)}
    monkeypatch.setattr(sockets, "_inodes", lambda folder: of[Path(folder).parent.name])
    for pid, began in ((7, 90), (5, 100), (6, 80)):
        (tmp_path / str(pid)).mkdir()
        words = ["R", *("0" for _ in range(18)), str(began), "0"]
        (tmp_path / str(pid) / "stat").write_text(f"{pid} (python3) {' '.join(words)}")
    table.add(LISTEN, 80, 0, 1)
    table.add(ESTABLISHED, 80, 5001, 2)
    table.add(ESTABLISHED, 80, 5002, 3)
    table.add(CLOSE_WAIT, 80, 5003, 9)  # which its parent has closed since
    table.add(LISTEN, 6379, 0, 5)
    for local, remote, inode in ((4001, 6379, 4), (6379, 4001, 6)):
        table.of.append(Tcp(ESTABLISHED, (LOOPBACK, local), (LOOPBACK, remote), 0, None, inode))
    found = Sockets(tmp_path).look([5, 6, 7], 0.0)
    assert found
    assert found["accepted"] == [{"pid": 7, "connections": 2}]


def test_one_that_the_other_end_on_this_machine_closed_is_counted_too(table: Table) -> None:
    looks = Sockets()
    table.of.append(Tcp(ESTABLISHED, (LOOPBACK, 4001), (LOOPBACK, 443), 0, None, 2))
    look(looks)
    table.of.append(Tcp(TIME_WAIT, (LOOPBACK, 443), (LOOPBACK, 4002), 0, None, 0))
    found = look(looks, 1.0)
    assert (found["connects"], found["peers"][0]["time_wait"]) == (1, 1)


def test_between_looks_at_all_only_what_listens_is_looked_at(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    cpu_s = iter((0.0, 0.001))
    monkeypatch.setattr("time.process_time", lambda: next(cpu_s))
    table.add(LISTEN, 80, 0, 1, queued=4)
    table.add(LISTEN, 80, 0, 2, queued=5)
    table.add(LISTEN, 81, 0, 100, queued=9)
    looks = Sockets()
    look(looks)
    listen = [{"port": 80, "queued": 9, "backlog": 128}]
    unread = {"states": None, "peers": None, "connects": None, "accepted": None}
    assert look(looks, 0.9) == {"listen": listen, **unread}


def test_what_listens_is_seen_by_its_port_alone_between_looks_at_all(
    held: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = listening(held).getsockname()[1]
    looks = Sockets()
    if not look(looks) or not looks._by_netlink:
        pytest.skip("the kernel is not asked by netlink here")
    monkeypatch.setattr(looks, "_due_s", 1e9)
    held.enter_context(socket.create_connection((LOOPBACK, port)))
    assert port_of(look(looks, 1.0), port) == {"port": port, "queued": 1, "backlog": 7}
    inodes = {os.stat(listening(held).fileno()).st_ino for _ in range(2)} | looks._ours
    assert {one.local[1] for one in by_netlink((LISTEN,), inodes, port)} == {port}


def test_after_a_process_that_was_just_gone_it_is_asked_by_netlink_again(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    table.add(LISTEN, 80, 0, 1, queued=4)
    looks = Sockets()
    with monkeypatch.context() as gone:
        gone.setattr(sockets, "same_network", lambda *_: False)
        assert looks.look([2**22 + 1], 0.0) is None
    assert port_of(look(looks, 1.0), 80)["queued"] == 4


def test_of_those_that_have_ended_only_the_wanted_ends_are_listed(held: ExitStack) -> None:
    server = listening(held)
    port = server.getsockname()[1]
    with socket.create_connection((LOOPBACK, port)) as client, server.accept()[0]:
        own = client.getsockname()[1]
        client.close()  # the first to do so keeps it
    try:
        every = by_netlink((TIME_WAIT,), set())
    except OSError:
        pytest.skip("the kernel is not asked by netlink here")
    ended = [one for one in every if one.remote == (LOOPBACK, port)]
    assert [one.local[1] for one in ended] == [own]
    for ends, found in ((({own}, set()), ended), ((set(), {port}), ended), (({port}, {own}), [])):
        assert [one for one in by_netlink((TIME_WAIT,), set(), ends=ends) if one in ended] == found


def test_where_nothing_is_told_it_is_null(tmp_path: Path) -> None:
    assert Sockets(tmp_path).look([os.getpid()], 0.0) is None
    assert Sockets().look([], 0.0) is None


def test_odd_lines_of_a_table_are_left_out(tmp_path: Path) -> None:
    file = tmp_path / "7" / "net" / "tcp"
    file.parent.mkdir(parents=True)
    good = "0: 0100007F:0050 00000000:0000 0A 00000000:00000003 00:00000000 00000000 0 0 42 1 0 100 0"
    file.write_text(f"  sl  local_address\n{good}\nnonsense\n1: x:y z 01 0 0 0 0 0 0\n")
    assert by_proc(7, tmp_path) == [Tcp(LISTEN, (LOOPBACK, 80), ("0.0.0.0", 0), 3, None, 42)]
