"""``python -m loadgen.adapter.check_options FILE``: what options a scenario has, and whether values fit them.

Standard input is a JSON list of command lines, each a list of words. It ends with 0, or at the first command
line that the load would refuse with one line and 2. Then a JSON object is printed: ``options``, locust's own
among them, and ``warnings``, of which the load would warn when it starts, each once. No service is asked.
Imports locust.
"""

from __future__ import annotations

import sys
from argparse import Action
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson

from loadgen.adapter.sources import of_files
from loadgen.adapter.user import loaded_models, loaded_scenario  # first: locust patches the process

from locust.argument_parser import get_parser  # isort: skip
from locust.util.load_locustfile import load_locustfile  # isort: skip

from loadgen.engine.option_model import OptionModel
from loadgen.engine.settings import Scenario, check_files, settings, task_of
from loadgen.engine.terminal import refuse
from reach.options import OPTIONS
from records.errors import UsageError
from records.secrets.secret_names import shown


def main(file: str) -> None:
    """Ends the process with 2 where the file is no scenario, or a command line would be refused."""
    scenario = _scenario(Path(file))
    sys.argv = sys.argv[:1]  # which the parser's listeners look at
    parser = get_parser()
    factors = set(_with_value(loaded_models()))
    options, warnings = list(_described(parser._actions, factors)), dict[str, None]()
    try:
        for words in orjson.loads(sys.stdin.buffer.read()):
            warnings |= dict.fromkeys(_warnings(scenario, *parser.parse_known_args(words)))
    finally:  # who is refused is told of the options all the same
        print(orjson.dumps({"options": options, "warnings": list(warnings)}).decode(), flush=True)


def _warnings(scenario: Scenario, given: Any, unknown: Sequence[str]) -> Sequence[str]:
    """Of a command line, as it was parsed and what was not; one that is refused ends the process."""
    if stray := [*unknown, *given.user_classes]:  # locust takes a word by itself for a user's name
        refuse(f"neither it nor locust has an option {_named(stray)}")
    for file, flags in of_files().items():
        refuse(f"{file} would change each load, and no plan shows that: write {', '.join(flags)} after --")
    try:
        wanted = settings(given)
        task = task_of(scenario, given, wanted)
        check_files(wanted, task)
    except UsageError as error:
        refuse(str(error))
    return task.warnings()


def _scenario(path: Path) -> Scenario:
    try:
        _, shapes = load_locustfile(str(path))
    except Exception as error:  # it is anybody's code
        said = " ".join(str(error).split())
        refuse(f"{path.name} cannot be loaded: {type(error).__name__}{': ' if said else ''}{said}")
    scenario = loaded_scenario()
    if scenario is None or shapes:
        refuse(f"{path.name} is no scenario: it is a shape" if shapes else f"{path.name} is no scenario")
    assert scenario is not None
    return scenario


def _described(actions: Iterable[Action], factors: set[str]) -> Iterator[dict[str, Any]]:
    """Every option, so that whoever hands words on to a load can read them as its own parser does."""
    for action in actions:
        if action.option_strings:
            yield {
                "flags": list(action.option_strings),
                "name": action.dest,
                "nargs": action.nargs,
                "many": "Append" in type(action).__name__,  # argparse's own class for it is private
                "metavar": action.metavar if isinstance(action.metavar, str) else "",
                "factor": not factors.isdisjoint(action.option_strings),
            }


def _with_value(models: Sequence[type[OptionModel]]) -> Iterator[str]:
    """The flags of the scenario and its load to which a user may give a value."""
    for model in models:
        for _, _, option in model.options():
            if not (option.switch or option.hidden):
                yield option.flag
    yield from (option.flag for option in OPTIONS if option.metavar)


def _named(words: Sequence[str]) -> str:
    """The options among them; a value may be a secret, and is not shown."""
    flags = [word.partition("=")[0] for word in words if word.startswith("-")]
    return ", ".join(map(shown, flags)) or "for a word that follows none"


if __name__ == "__main__":
    main(sys.argv[1])
