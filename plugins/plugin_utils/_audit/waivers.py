# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: decide what a waiver is for."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from .model import Facts, Waiver


def is_for_server(waiver: Waiver, server: str | None) -> bool:
    """Return whether a waiver is for a server; None is one without a name."""
    patterns = waiver["servers"]
    return patterns is None or any(_matches(server or "", pattern.lower()) for pattern in patterns)


def covers(waiver: Waiver, label: str | None, connections: list[Facts]) -> bool:
    """Return whether a waiver is for findings with this label, or None, and these connections."""
    labels, wanted = waiver["labels"], waiver["connections"]
    if labels is not None and (label is None or not any(_matches(label, pattern) for pattern in labels)):
        return False
    return wanted is None or (bool(connections) and all(_is_selected(one, wanted) for one in connections))


def _matches(text: str, pattern: str) -> bool:
    """Return whether a text matches a pattern with * and ?. Brackets are literal, because names contain them."""
    return fnmatchcase(text, pattern.replace("[", "[[]"))


def _is_selected(connection: Facts, wanted: dict[str, list[Any]]) -> bool:
    """Return whether a connection has all properties that a waiver names."""
    for name, values in wanted.items():
        if name == "alias":
            alias = connection.get("alias")
            found = isinstance(alias, str) and any(_matches(alias, pattern) for pattern in values)
        elif name == "system":
            systems = {str(connection.get(key) or "").lower() for key in ("system", "system_id")}
            found = any(value.lower() in systems for value in values)
        else:
            found = connection.get(name) in values
        if not found:
            return False
    return True
