"""Has the target's own interpreter ask the target to run a script (`sys.remote_exec`), or says why not."""

from __future__ import annotations

import shutil
import subprocess
from typing import Any

from profiler.attach.target import AttachError, Target, ptrace_scope

OLDEST = (3, 14)
NOTHING = "/dev/null"
"""A script that does nothing: it takes the place of one that has not been run yet."""
_SECONDS = 30.0
_PROGRAM = """
import sys
print("%d.%d" % sys.version_info[:2])
if hasattr(sys, "remote_exec"):
    pid, script, package = sys.argv[1:]
    if package:
        import compileall
        compileall.compile_dir(package, quiet=2)
    try:
        sys.remote_exec(int(pid), script)
    except Exception as error:
        print(type(error).__name__)
        print(" ".join(str(error).split()))
"""
"""For any Python 3. It compiles first, for the target would else do so while its loop waits."""
INSTEAD = "have the sweep start it (run:COMMAND), or its stacks taken from outside (py-spy)"


def run_there(target: Target, script: str, package: str = "") -> None:
    """The target will run ``script`` as soon as its main thread runs Python code; paths are of its root.

    Raises:
        AttachError: it will not.
    """
    argv = [target.python, "-I", "-S", "-c", _PROGRAM, str(target.pid_there), script, package]
    environment = {"LD_LIBRARY_PATH": target.libraries} if target.libraries else {}
    taken: dict[str, Any] = {"env": environment, "cwd": "/", "umask": 0o022}
    if target.elsewhere:
        nsenter = shutil.which("nsenter")
        if nsenter is None:
            raise AttachError(
                f"pid {target.pid} sees another root (a container's): that needs nsenter (util-linux)"
            )
        user = ["--setuid", str(target.uid), "--setgid", str(target.gid)] if target.its_user_runs_it else []
        entered = [nsenter, "--target", str(target.pid), "--mount", "--pid", "--root", "--wd", *user, "--"]
        argv = [*entered, *argv]
    elif target.its_user_runs_it:
        taken |= {"user": target.uid, "group": target.gid, "extra_groups": []}
    try:
        ended = subprocess.run(
            argv,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            stdin=subprocess.DEVNULL,
            **taken,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise AttachError(
            f"pid {target.pid}: its interpreter {target.python} does not start: {error}"
        ) from None
    said = ended.stdout.splitlines()
    if ended.returncode or not said:
        words = (ended.stderr.strip().splitlines() or ["without a word"])[-1]
        raise AttachError(f"pid {target.pid}: its interpreter {target.python} does not start: {words[:200]}")
    if why := refusal(target, said[0], *said[1:3]):
        raise AttachError(f"pid {target.pid} {why}")


def refusal(target: Target, version: str, error: str = "", words: str = "") -> str:
    """What follows "pid N", from the target's version and what its interpreter raised; empty: nothing."""
    if tuple(map(int, version.split("."))) < OLDEST:
        return f"runs Python {version}; one that runs already can be looked into from 3.14 on: {INSTEAD}"
    if not error:
        return ""
    text = words.lower()
    if error == "PermissionError" or "permission" in text or "not permitted" in text:
        scope = ptrace_scope()
        if scope and not target.elsewhere:
            return (
                f"may not be looked into: kernel.yama.ptrace_scope is {scope}; run this as root, set it to 0,"
                " or start the service by setpriv --ptracer any"
            )
        return "may not be looked into: run this as its user or as root (with the capability SYS_PTRACE)"
    if "not enabled in the remote" in text or "compiled in" in text:
        return (
            "does not let itself be looked into (PYTHON_DISABLE_REMOTE_DEBUG, -X disable-remote-debug or the"
            f" build): {INSTEAD}"
        )
    return f"cannot be looked into: {words or error}"
