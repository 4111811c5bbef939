"""Every setting of the target, read once from the environment; nothing else reads the environment."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit, urlunsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from target_app.factories import check_factory

USAGE_EXIT_CODE = 2
TRUE_WORDS = frozenset({"yes", "true", "t", "y", "1"})
FALSE_WORDS = frozenset({"no", "false", "f", "n", "0", ""})


def _parse_flag(value: object) -> object:
    """yes/true/t/y/1 as in the original; what is neither that nor its opposite is refused, not guessed."""
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in TRUE_WORDS:
        return True
    if word in FALSE_WORDS:
        return False
    raise ValueError("say yes or no (yes, true, t, y, 1 or no, false, f, n, 0)")


def _empty_is_unset(value: object) -> object:
    return None if value == "" else value


Flag = Annotated[bool, BeforeValidator(_parse_flag)]
OptionalCount = Annotated[Annotated[int, Field(ge=1, le=1024)] | None, BeforeValidator(_empty_is_unset)]
OptionalPath = Annotated[Path | None, BeforeValidator(_empty_is_unset)]
Factory = Annotated[str, AfterValidator(check_factory)]
"""`package.module:factory`; it is imported as soon as it is named, and refused if it cannot be."""


_NO_SETTINGS = frozenset({"pod_name", "xdg_cache_home"})
"""What is not the same in each process that has the same settings, or says where another lies."""


class Settings(BaseSettings):
    """What is in effect in this process. The field's name in capitals is the environment variable's."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", case_sensitive=False)

    # The switches: the healthy value is the default, the others plant a bottleneck of the original.
    retrieval: Literal["async", "threaded", "blocking", "langchain"] = "async"
    retrieval_threads: int = Field(default=4, ge=1, le=256)
    index: Literal["hnsw", "flat"] = "hnsw"
    search_executor: Literal["loop", "pool"] = "loop"
    """Where `RETRIEVAL=async` searches; the default index takes 0.1 ms, no more than a hop to a pool."""
    embedding_concurrency: int = Field(default=0, ge=0, le=256)
    """Embedding calls that may run at once; 0: one batch (`async`), as many as threads (`threaded`)."""
    embedding_batch_ms: float = Field(default=2.0, ge=0, le=1000)
    """How long the first question of a batch waits for company, in milliseconds."""
    torch_threads: OptionalCount = None
    default_executor_threads: OptionalCount = None
    """Of the event loop's own executor; unset: Python's own number, by the CPUs that it counts."""
    model_loading: Literal["eager", "lazy", "per-request"] = "eager"
    llm_client: Literal["async", "threaded", "blocking", "langchain"] = "async"
    preprocessing: Literal["offloaded", "inline"] = "offloaded"
    use_mock_embeddings: Flag = False
    use_mock_llm: Flag = False
    max_inflight: int = Field(default=0, ge=0)
    partial_answer: Flag = False
    """Send the answer so far with every token, as the original does (bytes grow with its square)."""

    # What the pipeline works on.
    embedding_model: str = ""
    """A sentence-transformers name or path; empty: the embedded all-MiniLM-L6-v2."""
    knowledge_base_dir: OptionalPath = None
    cache_dir: OptionalPath = None
    xdg_cache_home: OptionalPath = None

    # LangChain's parts, where RETRIEVAL or LLM_CLIENT says `langchain`.
    langchain_store: Factory = ""
    """Called as `VectorStore.from_documents` is: (documents, embeddings); empty: FAISS."""
    langchain_model: Factory = ""
    """Gives a chat model; empty: `ChatOpenAI` under the settings of the LLM."""
    langchain_callbacks: Factory = ""
    """Gives a callback handler, or a list of them; empty: none."""

    # The dial (`target_app.dial`).
    dial_seconds: float = Field(default=0.0, ge=0, le=60)
    """How long one stage is slowed before it is another's turn; 0: none ever is."""
    dial_seed: int = Field(default=0, ge=0)
    dial_dir: OptionalPath = None
    """Where it is written when which one was."""

    pod_name: str = Field(default="", pattern=r"^[A-Za-z0-9.-]{0,253}$")
    """Named in the header ``x-pod`` of each answer, where it is set: the downward API knows it."""

    # The LLM.
    openai_base_url: str = "http://127.0.0.1:8002/v1"
    openai_api_key: SecretStr = SecretStr("")
    llm_model: str = "gpt-4o-mini"
    llm_timeout_s: float = Field(default=60.0, gt=0, le=3600)

    @property
    def configuration(self) -> str:
        """The original's name for which mocks are on."""
        names = {
            (False, False): "baseline",
            (True, False): "mock-embeddings",
            (False, True): "mock-llm",
            (True, True): "mock-both",
        }
        return names[self.use_mock_embeddings, self.use_mock_llm]

    @property
    def cache_path(self) -> Path:
        """Where built indexes are kept."""
        if self.cache_dir is not None:
            return self.cache_dir
        return (self.xdg_cache_home or Path.home() / ".cache") / "chokepoint"

    def public(self) -> dict[str, str | int | float | bool | None]:
        """Settings in effect, secrets left out, as JSON scalars under their environment names."""
        found: dict[str, str | int | float | bool | None] = {}
        for name, value in self.model_dump().items():
            if isinstance(value, SecretStr) or name in _NO_SETTINGS:
                continue
            found[name.upper()] = str(value) if isinstance(value, Path) else value
        found["OPENAI_BASE_URL"] = without_credentials(self.openai_base_url)
        found["CACHE_DIR"] = str(self.cache_path)
        return found


def names() -> set[str]:
    """The environment names of all that `Settings.public` says."""
    secret = {name for name, field in Settings.model_fields.items() if field.annotation is SecretStr}
    return {name.upper() for name in Settings.model_fields.keys() - secret - _NO_SETTINGS}


def without_credentials(url: str) -> str:
    """The address without user, password and query: none of them belongs in a record."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment=""))


def explain(error: ValidationError) -> str:
    """All that is wrong with the environment, on one line."""
    told = []
    for problem in error.errors(include_url=False):
        name = str(problem["loc"][0]).upper() if problem["loc"] else "settings"
        given: Any = problem.get("input")
        shown = "" if name == "OPENAI_API_KEY" else f"={given}"
        told.append(f"{name}{shown}: {problem['msg'].removeprefix('Value error, ')}")
    return "; ".join(told)


def die(message: str) -> SystemExit:
    """One clear line on standard error; raise what is returned."""
    print(f"target_app: {message}", file=sys.stderr, flush=True)
    return SystemExit(USAGE_EXIT_CODE)


def load_settings() -> Settings:
    """Read the environment; a wrong value ends the process with exit code 2 and one line.

    Raises:
        SystemExit: a value is not one of those allowed.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise die(explain(error)) from None
