"""The shapes of what is read of a container, as Kubernetes' API server would check them: rendered manifests
were checked by nobody."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from records.options.quantity import quantity
from sweep.deployments.pods.probes import LIVENESS, READINESS, STARTUP

Check = Callable[[Any, str], None]
"""Of a value and the words for where it stands. Raises ValueError, in one line, where it is another."""
_LAST_PORT = 65535
_MOST = 2**31 - 1
"""Kubernetes' whole numbers here have 32 bits."""
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
"""RFC 9110, 5.6.2: a token."""
_PATH = re.compile(r"[!-~]*")
"""What a request line can say."""
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def check_container(raw: object, name: str) -> None:
    """Raises ValueError, which names the container and the field."""
    _CONTAINER(raw, f"the container {name}")


def check_map(document: object) -> None:
    """Of a ConfigMap. Raises ValueError, which names it."""
    known = document if isinstance(document, Mapping) else {}
    metadata = known.get("metadata")
    name = metadata.get("name") if isinstance(metadata, Mapping) else None
    _mapping(
        {"metadata": _mapping({"name": _text}, "name"), "data": _all(_text, _variable_name)}, "metadata"
    )(document, f"the ConfigMap {name}")


def _refuse(value: object, where: str, wanted: str) -> None:
    shown = repr(value)
    raise ValueError(f"{where}: {shown if len(shown) < 60 else shown[:57] + '...'} is no {wanted}")


def _mapping(fields: Mapping[str, Check], *needed: str) -> Check:
    """null counts as not there, as it does for Kubernetes."""

    def check(value: Any, where: str) -> None:
        if not isinstance(value, Mapping):
            _refuse(value, where, "mapping")
        for name in needed:
            if value.get(name) is None:
                raise ValueError(f"{where}: it has no {name}")
        for name, field in fields.items():
            if value.get(name) is not None:
                field(value[name], f"{where}.{name}")

    return check


def _all(inner: Check, key: Check = lambda value, where: None) -> Check:
    """A mapping with values of one kind."""

    def check(value: Any, where: str) -> None:
        if not isinstance(value, Mapping):
            _refuse(value, where, "mapping")
        for name, one in value.items():
            key(name, where)
            if one is not None:
                inner(one, f"{where}.{name}")

    return check


def _list(inner: Check) -> Check:
    def check(value: Any, where: str) -> None:
        if not isinstance(value, Sequence) or isinstance(value, str):
            _refuse(value, where, "list")
        for at, one in enumerate(value):
            inner(one, f"{where}[{at}]")

    return check


def _text(value: object, where: str) -> None:
    """Numbers and what else YAML reads in a word are taken as such; a process is given no NUL byte."""
    if isinstance(value, Mapping) or (isinstance(value, Sequence) and not isinstance(value, str)):
        _refuse(value, where, "text")
    if "\0" in str(value):
        _refuse(value, where, "text: it has a NUL byte")


def _quantity(value: object, where: str) -> None:
    try:
        quantity(value)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def _prefix(value: object, where: str) -> None:
    _text(value, where)
    if "=" in str(value):
        _refuse(value, where, "name of a variable")


def _variable_name(value: object, where: str) -> None:
    _prefix(value, where)
    if not str(value):
        _refuse(value, where, "name of a variable")


def _whole(value: object, where: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST:
        _refuse(value, where, "whole number from 0 on")


def _whole_port(value: object, where: str) -> None:
    _whole(value, where)
    _port(value, where)


def _port(value: object, where: str) -> None:
    """A number, or a name of one."""
    _text(value, where)
    if str(value).isdecimal() and int(str(value)) > _LAST_PORT:
        _refuse(value, where, "port")


def _path(value: object, where: str) -> None:
    _text(value, where)
    if not _PATH.fullmatch(str(value)):
        _refuse(value, where, "path that a request can have")


def _header_name(value: object, where: str) -> None:
    if not _HEADER_NAME.fullmatch(str(value)):
        _refuse(value, where, "name of a header")


def _header_value(value: object, where: str) -> None:
    _text(value, where)
    if _CONTROLS.search(str(value)) or any(ord(letter) > 255 for letter in str(value)):
        _refuse(value, where, "value that a header can have")


_KEY_OF = _mapping({"name": _text, "key": _text}, "name", "key")
_PROBE = _mapping({
    "httpGet": _mapping({
        "path": _path, "port": _port, "scheme": _text, "host": _text,
        "httpHeaders": _list(_mapping({"name": _header_name, "value": _header_value}, "name")),
    }),
    "tcpSocket": _mapping({"port": _port, "host": _text}),
    "exec": _mapping({"command": _list(_text)}),
    **dict.fromkeys(
        ("initialDelaySeconds", "periodSeconds", "timeoutSeconds", "failureThreshold", "successThreshold"),
        _whole,
    ),
})  # fmt: skip
_CONTAINER = _mapping({
    "name": _text,
    "image": _text,
    "command": _list(_text),
    "args": _list(_text),
    "ports": _list(_mapping({"name": _text, "containerPort": _whole_port}, "containerPort")),
    "resources": _mapping({"limits": _all(_quantity), "requests": _all(_quantity)}),
    "envFrom": _list(_mapping({
        "prefix": _prefix, "configMapRef": _mapping({"name": _text}, "name"), "secretRef": _mapping({}),
    })),
    "env": _list(_mapping({
        "name": _variable_name,
        "value": _text,
        "valueFrom": _mapping({
            "configMapKeyRef": _KEY_OF,
            "resourceFieldRef": _mapping({"resource": _text, "divisor": _quantity, "containerName": _text}),
            "fieldRef": _mapping({"fieldPath": _text}),
        }),
    }, "name")),
    "volumeMounts": _list(_mapping({"name": _text}, "name")),
    **dict.fromkeys((STARTUP, READINESS, LIVENESS), _PROBE),
})  # fmt: skip
