"""The options of a question: how the service speaks, and what it is asked."""

from __future__ import annotations

from loadgen.engine.bounds import MOST_COUNT
from loadgen.engine.option_model import OptionModel, choice, count, many, number, switch, text
from loadgen.engine.options import NO_SEED
from loadgen.tasks.ask.dialects import DIALECTS, EMBEDDING_MODEL, LLM_MODEL, OPENAI_MODEL
from loadgen.tasks.ask.placeholder import LITERAL, PLACEHOLDER
from loadgen.tasks.ask.question_files import MOST_BYTES


class AskOptions(OptionModel):
    """What `AskTask` is made of."""

    dialect: str = choice(
        "--dialect",
        "ask",
        DIALECTS,
        "How the service speaks: the RAG API's own stream, or OpenAI chat completions",
    )
    path: str = text("--path", "Path of the endpoint [default: the dialect's own]")
    llm_model: str = text(
        "--llm-model", f"Model to ask for [default: {LLM_MODEL}; of dialect openai: {OPENAI_MODEL}]"
    )
    embedding_model: str = text(
        "--embedding-model", f"Embedding model to ask for (dialect ask) [default: {EMBEDDING_MODEL}]"
    )
    max_tokens: int = count(
        "--max-tokens",
        0,
        "Limit of an answer's length, for services that take one; 0: not sent",
        most=MOST_COUNT,
        kept=False,
    )
    field: tuple[str, ...] = many(
        "--field",
        "NAME=VALUE",
        f"A field of the request's body (JSON, else text); {PLACEHOLDER} in a text, at any depth of JSON, is "
        f"the question of each request ({LITERAL}: that word itself); repeatable [default: none]",
    )
    drop_field: tuple[str, ...] = many(
        "--drop-field",
        "NAME",
        "A field of the request's body to leave out, for services that refuse it, the question's own too "
        "(query, messages); repeatable [default: none]",
    )
    questions: str = text(
        "--questions",
        f"File of questions: lines, or JSONL, at most {MOST_BYTES // 10**6} MB [default: thousands about "
        "Python's library]",
        metavar="FILE",
    )
    question_seed: int = count(
        "--question-seed",
        NO_SEED,
        "Seed of the order of the questions, and of poisson arrivals; -1: another for each run, which "
        "cell.json has (of a sweep, its --seed)",
        least=NO_SEED,
        most=MOST_COUNT,
    )
    no_rag: bool = switch("--no-rag", "Ask without retrieval (dialect ask)")
    first_token_timeout_s: float = number(
        "--first-token-timeout", 0, "Seconds until the first token; 0: no limit of its own"
    )
    gap_timeout_s: float = number("--gap-timeout", 0, "Seconds between two tokens; 0: no limit of its own")
