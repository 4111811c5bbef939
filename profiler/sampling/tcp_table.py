"""The TCP sockets of a network, as the kernel lists them (Linux).

It is asked by netlink (sock_diag(7)), which lists only those in the wanted states: what listens in 0.05 ms.
Of another network than ours, as a container's, there is `/proc/PID/net/tcp`, of all at once: 12 ms on the 2
cores of the README, for the kernel goes through a table made for as many connections as the machine may have.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
from collections.abc import Container, Iterable, Iterator
from functools import lru_cache
from ipaddress import IPv6Address
from pathlib import Path
from typing import NamedTuple

from profiler.sampling.reading import text_of

ESTABLISHED, SYN_SENT, TIME_WAIT, CLOSE_WAIT, LISTEN = 1, 2, 6, 8, 10
STATES = {
    ESTABLISHED: "established",
    SYN_SENT: "syn_sent",
    TIME_WAIT: "time_wait",
    CLOSE_WAIT: "close_wait",
}
_DIAG_BY_FAMILY, _DUMP = 20, 0x301
_ERROR, _DONE = 2, 3
_HEADER = struct.Struct("=IHHII")
_BEGIN = struct.Struct("=IH")
_INODE = struct.Struct("=I")
_WAIT_S = 1.0


class Tcp(NamedTuple):
    state: int
    local: tuple[str, int]
    remote: tuple[str, int]
    queued: int
    """Of one that listens: the connections that wait to be accepted."""
    backlog: int | None
    """Of one that listens: how many may; None where it is not told."""
    inode: int
    """0: it is no process's any more."""
    family: int = socket.AF_INET


def by_netlink(
    states: Iterable[int],
    inodes: Container[int],
    port: int = 0,
    families: Iterable[int] | None = None,
    ends: tuple[set[int], set[int]] | None = None,
) -> list[Tcp]:
    """The sockets of our own network that are in these states, of those inodes or of none (it is quicker not
    to read the others), on that port or on any. ``families``: `used_families` unless it is said. ``ends``: of
    those in TIME_WAIT, which may be thousands, ones from one of the first ports or to one of the second.
    Raises OSError where it cannot be asked so."""
    if not hasattr(socket, "AF_NETLINK"):
        raise OSError("no netlink")
    wanted = sum(1 << state for state in states)
    here, there = ({port.to_bytes(2, "big") for port in ports} for ports in ends or ((), ()))
    return [
        _message(body)
        for family in (used_families() if families is None else families)
        for body in _dump(family, wanted, port, None if ends is None else (here, there))
        if body[1] == TIME_WAIT or not (inode := _INODE.unpack_from(body, 68)[0]) or inode in inodes
    ]


def used_families(proc: Path = Path("/proc")) -> tuple[int, ...]:
    """Of IPv4 and IPv6: for each the kernel goes through all that there may be, which takes longer than all
    else. To ask which are used takes longer than to ask for what listens."""
    unused = text_of(f"{proc}/net/sockstat6").split()[:3] == ["TCP6:", "inuse", "0"]
    return (socket.AF_INET,) if unused else (socket.AF_INET, socket.AF_INET6)


def _dump(family: int, states: int, port: int, ends: tuple[set[bytes], set[bytes]] | None) -> Iterator[bytes]:
    """An inet_diag_msg of <linux/inet_diag.h> each; of those in TIME_WAIT the ones with one of these ends."""
    here, there = ends or ((), ())
    body = struct.pack("=BBBxI", family, socket.IPPROTO_TCP, 0, states) + struct.pack(">H46x", port)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4) as asked:  # NETLINK_SOCK_DIAG
        asked.settimeout(_WAIT_S)
        asked.send(_HEADER.pack(_HEADER.size + len(body), _DIAG_BY_FAMILY, _DUMP, 1, 0) + body)
        while True:
            data = asked.recv(1 << 17)
            at = 0
            while at + _HEADER.size <= len(data):
                length, kind = _BEGIN.unpack_from(data, at)
                if kind == _DONE:
                    return
                if kind == _ERROR or length < _HEADER.size:
                    raise OSError("the kernel lists no sockets")
                if (
                    data[at + 17] != TIME_WAIT
                    or ends is None
                    or data[at + 20 : at + 22] in here
                    or data[at + 22 : at + 24] in there
                ):
                    yield data[at + _HEADER.size : at + length]
                at += (length + 3) & ~3


def _message(body: bytes) -> Tcp:
    family, state, _, _, source_port, port = struct.unpack_from(">BBBBHH", body)
    queued, backlog, _, inode = struct.unpack_from("=IIII", body, 56)
    size = 4 if family == socket.AF_INET else 16
    source, remote = _address(body[8 : 8 + size]), _address(body[24 : 24 + size])
    return Tcp(state, (source, source_port), (remote, port), queued, backlog, inode, family)


def by_proc(pid: int, proc: Path = Path("/proc")) -> list[Tcp]:
    """All sockets of the network of a process. Raises OSError where it is not told."""
    found, told = [], False
    for name in ("tcp", "tcp6"):
        with contextlib.suppress(FileNotFoundError):
            lines = (proc / str(pid) / "net" / name).read_text().splitlines()[1:]
            told = True
            for line in lines:
                with contextlib.suppress(ValueError, IndexError):
                    found.append(_line(line.split()))
    if not told:
        raise FileNotFoundError(f"{proc / str(pid) / 'net' / 'tcp'} is not there")
    return found


def _line(words: list[str]) -> Tcp:
    queued = int(words[4].partition(":")[2], 16)
    return Tcp(int(words[3], 16), _endpoint(words[1]), _endpoint(words[2]), queued, None, int(words[9]))


def _endpoint(text: str) -> tuple[str, int]:
    """Of words of 32 bits, each in the machine's order, and a port."""
    address, _, port = text.partition(":")
    packed = b"".join(struct.pack("=I", int(address[at : at + 8], 16)) for at in range(0, len(address), 8))
    return _address(packed), int(port, 16)


@lru_cache(1024)
def _address(packed: bytes) -> str:
    if len(packed) == 4:
        return socket.inet_ntop(socket.AF_INET, packed)
    mapped = IPv6Address(packed).ipv4_mapped
    return str(mapped) if mapped else socket.inet_ntop(socket.AF_INET6, packed)


def same_network(pid: int, proc: Path = Path("/proc")) -> bool:
    """Is a process in our own network namespace?"""
    try:
        return os.readlink(proc / str(pid) / "ns" / "net") == os.readlink(proc / "self" / "ns" / "net")
    except OSError:
        return False
