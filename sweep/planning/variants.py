"""``--config`` and ``--set``: variants and their settings, from what was said or kept, or refused. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

from records.secrets.secret_names import is_secret, shown
from records.services.served import AS_IS
from records.services.variants import BASELINE, MOCKS, Variant
from sweep.running.errors import UsageError, check_base_url

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,80}")
_SETTING = re.compile(r"[A-Z][A-Z0-9_]*")
NEXT_SETTING = re.compile(r",(?=[A-Z][A-Z0-9_]*=)")
"""A comma that a setting follows; any other one belongs to a value."""
_ALIKE = 0.85
"""Past this, by difflib's ratio, a name is another one misspelled: a letter or two of it."""
FORM = "NAME[:KEY=VALUE,...], or names alone: NAME,NAME"
THERE_ARE = f"{', '.join(MOCKS)} and {AS_IS} need no settings"


def parse_variants(values: Sequence[str]) -> tuple[Variant, ...]:
    """Variants from repeated ``--config``, each once.

    Raises:
        UsageError: no name, a bad one, one for two variants, or a setting that cannot be one.
    """
    found: dict[str, Variant] = {}
    for variant in (variant for value in values for variant in _variants(value)):
        if found.setdefault(variant.name, variant) != variant:
            raise UsageError(f"two variants are called {variant.name}; give each a name of its own")
    if values and not found:
        raise UsageError(f"--config names no variant; it takes {FORM}; {THERE_ARE}")
    return tuple(found.values())


def _variants(value: str) -> list[Variant]:
    name, colon, text = value.partition(":")
    if not colon:
        names = [name.strip() for name in value.split(",")]
        if any(names) and not all(names):
            raise UsageError(f"--config {value!r} names nothing beside a comma")
        return [_variant(name, {}) for name in names if name]
    return [
        _variant(name.strip(), parse_settings(NEXT_SETTING.split(text), option=f"--config {shown(name)}"))
    ]


def _variant(name: str, settings: Mapping[str, str]) -> Variant:
    near = None if settings else misspelled(name)
    if near:
        raise UsageError(
            f"there is no {name}; did you mean {near}? (one of yours wants settings: {name}:KEY=VALUE)"
        )
    variant = Variant(name=name, settings={**_own(name), **settings})
    check_variant(variant)
    return variant


def misspelled(name: str) -> str | None:
    """The known name that one without settings was meant to be, by the looks of it."""
    known = (*MOCKS, AS_IS)
    near = get_close_matches(name.lower().replace("_", "-"), known, n=1, cutoff=_ALIKE)
    return near[0] if near and name not in known and _NAME.fullmatch(name) else None


def _own(name: str) -> dict[str, str]:
    """The settings that a name stands for by itself."""
    return dict(MOCKS[name].settings) if name in MOCKS else {}


def check_variant(variant: Variant) -> None:
    """See that its name may be a folder's and is true. Raises UsageError."""
    name, settings = variant.name, variant.settings
    if not _NAME.fullmatch(name):
        raise UsageError(f"a variant's name takes letters, digits, '.', '_' and '-', not {shown(name)}")
    if name == AS_IS and settings:
        raise UsageError(f"{AS_IS} is a service as it runs and takes no settings; call the variant otherwise")
    if name.startswith("mock") and name not in MOCKS and not settings:
        raise UsageError(f"there is no {name}: {THERE_ARE}; one of yours is {FORM}")
    for key, value in _own(name).items():
        if settings.get(key) != value:
            raise UsageError(f"{name} has {key}={value}; call a variant that has another one otherwise")
    for key, value in settings.items():
        _check_setting(key, value, f"--config {name}")


def parse_settings(values: Iterable[str], *, option: str = "--set") -> dict[str, str]:
    """Settings of the target from ``NAME=VALUE``.

    Raises:
        UsageError: not NAME=VALUE, or a setting that belongs into the environment.
    """
    settings = {}
    for value in values:
        name, equals, text = value.partition("=")
        if not equals:
            raise UsageError(
                f"{option} takes NAME=VALUE with the setting's name in capitals, not {shown(name)}"
            )
        _check_setting(name, text, option)
        if name in settings:
            raise UsageError(f"{option}: {name} comes twice")
        settings[name] = text
    return settings


def _check_setting(name: str, text: str, option: str) -> None:
    if not _SETTING.fullmatch(name):
        raise UsageError(f"{option} takes NAME=VALUE with the setting's name in capitals, not {shown(name)}")
    if is_secret(name):
        raise UsageError(f"{name} is a secret: put it into the environment, not on the command line")
    if not text.isprintable():
        raise UsageError(f"{option}: {name}: the value holds characters that no setting may have")
    if name == "OPENAI_BASE_URL":
        check_base_url(f"{option} OPENAI_BASE_URL", text, key="OPENAI_API_KEY")
    if re.search(r"://[^/]*@", text):
        raise UsageError(f"{option}: {name}: a URL with a password would be written into run.json")


def check_common(settings: Mapping[str, str], variants: Sequence[Variant]) -> None:
    """See that each common setting is for somebody, and for nobody who is as-is. Raises UsageError."""
    if settings and any(variant.name == AS_IS for variant in variants):
        raise UsageError(
            f"{AS_IS} is a service as it runs, and --set changes it: leave --config {AS_IS} out, or call the "
            "variant otherwise"
        )
    for name in settings:
        if variants and all(name in variant.settings for variant in variants):
            who = ", ".join(variant.name for variant in variants)
            raise UsageError(f"--set {name} changes nothing: every variant has its own ({who})")


def check_told_apart(settings: Mapping[str, str], variants: Sequence[Variant]) -> None:
    """Of the reference app: see that a name of the user's own says something, by its settings, by those of
    all, or as the plain app beside a variant that has some. Raises UsageError."""
    if settings or any(variant.settings for variant in variants):
        return
    plain = next((variant.name for variant in variants if variant.name != AS_IS), None)
    if plain is not None:
        raise UsageError(
            f"--config {plain} has no settings, and neither has any other variant: that is the plain app, "
            f"called {BASELINE.name}; give it settings: {plain}:KEY=VALUE"
        )


def check_reference(reference: str | None, variants: Sequence[Variant]) -> None:
    """Raises UsageError where there is no such variant."""
    names = [variant.name for variant in variants]
    if reference is not None and reference not in names:
        raise UsageError(
            f"--reference takes one of the variants ({', '.join(names)}), not {shown(reference)}"
        )
