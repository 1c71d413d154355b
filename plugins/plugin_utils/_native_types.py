# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: values without what ansible-core attaches to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def to_builtin_types(value: Any) -> Any:
    """Convert a value to the types that JSON knows.

    ansible-core has types of its own for strings from YAML, from a vault and from a server. A date, which YAML reads
    from 2027-01-31, becomes the text of the file.
    """
    if isinstance(value, Mapping):
        return {str(key): to_builtin_types(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_builtin_types(item) for item in value]
    if value is None or isinstance(value, bool):
        return value
    for number in (int, float):
        if isinstance(value, number):
            return number(value)
    return str(value)


def describe_type(value: Any) -> str:
    """Return the type of a value, for a message. The content is not shown, because it may be a secret."""
    if value is None:
        return "null"
    if isinstance(value, str) and not value.strip():
        return "a blank string"
    if isinstance(value, bool):
        return "true" if value else "false"
    for kind, name in ((str, "a string"), ((int, float), "a number"), ((list, tuple), "a list"), (dict, "a mapping")):
        if isinstance(value, kind):
            return name
    return f"a value of type {type(value).__name__}"
