# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: parse the text of a policy file, and find the errors that its values would hide.

A duplicate key would replace the first one, and with it a rule. The error for an invalid date would have no line.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import yaml

from .policy import PolicyError

_DATE = "tag:yaml.org,2002:timestamp"
_MERGE = "tag:yaml.org,2002:merge"
# Few lines with aliases of aliases can mean millions of values.
_MAX_REPEATED = 100_000


def parse_policy(name: str, text: str, yaml_loader: Callable[[str], Any]) -> Any:
    """Return the values of a policy file in JSON or YAML. Raises a PolicyError, or what the YAML loader raises."""
    errors: list[str] = []

    def to_mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        errors.extend(map(_repeated, _repetitions(key for key, _value in pairs)))
        return dict(pairs)

    try:
        content = json.loads(text, object_pairs_hook=to_mapping)
    except (ValueError, RecursionError):
        loader = yaml_loader(text)
        root = loader.get_single_node()
        errors = [f"line {node.start_mark.line + 1}: {error}" for node, error in _node_errors(_nodes(root))]
        if not errors and _repeats_too_much(root):
            raise ValueError(f"it refers to itself, or its aliases repeat more than {_MAX_REPEATED:,} values") from None
        content = None if root is None or errors else loader.construct_document(root)
    if errors:
        raise PolicyError([f"{name}: {error}." for error in errors])
    return content


def _nodes(root: yaml.Node | None) -> Iterator[yaml.Node]:
    """Yield the nodes of a file in order, each once, although several aliases may refer to it."""
    seen: set[int] = set()
    pending: list[yaml.Node] = [root] if root else []
    while pending:
        node = pending.pop()
        if id(node) not in seen:
            seen.add(id(node))
            yield node
            pending.extend(reversed(_members(node)))


def _members(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [one for pair in node.value for one in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _repeats_too_much(root: yaml.Node | None) -> bool:
    """Return whether there are too many nodes if each alias is a copy, as it is for the rest of the audit."""
    pending = [root] if root else []
    for _number in range(sum(1 for _node in _nodes(root)) + _MAX_REPEATED):
        if not pending:
            return False
        pending.extend(_members(pending.pop()))
    return bool(pending)


def _node_errors(nodes: Iterable[yaml.Node]) -> Iterator[tuple[yaml.Node, str]]:
    for node in nodes:
        if isinstance(node, yaml.MappingNode):
            keys = [key for key, _value in node.value if isinstance(key, yaml.ScalarNode) and key.tag != _MERGE]
            # Tags do not count: 1 and '1' become the same name.
            yield from ((key, _repeated(key.value)) for key in _repetitions(keys, lambda key: key.value))
        elif isinstance(node, yaml.ScalarNode) and node.tag == _DATE:
            try:
                yaml.constructor.SafeConstructor().construct_yaml_timestamp(node)
            except (ValueError, AttributeError):  # AttributeError if the text does not resemble a date
                yield node, f"{node.value} is not a valid date; use YYYY-MM-DD"


def _repetitions(keys: Iterable[Any], identity: Callable[[Any], Any] = lambda key: key) -> Iterator[Any]:
    """Yield the keys that have occurred before."""
    seen = set()
    for key in keys:
        if identity(key) in seen:
            yield key
        seen.add(identity(key))


def _repeated(key: str) -> str:
    return f"duplicate key {key!r}; remove one"
