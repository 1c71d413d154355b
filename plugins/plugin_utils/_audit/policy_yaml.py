# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: mistakes in a policy file that have no place, or are gone, once its text is values.

A key that stands twice hides what the first one demands. A day that does not exist is refused without saying where.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

_DAY = "tag:yaml.org,2002:timestamp"
_MERGE = "tag:yaml.org,2002:merge"
_TWICE = "{} stands twice in one mapping; remove one"


def mistakes(path: str, name: str) -> list[str]:
    """These mistakes, a line each. A file that cannot be read is left to whoever reads it."""
    text = Path(path).read_text(encoding="utf-8", errors="replace")
    found: list[str] = []

    def check(pairs: list[tuple[str, Any]]) -> None:
        found.extend(_TWICE.format(pairs[index][0]) for index in _repeated([key for key, _value in pairs]))

    try:
        json.loads(text, object_pairs_hook=check)
    except (ValueError, RecursionError):
        found = _mistakes_of_yaml(text)
    return [f"{name}: {one}." for one in found]


def _mistakes_of_yaml(text: str) -> list[str]:
    try:
        # Only nodes are made, so that tags of Ansible's own need not be known.
        nodes = list(_nodes(yaml.compose(text, Loader=yaml.SafeLoader)))
    except (yaml.YAMLError, RecursionError, ValueError):
        return []
    return [f"line {node.start_mark.line + 1}: {problem}" for node, problem in _problems(nodes)]


def _nodes(root: yaml.Node | None) -> Iterator[yaml.Node]:
    """The nodes of a file in their order, each once: an alias may lead to one again."""
    pending: list[Any] = [root] if root else []
    seen: set[int] = set()
    while pending:
        node = pending.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        if isinstance(node, yaml.MappingNode):
            pending.extend(one for pair in reversed(node.value) for one in reversed(pair))
        elif isinstance(node, yaml.SequenceNode):
            pending.extend(reversed(node.value))


def _problems(nodes: list[yaml.Node]) -> Iterator[tuple[yaml.Node, str]]:
    for node in nodes:
        if isinstance(node, yaml.MappingNode):
            keys = [key for key, _value in node.value if isinstance(key, yaml.ScalarNode) and key.tag != _MERGE]
            # Whatever their tags are: 1 and '1' are one name later on.
            yield from (
                (keys[index], _TWICE.format(keys[index].value)) for index in _repeated([key.value for key in keys])
            )
        elif isinstance(node, yaml.ScalarNode) and node.tag == _DAY:
            try:
                yaml.constructor.SafeConstructor().construct_yaml_timestamp(node)
            except (ValueError, AttributeError):  # the second if it does not even look like one
                yield node, f"there is no day {node.value}; write one as 2027-01-31"


def _repeated(keys: list[Any]) -> list[int]:
    """The places of keys that have been there before."""
    seen: set[Any] = set()
    places = []
    for index, key in enumerate(keys):
        if key in seen:
            places.append(index)
        seen.add(key)
    return places
