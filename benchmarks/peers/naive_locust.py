"""What a Locust user writes first: FastHttpUser, `iter_lines`, `json.loads`. A locustfile, a peer of ours."""

from __future__ import annotations

import itertools
import json
import os
import time
from typing import Any

from locust import FastHttpUser, events, task

QUESTIONS = iter(range(10**9))
SEEN: list[dict[str, Any]] = []


class NaiveUser(FastHttpUser):  # type: ignore[misc]
    """Reads the stream line by line and stamps a token when its line comes out."""

    @task  # type: ignore[untyped-decorator]
    def ask(self) -> None:
        question = f"q{next(QUESTIONS)}"
        body = {"model": "bench", "stream": True, "messages": [{"role": "user", "content": question}]}
        began, stamps = time.monotonic(), []
        lines = self.client.iter_lines("/v1/chat/completions", method="POST", json=body)
        for line in lines:
            if not line.startswith("data: ") or line == "data: [DONE]":
                continue
            choices = json.loads(line[6:])["choices"]
            if choices and choices[0]["delta"].get("content"):
                stamps.append(time.monotonic())
        if stamps:
            gaps = [(b - a) * 1e3 for a, b in itertools.pairwise(stamps)]
            SEEN.append({"question": question, "ttft_ms": (stamps[0] - began) * 1e3, "gaps_ms": gaps})


@events.quit.add_listener  # type: ignore[untyped-decorator]
def write(**_: Any) -> None:
    with open(os.environ["SEEN"], "w", encoding="utf-8") as file:
        file.writelines(json.dumps(one) + "\n" for one in SEEN)
