"""Pressure, TCP and disks of the machine, from files of the test's own."""

import subprocess
from pathlib import Path

import psutil
import pytest

from profiler.sampling import kernel


def test_pressure_is_in_seconds_and_null_where_it_is_not_told(tmp_path: Path) -> None:
    assert kernel.of_machine(tmp_path) is None
    folder = tmp_path / "proc" / "pressure"
    folder.mkdir(parents=True)
    (folder / "cpu").write_text("some avg10=96.33 avg60=8.00 avg300=4.00 total=19415940235\n")
    (folder / "memory").write_text("some avg10=0.00 total=5\nfull avg10=0.00 total=1500000\nodd\n")
    assert kernel.of_machine(tmp_path) == {
        "cpu": {"some_seconds": 19415.940235, "full_seconds": None},
        "memory": {"some_seconds": 0.000005, "full_seconds": 1.5},
        "io": None,
    }


def test_counts_of_tcp_are_found_by_their_titles(tmp_path: Path) -> None:
    net = tmp_path / "7" / "net"
    net.mkdir(parents=True)
    assert kernel.tcp(7, tmp_path) is None
    (net / "snmp").write_text("Ip: A B\nIp: 1 2\nTcp: RtoMin ActiveOpens Odd\nTcp: 200 31 -1\n")
    (net / "netstat").write_text("TcpExt: ListenOverflows ListenDrops\nTcpExt: 4 5\n")
    found = kernel.tcp(7, tmp_path)
    assert found
    told = {name: value for name, value in found.items() if value is not None}
    assert told == {"connects": 31, "listen_overflows": 4, "listen_drops": 5}


@pytest.mark.parametrize("text", ["", "\n", "some\n", "some total=\n", "some total=many\n"])
def test_odd_pressure_is_null(text: str, tmp_path: Path) -> None:
    file = tmp_path / "cpu.pressure"
    file.write_text(text)
    assert kernel.pressure(lambda resource: tmp_path / f"{resource}.pressure") is None


def test_bytes_of_disks_are_those_of_whole_ones(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "sys" / "block" / "vda").mkdir(parents=True)
    assert kernel.disk_bytes(tmp_path) is None
    lines = [
        f" 253 {n} {name} 7 0 {100 + n} 3 5 0 {200 + n} 8 0 9 9\n" for n, name in enumerate(("vda", "vda1"))
    ]
    (tmp_path / "proc" / "diskstats").write_text("".join(lines))
    assert kernel.disk_bytes(tmp_path) == (51_200, 102_400)


@pytest.mark.skipif(kernel.disk_bytes() is None, reason="no disk, or no Linux")
def test_bytes_are_those_that_psutil_says() -> None:
    def told() -> list[int]:
        disk, network = psutil.disk_io_counters(nowrap=False), psutil.net_io_counters(nowrap=False)
        return [disk.read_bytes, disk.write_bytes, network.bytes_sent, network.bytes_recv]

    before, disk, network, after = told(), kernel.disk_bytes(), kernel.network_bytes(), told()
    assert disk
    assert network
    assert all(a <= b <= c for a, b, c in zip(before, (*disk, *network), after, strict=True))


def test_a_share_of_all_cpus_is_that_of_psutil(monkeypatch: pytest.MonkeyPatch) -> None:
    first = psutil.cpu_times()
    names = first._fields
    more = {name: 1.0 + place for place, name in enumerate(names)} | {names[1]: -5.0}
    second = first._replace(**{name: getattr(first, name) + more[name] for name in names})
    times = iter((first, second))
    monkeypatch.setattr(psutil, "cpu_times", lambda *_: next(times))
    monkeypatch.setattr(psutil, "_last_cpu_times", {})
    assert kernel.cpu_percent(first, second) == psutil.cpu_percent(None) > 0
    assert kernel.cpu_percent(first, first) == 0


@pytest.mark.skipif(kernel.newest_pid() is None, reason="no Linux")
def test_the_newest_number_is_another_once_a_process_is_born() -> None:
    before = kernel.newest_pid()
    subprocess.run(["true"], check=True)
    assert kernel.newest_pid() != before
