"""The scenario's own options, declared for locust's parser; `loadgen.settings` checks what was given."""

from __future__ import annotations

import argparse
from typing import Any

from loadgen.arrivals import ARRIVALS
from loadgen.client.dialects import DIALECTS
from loadgen.question_files import MOST_BYTES
from loadgen.usage import MOST_AT_ONCE, MOST_COUNT, MOST_SECONDS, Bounds, choice, number
from reach.key import KEY_VARIABLE
from reach.options import OPTIONS

REGION_VARIABLE = "REGION"

NUMBERS: dict[str, Bounds] = {
    "--think-time": (float, 0, MOST_SECONDS),
    "--rate": (float, 0, MOST_AT_ONCE),
    "--max-inflight": (int, 1, MOST_AT_ONCE),
    "--max-tokens": (int, 0, MOST_COUNT),
    "--question-seed": (int, 0, MOST_COUNT),
    "--request-timeout": (float, 0.001, MOST_SECONDS),
    "--connect-timeout": (float, 0, MOST_SECONDS),
    "--first-token-timeout": (float, 0, MOST_SECONDS),
    "--gap-timeout": (float, 0, MOST_SECONDS),
    "--warmup-requests": (int, 0, MOST_COUNT),
    "--requests": (int, 0, MOST_COUNT),
    "--min-seconds": (float, 0, MOST_SECONDS),
    "--drain-seconds": (float, 0, MOST_SECONDS),
}
"""For the command line, and for the web UI's form, which knows nothing of it."""
TEXTS = (
    *("--path", "--llm-model", "--embedding-model", "--questions"),
    *("--results", "--run-name", "--cell-name", "--region"),
    *(option.flag for option in OPTIONS if option.metavar),
)


def add_arguments(parser: Any) -> None:
    """Declare the options on locust's parser (directly: group arguments never reach the web UI)."""

    def numeric(name: str, default: float, text: str) -> None:
        bounds = NUMBERS[name]
        parser.add_argument(name, type=number(name, *bounds), default=bounds[0](default), help=text)

    parser.set_defaults(web_host="127.0.0.1")  # locust's own default is every interface, without a password
    numeric("--think-time", 0, "Seconds a user waits between its requests")
    parser.add_argument(
        "--arrival",
        type=choice("--arrival", ARRIVALS),
        choices=ARRIVALS,
        default="closed",
        help="closed: each user asks when its answer has come; constant, poisson: --rate requests a second "
        "are due whether answers come or not, whatever the number of users",
    )
    numeric("--rate", 0, "Requests a second of an open loop, over all workers")
    numeric("--max-inflight", 1000, "Open loop: past so many at a time, what is due is dropped")
    parser.add_argument(
        "--dialect",
        type=choice("--dialect", DIALECTS),
        choices=DIALECTS,
        default="ask",
        help="How the service speaks: the RAG API's own stream, or OpenAI chat completions",
    )
    parser.add_argument("--path", default="", help="Path of the endpoint, if not the dialect's own")
    hidden = {"action": "append", "metavar": "NAME=VALUE", "include_in_web_ui": False}
    parser.add_argument(
        "--header",
        default=[],
        **hidden,
        help=f"A header of each request; repeatable. A key is better given as {KEY_VARIABLE}",
    )
    parser.add_argument("--llm-model", default="", help="Model to ask for")
    parser.add_argument("--embedding-model", default="", help="Embedding model to ask for (dialect ask)")
    numeric("--max-tokens", 0, "Limit of an answer's length, for services that take one; 0: not sent")
    parser.add_argument(
        "--field", default=[], **hidden, help="A field of the request's body (JSON, else text); repeatable"
    )
    parser.add_argument(
        "--drop-field",
        **hidden | {"metavar": "NAME"},
        default=[],
        help="A field of the request's body to leave out, for services that refuse it; repeatable",
    )
    parser.add_argument(
        "--questions",
        default="",
        help=f"File of questions: lines, or JSONL, at most {MOST_BYTES // 10**6} MB; without one, thousands "
        "about Python's library",
    )
    numeric("--question-seed", 0, "Seed of the order of the questions")
    parser.add_argument("--no-rag", action="store_true", help="Ask without retrieval (dialect ask)")
    parser.add_argument(
        "--results",
        default="",
        metavar="DIR",
        help="Write each request as a record, and a verdict, into this new or empty folder",
    )
    for option in OPTIONS:
        kind: dict[str, Any] = {"default": "", "metavar": option.metavar}
        parser.add_argument(
            option.flag, **kind if option.metavar else {"action": "store_true"}, help=option.text
        )
    numeric("--request-timeout", 60, "Seconds a whole request may take")
    numeric("--connect-timeout", 10, "Seconds until a connection is made; 0: --request-timeout")
    numeric("--first-token-timeout", 0, "Seconds until the first token; 0: no limit of its own")
    numeric("--gap-timeout", 0, "Seconds between two tokens; 0: no limit of its own")
    numeric("--warmup-requests", 5, "Requests before measuring begins (at least one a user)")
    numeric("--requests", 0, "Stop once so many measured requests have ended; 0: no limit")
    numeric("--min-seconds", 3, "Measure for at least so long before --requests stops the run")
    numeric("--drain-seconds", 10, "How long requests in flight at the end may take to finish")
    parser.add_argument("--run-name", default="", help="Name of the run, in the records")
    parser.add_argument("--cell-name", default="", help="Name of the cell, in the records")
    # A sweep's: what the cell is called and to be, a `records.cell_spec` as JSON.
    parser.add_argument("--cell-spec", default="", include_in_web_ui=False, help=argparse.SUPPRESS)
    parser.add_argument(
        "--region", default="", env_var=REGION_VARIABLE, help="Where this load worker stands, in the records"
    )
