"""Options declared once, as fields of a pydantic model: flag, default, bounds, help and environment; what a
field is called is what it is kept as. Locust's parser gets its arguments from here, its web UI its form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo

from loadgen.engine.bounds import MOST_SECONDS, Bounds, check_number
from records.errors import UsageError
from records.secrets.secret_names import is_utf8


@dataclass(frozen=True, kw_only=True)
class Option:
    """How a field is given: as a number (``bounds``), one of ``choices``, a ``switch``, ``many`` texts, or a
    text."""

    flag: str
    help: str
    bounds: Bounds | None = None
    choices: tuple[str, ...] = ()
    switch: bool = False
    many: bool = False
    metavar: str | None = None
    environment: str = ""
    """Where it may come from, too."""
    kept: bool = False
    """As it is, with what was requested."""
    private: bool = False
    """It may hold a secret: it is shown and kept nowhere."""
    names: bool = False
    """It names something in records and reports: no character in it acts on a terminal, or ends a line."""
    hidden: bool = False
    """No user gives it: it is in no help and no form."""

    @property
    def name(self) -> str:
        """Of its value, as it was parsed."""
        return attribute(self.flag)

    def checked(self, value: Any) -> Any:
        """A value as it was parsed, or came from the web UI's form, which knows no bounds. Or UsageError."""
        if self.bounds is not None:
            check_number(self.flag, value, self.bounds)
            return self.bounds[0](value)
        if self.choices and value not in self.choices:
            raise UsageError(f"{self.flag} is one of {', '.join(self.choices)}, not {value!r}")
        if self.many:
            return tuple(value)
        if not self.switch and not is_utf8(value):
            raise UsageError(f"{self.flag} is to be UTF-8")
        if self.names and not value.isprintable():
            raise UsageError(f"{self.flag} is to be one line without control characters, not {value!r}")
        return value

    def texts(self, value: Any) -> list[str]:
        """What of it is written somewhere as the user wrote it."""
        if self.private or self.bounds or self.choices or self.switch:
            return []
        return list(value) if self.many else [value]


class OptionModel(BaseModel):
    """A group of options with the values that were given. Fields without an `Option` are no options."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    @classmethod
    def options(cls) -> Iterator[tuple[str, FieldInfo, Option]]:
        """(field's name, field, option), in the order in which they are declared."""
        for name, field in cls.model_fields.items():
            extra = field.json_schema_extra
            if isinstance(extra, dict) and isinstance(option := extra.get("option"), Option):
                yield name, field, option

    @classmethod
    def values_of(cls, given: Any) -> dict[str, Any]:
        """Checked values by field, of parsed options. Raises UsageError."""
        return {name: option.checked(getattr(given, option.name)) for name, _, option in cls.options()}

    @classmethod
    def of(cls, given: Any) -> Self:
        """Raises UsageError for a value out of bounds."""
        return cls(**cls.values_of(given))

    @classmethod
    def given(cls, options: Any) -> dict[str, Any]:
        """By field, what the parsed options say, unchecked."""
        return {name: getattr(options, option.name) for name, _, option in cls.options()}

    def kept(self) -> dict[str, Any]:
        """What of them is kept as it is, by name."""
        return {name: getattr(self, name) for name, _, option in self.options() if option.kept}

    def texts(self) -> dict[str, list[str]]:
        """By flag, what a user wrote that is written somewhere: no secret may be in it."""
        return {option.flag: option.texts(getattr(self, name)) for name, _, option in self.options()}


def attribute(flag: str) -> str:
    return flag.removeprefix("--").replace("-", "_")


def _field(default: Any, option: Option, **more: Any) -> Any:
    return Field(default, description=option.help, json_schema_extra={"option": option}, **more)  # type: ignore[dict-item]


def number(
    flag: str, default: float, text: str, *, least: float = 0, most: float = MOST_SECONDS, kept: bool = True
) -> Any:
    """A field of seconds, requests a second: a float."""
    option = Option(flag=flag, help=text, bounds=(float, least, most), kept=kept)
    return _field(float(default), option, ge=least, le=most)


def count(
    flag: str,
    default: int,
    text: str,
    *,
    least: int = 0,
    most: float = MOST_SECONDS,
    kept: bool = True,
    hidden: bool = False,
) -> Any:
    """A field of what is counted: an integer."""
    option = Option(flag=flag, help=text, bounds=(int, least, most), kept=kept, hidden=hidden)
    return _field(default, option, ge=least, le=most)


def choice(flag: str, default: str, choices: tuple[str, ...], text: str, *, kept: bool = True) -> Any:
    return _field(default, Option(flag=flag, help=text, choices=choices, kept=kept))


def text(
    flag: str,
    text: str,
    *,
    metavar: str | None = None,
    environment: str = "",
    kept: bool = False,
    names: bool = False,
    hidden: bool = False,
) -> Any:
    """A field of a text, empty where it is not given."""
    option = Option(
        flag=flag, help=text, metavar=metavar, environment=environment, kept=kept, names=names, hidden=hidden
    )
    return _field("", option)


def many(flag: str, metavar: str, text: str, *, private: bool = False) -> Any:
    """A field of texts, given one at a time. The web UI has no way to give them."""
    return _field(
        (), Option(flag=flag, help=text, metavar=metavar, many=True, private=private), repr=not private
    )


def switch(flag: str, text: str, *, kept: bool = False) -> Any:
    return _field(False, Option(flag=flag, help=text, switch=True, kept=kept))
