# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: mistakes in a file that have no place any more once YAML makes values of it."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

_DAY = "tag:yaml.org,2002:timestamp"


def impossible_days(path: str, name: str) -> list[str]:
    """Days that are none, a line each. What is no YAML is left to whoever reads it."""
    try:
        with open(path, encoding="utf-8") as file:
            # Only nodes are made, so that tags of Ansible's own need not be known.
            root = yaml.compose(file, Loader=yaml.SafeLoader)
        found = list(_nodes(root, set())) if root else []
    except (OSError, ValueError, RecursionError, yaml.YAMLError):
        return []
    return [f"{name}: line {node.start_mark.line + 1}: {problem}." for node in found if (problem := _problem(node))]


def _nodes(node: yaml.Node, seen: set[int]) -> Iterator[yaml.Node]:
    """The node and all below it, each once: an alias may lead to one again."""
    if id(node) in seen:
        return
    seen.add(id(node))
    yield node
    if isinstance(node, yaml.CollectionNode):
        for one in node.value:
            for below in one if isinstance(one, tuple) else (one,):
                yield from _nodes(below, seen)


def _problem(node: yaml.Node) -> str | None:
    if not isinstance(node, yaml.ScalarNode) or node.tag != _DAY:
        return None
    try:
        yaml.constructor.SafeConstructor().construct_yaml_timestamp(node)
    except ValueError as exc:
        return f"there is no day {node.value} ({exc}); write one as 2027-01-31"
    return None
