"""Is the very function asked for among the 5 found, and does HNSW find what flat finds? Exit 1 if not.

python benchmarks/retrieval_quality.py [--json] [--questions 100] [--seed 1]
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from serving import FORMS, ask, function_names, server, setting, wait_ready

BOUND_PERCENT = 92.0
RECALL_BOUND = 0.95


def found_ids(port: int, questions: list[str]) -> list[list[str]]:
    return [
        [document["id"] for document in json.loads(answer)["documents"]]
        for answer in ask(port, "/ask", questions)
    ]


def percent(hits: list[bool]) -> float:
    return round(100 * sum(hits) / len(hits), 1)


def found(names: list[str], answers: list[list[str]]) -> list[bool]:
    """Of each name: is the object of that name among those that were found for it?"""
    return [name in {one.partition("#")[0] for one in ids} for name, ids in zip(names, answers, strict=True)]


def asked(questions: list[str]) -> tuple[list[list[str]], list[list[str]]]:
    """What HNSW finds for each, and what flat does."""
    common = {"USE_MOCK_LLM": "yes", "USE_MOCK_EMBEDDINGS": "no", "KNOWLEDGE_BASE_DIR": ""}
    with (
        server("target_app.app:app", {**common, "INDEX": "hnsw"}) as hnsw_port,
        server("target_app.app:app", {**common, "INDEX": "flat"}) as flat_port,
    ):
        wait_ready(hnsw_port)
        wait_ready(flat_port)
        if [setting(port, "INDEX") for port in (hnsw_port, flat_port)] != ["hnsw", "flat"]:
            raise SystemExit("INDEX is not in effect as asked")
        return found_ids(hnsw_port, questions), found_ids(flat_port, questions)


def measured(names: list[str]) -> dict[str, Any]:
    questions = [FORMS[number % len(FORMS)].format(name) for number, name in enumerate(names)]
    hnsw, flat = asked(questions)
    hits, pairs = found(names, hnsw), list(zip(hnsw, flat, strict=True))
    forms = [hits[first :: len(FORMS)] for first in range(len(FORMS))]
    return {
        "hit_percent": percent(hits),
        "bound_percent": BOUND_PERCENT,
        "hit_percent_by_form": {form: percent(of) for form, of in zip(FORMS, forms, strict=True) if of},
        "flat_hit_percent": percent(found(names, flat)),
        "equal_top5_percent": percent([set(a) == set(b) for a, b in pairs]),
        "recall_against_flat": round(sum(len(set(a) & set(b)) / len(b) for a, b in pairs) / len(names), 3),
        "missed": [question for question, hit in zip(questions, hits, strict=True) if not hit],
    }


def show(result: dict[str, Any], questions: int) -> None:
    print(
        f"hit@5: {result['hit_percent']} % of {questions} (bound {BOUND_PERCENT} %), "
        f"flat {result['flat_hit_percent']} %"
    )
    for form, share in result["hit_percent_by_form"].items():
        print(f"  {form.format('X'):24} {share} %")
    print(
        f"HNSW against flat: equal five {result['equal_top5_percent']} %, "
        f"recall {result['recall_against_flat']} (bound {RECALL_BOUND})"
    )
    print("missed:", "; ".join(result["missed"]) or "none")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--questions", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    names = function_names(arguments.questions, arguments.seed)
    result = {"seed": arguments.seed, **measured(names)}
    passed = result["hit_percent"] >= BOUND_PERCENT and result["recall_against_flat"] >= RECALL_BOUND
    if arguments.json:
        print(json.dumps({"passed": passed, **result}, indent=2))
    else:
        show(result, len(names))
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
