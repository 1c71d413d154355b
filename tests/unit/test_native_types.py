# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of ansible-core, converted to the types that JSON knows."""

from __future__ import annotations

from typing import Any

from ansible.parsing.dataloader import DataLoader

from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._native_types import to_builtin_types

FILE = "{text: a, date: 2027-01-31, number: 1.5, count: 2, set: true, unset: false, nothing: null, 7: [x, {y: 1}]}"


def with_types(value: Any) -> Any:
    """The value, with the class of each of its parts: true equals 1, and a subclass of str equals its text."""
    if value.__class__ is dict:
        return {(type(key), key): with_types(item) for key, item in value.items()}
    return [with_types(item) for item in value] if value.__class__ is list else (type(value), value)


def test_to_builtin_types_of_yaml():
    expected = {
        "text": "a",
        "date": "2027-01-31",
        "number": 1.5,
        "count": 2,
        "set": True,
        "unset": False,
        "nothing": None,
        "7": ["x", {"y": 1}],
    }
    assert with_types(to_builtin_types(DataLoader().load(FILE))) == with_types(expected)


def test_to_builtin_types_of_tuple_and_subclasses():
    class Count(int):
        """As ansible-core's own types of numbers."""

    converted = to_builtin_types((Count(1), {"a": (2.0, None)}))
    assert with_types(converted) == with_types([1, {"a": [2.0, None]}])
