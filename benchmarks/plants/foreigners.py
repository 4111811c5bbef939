"""What is planted in an app that is not ours (`plants.foreign`)."""

from __future__ import annotations

from collections.abc import Sequence

from plants.case import FOREIGN_APP, Case, Side, Variant

OPENAI = ("--dialect", "openai", "--llm-model", "mock")


def _foreign(wrong: str, amount: float, *, fewer: bool = False) -> Side:
    def side(dose: float) -> Variant:
        much = max(1, round(amount / dose)) if fewer else amount * dose
        return Variant(settings={"FOREIGN": wrong, "FOREIGN_AMOUNT": f"{much:g}"})

    return side


OF_A_FOREIGN_APP: Sequence[Case] = tuple(
    Case(
        name=f"foreign-{name}",
        right=(right,),
        planted=planted,
        app=FOREIGN_APP,
        locust=OPENAI,
        mending="work" if name == "client-per-request" else "waits",
    )
    for name, right, planted in (
        ("blocking-call", ("event-loop-blocked",), _foreign("blocking", 50)),
        ("lock", ("stage-serialised",), _foreign("lock", 100)),
        ("http-pool-4", ("connection-pool-exhausted",), _foreign("pool", 4, fewer=True)),
        ("client-per-request", ("client-per-request",), _foreign("client", 1)),
        ("default-executor", ("default-executor-exhausted",), _foreign("executor", 500)),
    )
)
