"""Busy programs on demand, which are no children of the target: `python neighbours.py PORT`.

Whoever connects says ``<how many> <CPUs>``, and has them until it hangs up; none outlives `LIMIT_S`.
"""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import suppress

PORT_VARIABLE = "PLANT_NEIGHBOURS_PORT"
LIMIT_S = 120
MOST = 16
_BUSY = f"import time\nends = time.monotonic() + {LIMIT_S}\nwhile time.monotonic() < ends: sum(range(9999))"


async def _keep_busy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    started: list[asyncio.subprocess.Process] = []
    try:
        count, cpus = (await reader.readline()).split()
        wanted = {int(cpu) for cpu in cpus.split(b",")}
        for _ in range(min(MOST, int(count))):
            one = await asyncio.create_subprocess_exec(sys.executable, "-c", _BUSY)
            started.append(one)
            os.sched_setaffinity(one.pid, wanted)
        await reader.read()
    except (ValueError, OSError):
        pass  # somebody who only looked whether it is there
    finally:
        for one in started:
            with suppress(ProcessLookupError):
                one.kill()
        writer.close()


async def _serve(port: int) -> None:
    async with await asyncio.start_server(_keep_busy, "127.0.0.1", port) as server:
        await server.serve_forever()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(int(sys.argv[1])))
