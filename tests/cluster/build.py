"""Builds kube-apiserver, kube-controller-manager and kube-scheduler 1.20 from Debian's source package.

`python tests/cluster/build.py` puts them, and Debian's etcd, into a cache folder, where they stay. Nothing is
installed: Debian's packages of Go, etcd and rsync are unpacked there. Ten minutes on two free cores, 40
on busy ones; 3 GB. What is left half-built is gone on with.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

BUILT = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
PACKAGES = ("golang-1.19-go", "golang-1.19-src", "etcd-server", "rsync", "libpopt0")
NEEDED = ("apt-get", "dpkg-deb", "dpkg-source", "make", "patch", "gcc")
SUITE = "bookworm"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


def cache() -> Path:
    """Where all of it lies."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "chokepoint" / "cluster"


def binaries() -> dict[str, Path]:
    """By name; they are there once this was run."""
    return {name: cache() / "bin" / name for name in ("etcd", *BUILT)}


def build() -> None:
    """Do what is not done yet. Raises SystemExit, in one line, for what is missing."""
    if all(path.exists() for path in binaries().values()):
        return
    if missing := [name for name in NEEDED if shutil.which(name) is None]:
        raise SystemExit(f"error: {', '.join(missing)} needed; this is built on Debian 12 alone")
    folder = cache()
    for part in ("apt/lists/partial", "debs", "tools", "bin"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    apt = _apt(folder)
    _run([*apt, "update"], folder)
    if not (folder / "tools/usr/bin/etcd").exists():
        _run([*apt, "download", *PACKAGES], folder / "debs")
        for deb in sorted((folder / "debs").glob("*.deb")):
            _run(["dpkg-deb", "-x", str(deb), "tools"], folder)
    if not list(folder.glob("kubernetes-1*/Makefile")):
        _run([*apt, "source", "kubernetes"], folder)
    [source] = folder.glob("kubernetes-1*/")
    _make(folder, source)
    for name in BUILT:
        _put(source / "_output/bin" / name, folder / "bin" / name)
    _put(folder / "tools/usr/bin/etcd", folder / "bin/etcd")


def _apt(folder: Path) -> list[str]:
    """apt-get with lists of its own, so that the system's stay as they are, with sources among them."""
    sources = folder / "apt/sources.list"
    signed = f"[signed-by={KEYRING}] {_mirror()} {SUITE} main\n"
    sources.write_text(f"deb {signed}deb-src {signed}")
    options = {
        "Dir::Etc::SourceList": sources, "Dir::Etc::SourceParts": "-",
        "Dir::State::Lists": folder / "apt/lists", "Dir::Cache::pkgcache": "", "Dir::Cache::srcpkgcache": "",
        "APT::Sandbox::User": "",
    }  # fmt: skip
    return [
        "apt-get",
        "--quiet=2",
        *(word for name, to in options.items() for word in ("-o", f"{name}={to}")),
    ]


def _mirror() -> str:
    """Where this machine has the release from. Raises SystemExit where it has it from nowhere."""
    asked = ["apt-get", "indextargets", "--format", "$(SITE)", f"Codename: {SUITE}", "Component: main"]
    sites = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=60).stdout.split()
    if not sites:
        raise SystemExit(
            f"error: apt's sources name no mirror of Debian's {SUITE}; this is built on Debian 12 alone"
        )
    return sites[0]


def _make(folder: Path, source: Path) -> None:
    """As its debian/rules have it: in a GOPATH, without modules and without C."""
    gopath = source / ".go"
    link = gopath / "src/k8s.io/kubernetes"
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to("../../..")
    tools = folder / "tools/usr"
    goroot = tools / "lib/go-1.19"
    environment = {
        **os.environ,
        "GOROOT": str(goroot),
        "GOPATH": str(gopath),
        "GO111MODULE": "off",
        "CGO_ENABLED": "0",
        "GOLDFLAGS": "-s -w",  # nobody debugs them
        "PATH": os.pathsep.join(
            [str(goroot / "bin"), str(tools / "bin"), os.environ.get("PATH", os.defpath)]
        ),
        "LD_LIBRARY_PATH": str(tools / "lib/x86_64-linux-gnu"),  # rsync's libpopt
    }
    what = " ".join(f"cmd/{name}" for name in BUILT)
    _run(["make", f"WHAT={what}"], source, environment)


def _put(built: Path, to: Path) -> None:
    """Whole or not at all: what is there is not built again."""
    half = to.with_suffix(".part")
    shutil.copy2(built, half)
    half.rename(to)


def _run(words: list[str], folder: Path, environment: dict[str, str] | None = None) -> None:
    print("+", *words[:1], words[-1], file=sys.stderr, flush=True)
    done = subprocess.run(words, cwd=folder, env=environment, check=False)
    if done.returncode:
        raise SystemExit(f"error: {words[0]} ended with {done.returncode} in {folder}")


if __name__ == "__main__":
    build()
