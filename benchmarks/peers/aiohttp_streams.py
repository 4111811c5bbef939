"""Bare aiohttp, as a careful client would use it: lines as they come, each event decoded. A peer of ours.

python benchmarks/peers/aiohttp_streams.py BASE_URL CONNECTIONS SECONDS
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import sys
import time
from typing import Any

import aiohttp

QUESTIONS = itertools.count()


async def user(session: aiohttp.ClientSession, url: str, ends: float, seen: list[dict[str, Any]]) -> None:
    while time.monotonic() < ends:
        question = f"q{next(QUESTIONS)}"
        body = {"model": "bench", "stream": True, "messages": [{"role": "user", "content": question}]}
        began, stamps = time.monotonic(), []
        async with session.post(f"{url}/v1/chat/completions", json=body) as response:
            async for line in response.content:
                if not line.startswith(b"data: ") or line.startswith(b"data: [DONE]"):
                    continue
                choices = json.loads(line[6:])["choices"]
                if choices and choices[0]["delta"].get("content"):
                    stamps.append(time.monotonic())
        gaps = [(b - a) * 1e3 for a, b in itertools.pairwise(stamps)]
        seen.append({"question": question, "ttft_ms": (stamps[0] - began) * 1e3, "gaps_ms": gaps})


async def main(url: str, connections: int, seconds: float) -> None:
    seen: list[dict[str, Any]] = []
    ends = time.monotonic() + seconds
    connector = aiohttp.TCPConnector(limit=connections)
    async with aiohttp.ClientSession(connector=connector) as session:
        await asyncio.gather(*(user(session, url, ends, seen) for _ in range(connections)))
    with open(os.environ["SEEN"], "w", encoding="utf-8") as file:
        file.writelines(json.dumps(one) + "\n" for one in seen)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
