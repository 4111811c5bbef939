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


ASK = os.environ.get("DIALECT") == "ask"
PATH = "/ask/stream" if ASK else "/v1/chat/completions"


def body(question: str) -> dict[str, Any]:
    if ASK:
        return {"query": question, "embedding_model": "a:b", "llm_model": "a:b", "prompt": "x"}
    return {"model": "bench", "stream": True, "messages": [{"role": "user", "content": question}]}


def is_token(event: dict[str, Any]) -> bool:
    if ASK:
        return event["type"] == "token" and bool(event["content"])
    return bool(event["choices"] and event["choices"][0]["delta"].get("content"))


class NaiveUser(FastHttpUser):  # type: ignore[misc]
    """Reads the stream line by line and stamps a token when its line comes out."""

    @task  # type: ignore[untyped-decorator]
    def ask(self) -> None:
        question = f"q{next(QUESTIONS)}"
        began, stamps = time.monotonic(), []
        for line in self.client.iter_lines(PATH, method="POST", json=body(question)):
            if line.startswith("data: ") and line != "data: [DONE]" and is_token(json.loads(line[6:])):
                stamps.append(time.monotonic())
        if stamps:
            gaps = [(b - a) * 1e3 for a, b in itertools.pairwise(stamps)]
            SEEN.append({"question": question, "ttft_ms": (stamps[0] - began) * 1e3, "gaps_ms": gaps})


@events.quit.add_listener  # type: ignore[untyped-decorator]
def write(**_: Any) -> None:
    with open(os.environ["SEEN"], "w", encoding="utf-8") as file:
        file.writelines(json.dumps(one) + "\n" for one in SEEN)
