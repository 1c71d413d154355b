# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: find the values that a condition reads.

The expression itself says which they are, so that this works for any rule. Variables of the play are never shown.
"""

from __future__ import annotations

from typing import Any

from jinja2 import nodes

from ...module_utils._redact import MASK, TooComplexError, redact
from .expressions import chains_in
from .model import Observation, plain_or_json, size_text

_MAX_VALUE = 200
_UNDEFINED = object()
# Facts of these variables are masked.
_MASKED = ("connection", "connections", "previous")
# Keys and indexes below a variable.
_Path = tuple[str | int, ...]


def observe(condition: str, variables: dict[str, Any]) -> list[Observation]:
    """Return the values that a condition reads of these variables. The facts of a 'connection' have no prefix."""
    found: dict[str, Observation] = {}
    for chain in chains_in(condition):
        path = _path_of(chain, variables)
        if path:
            name = _name_of(path)
            found.setdefault(name, {"name": name, "value": _value_text(path, variables)})
    return list(found.values())


def _path_of(chain: nodes.Node, variables: dict[str, Any]) -> _Path | None:
    """Return the path of a value; None if it begins at another variable, or has a subscript that is unknown."""
    if isinstance(chain, nodes.Name):
        return (chain.name,) if chain.name in variables else None
    if not isinstance(chain, (nodes.Getattr, nodes.Getitem)):
        return None
    parent = _path_of(chain.node, variables)
    if isinstance(chain, nodes.Getattr):
        key: Any = chain.attr
    elif isinstance(chain.arg, nodes.Const):
        key = chain.arg.value
    else:
        below = _path_of(chain.arg, variables)
        key = _resolve(below, variables) if below else None
    return (*parent, key) if parent and isinstance(key, (str, int)) else None


def _resolve(path: _Path, value: Any) -> Any:
    for key in path:
        if isinstance(value, dict):
            value = value.get(key, _UNDEFINED)
        elif isinstance(value, (list, tuple)) and isinstance(key, int) and -len(value) <= key < len(value):
            value = value[key]
        else:
            return _UNDEFINED
    return value


def _name_of(path: _Path) -> str:
    below = path[1:] if path[0] == "connection" and len(path) > 1 else path
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in below).lstrip(".")


def _value_text(path: _Path, variables: dict[str, Any]) -> str:
    """Return a value as text: the number of its members if it has any, or the value itself."""
    value = _resolve(path, variables)
    if value is _UNDEFINED:
        return "undefined"
    if isinstance(value, (list, tuple, dict)):
        return size_text(value)
    text = plain_or_json(value if path[0] in _MASKED else _masked(path, variables))
    return text if len(text) <= _MAX_VALUE else f"{text[:_MAX_VALUE]}…"


def _masked(path: _Path, variables: dict[str, Any]) -> Any:
    """Return a value, masked if the name of anything that contains it, or a value next to it, tells of a secret."""
    try:
        masked, _secrets = redact(_only({path[0]: variables[str(path[0])]}, path))
    except TooComplexError:
        return MASK
    for key in path:
        if not isinstance(masked, (dict, list)):
            return MASK
        masked = _resolve((key,), masked)
    # A key that contains a secret is masked, and not found.
    return MASK if masked is _UNDEFINED else masked


def _only(value: Any, path: _Path) -> Any:
    """Return a value without what is in its other parts: a group may contain thousands of connections."""
    if not path:
        return value
    if isinstance(value, dict):
        return {key: _only(one, path[1:]) if key == path[0] else _plain(one) for key, one in value.items()}
    index = int(path[0]) % len(value)
    return [_only(one, path[1:]) if number == index else _plain(one) for number, one in enumerate(value)]


def _plain(value: Any) -> Any:
    return None if isinstance(value, (dict, list, tuple)) else value
