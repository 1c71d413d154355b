# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: find the values that a condition reads.

The expression itself says which they are, so that this works for any rule. Variables of the play are never shown.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any, cast

from jinja2 import Environment, nodes

from ...module_utils._redact import redact
from .model import Observation

_MAX_VALUE = 200
_UNDEFINED = object()
# Keys and indexes below a variable.
_Path = tuple[str | int, ...]


def observe(condition: str, variables: dict[str, Any]) -> list[Observation]:
    """Return the values that a condition reads of these variables. The facts of a 'connection' have no prefix."""
    found: dict[str, Observation] = {}
    for chain in _chains_of(condition):
        path = _path_of(chain, variables)
        if path:
            name = _name_of(path)
            found.setdefault(name, {"name": name, "value": _value_text(path, _resolve(path, variables))})
    return list(found.values())


@cache
def _chains_of(condition: str) -> list[nodes.Expr]:
    """Return the variables in a condition with their attributes and subscripts, the longest chains only."""
    tree = Environment().parse(f"{{{{ {condition} }}}}")  # noqa: S701 (nothing is rendered)
    return list(_chains_in(tree))


def _chains_in(node: nodes.Node) -> Iterator[nodes.Expr]:
    if isinstance(node, nodes.Call):
        node = _without_method(node)
    if _is_chain(node):
        yield cast(nodes.Expr, node)
        for part in node.find_all(nodes.Getitem):
            yield from _chains_in(part.arg)
        yield from _chains_in(node.arg) if isinstance(node, nodes.Getitem) else ()
    else:
        for child in node.iter_child_nodes():
            yield from _chains_in(child)


def _without_method(call: nodes.Call) -> nodes.Node:
    """Return what a method such as lower() reads, with its arguments. get() reads the value of a key."""
    if not isinstance(call.node, nodes.Getattr):
        return call
    if call.node.attr == "get" and call.args and isinstance(call.args[0], nodes.Const):
        value: nodes.Expr = nodes.Getitem(call.node.node, call.args[0], "load")
        arguments = call.args[1:]
    else:
        value, arguments = call.node.node, call.args
    others = [*arguments, *(keyword.value for keyword in call.kwargs)]
    return nodes.List([value, *others]) if others else value


def _is_chain(node: nodes.Node) -> bool:
    """Return whether a path leads to this value."""
    while isinstance(node, (nodes.Getattr, nodes.Getitem)):
        if isinstance(node, nodes.Getitem) and not (isinstance(node.arg, nodes.Const) or _is_chain(node.arg)):
            return False
        node = node.node
    return isinstance(node, nodes.Name)


def _path_of(chain: nodes.Node, variables: dict[str, Any]) -> _Path | None:
    """Return the path of a value; None if it begins at another variable, or has a subscript that is unknown."""
    if isinstance(chain, nodes.Name):
        return (chain.name,) if chain.name in variables else None
    assert isinstance(chain, (nodes.Getattr, nodes.Getitem))  # noqa: S101 (for the type checker)
    parent = _path_of(chain.node, variables)
    if isinstance(chain, nodes.Getattr):
        key: Any = chain.attr
    elif isinstance(chain.arg, nodes.Const):
        key = chain.arg.value
    else:
        below = _path_of(chain.arg, variables)
        key = _resolve(below, variables) if below else None
    return (*parent, key) if parent and isinstance(key, (str, int)) else None


def _resolve(path: _Path, variables: dict[str, Any]) -> Any:
    value: Any = variables
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


def _value_text(path: _Path, value: Any) -> str:
    """Return a value as text: the number of its members if it has any, or the value itself."""
    if value is _UNDEFINED:
        return "undefined"
    if isinstance(value, (list, tuple, dict)):
        noun = "key" if isinstance(value, dict) else "item"
        return f"{len(value)} {noun}{'' if len(value) == 1 else 's'}"
    # Facts are masked already.
    shown = value if path[0] == "connection" else redact({str(path[-1]): value})[0][str(path[-1])]
    text = plain_or_json(shown)
    return text if len(text) <= _MAX_VALUE else f"{text[:_MAX_VALUE]}…"


def plain_or_json(value: Any) -> str:
    """Return a string as it is if no other value looks like it, and anything else as JSON."""
    if isinstance(value, str) and value.strip() == value != "" and not _is_json(value):
        return str(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
