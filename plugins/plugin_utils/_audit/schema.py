# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: what is wrong with a policy or a report, by its published JSON Schema, in words for people.

Only the keywords that these schemas use are known here, with their meaning in JSON Schema; a test compares the
verdicts with those of a validator that knows all. Nothing else decides about the form of a file.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

_DATA = Path(__file__).with_name("data")

_NAMES_OF_TYPES = {
    "null": "nothing",
    "boolean": "true or false",
    "integer": "a whole number",
    "string": "text",
    "array": "a list",
    "object": "a mapping",
}


class Mistake(NamedTuple):
    """Where something is wrong, as keys and indices from the top, and what."""

    path: tuple[str | int, ...]
    message: str

    @property
    def place(self) -> str:
        """Where it is, as people write it: findings[2].verdict. Empty if it is the whole file."""
        return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in self.path).lstrip(".")


@cache
def schema_of(kind: str) -> dict[str, Any]:
    """The published schema of a policy or a report."""
    return json.loads((_DATA / f"{kind}.schema.json").read_text(encoding="utf-8"))


def mistakes(value: Any, kind: str) -> Iterator[Mistake]:
    """All mistakes in the form of a policy or a report."""
    return _check(value, _whole_schema_of(kind), ())


@cache
def _whole_schema_of(kind: str) -> dict[str, Any]:
    return _resolved(schema_of(kind), schema_of(kind))


def _resolved(part: Any, whole: dict[str, Any]) -> Any:
    """A schema with what it refers to in place; what it says itself counts more, as its description."""
    if isinstance(part, list):
        return [_resolved(one, whole) for one in part]
    if not isinstance(part, dict):
        return part
    while "$ref" in part:
        target: Any = whole
        for key in part["$ref"].removeprefix("#/").split("/"):
            target = target[key]
        part = {**target, **{key: value for key, value in part.items() if key != "$ref"}}
    return {key: _resolved(value, whole) for key, value in part.items()}


def closest(word: Any, known: Iterable[str]) -> str:
    """The advice to write a known word instead of this one, if they look alike."""
    found = difflib.get_close_matches(str(word), list(known), n=1)
    return f"; did you mean {found[0]}?" if found else ""


def _check(value: Any, schema: dict[str, Any], path: tuple[str | int, ...]) -> Iterator[Mistake]:
    known = [schema["const"]] if "const" in schema else schema.get("enum")
    if "anyOf" in schema:
        yield from _check_any(value, schema, path)
    elif "type" in schema and not any(_is(value, kind) for kind in _types_of(schema)):
        yield Mistake(path, _wrong_type(value, _types_of(schema), schema))
    elif known and value not in known:
        yield Mistake(path, _not_one_of(value, known))
    elif isinstance(value, str):
        yield from _check_text(value, schema, path)
    elif isinstance(value, list):
        yield from _check_list(value, schema, path)
    elif isinstance(value, dict):
        yield from _check_mapping(value, schema, path)
    elif "minimum" in schema and value is not None and value < schema["minimum"]:
        yield Mistake(path, f"{value} is less than {schema['minimum']}")


def _check_any(value: Any, schema: dict[str, Any], path: tuple[str | int, ...]) -> Iterator[Mistake]:
    """The mistakes by the alternative that the value's type belongs to."""
    described = {"description": schema.get("description", "")}
    for one in schema["anyOf"]:
        if any(_is(value, kind) for kind in _types_of(one)):
            yield from _check(value, {**described, **one}, path)
            return
    yield Mistake(path, _wrong_type(value, [kind for one in schema["anyOf"] for kind in _types_of(one)], described))


def _types_of(schema: dict[str, Any]) -> list[str]:
    types = schema.get("type", "string")  # an enumeration here is one of texts
    return types if isinstance(types, list) else [types]


def _check_text(value: str, schema: dict[str, Any], path: tuple[str | int, ...]) -> Iterator[Mistake]:
    if len(value) < schema.get("minLength", 0):
        yield Mistake(path, "it is empty" + _hint(schema))
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield Mistake(path, (f"{shown(value)} does not fit" if value.strip() else "it is empty") + _hint(schema))


def _check_list(value: list[Any], schema: dict[str, Any], path: tuple[str | int, ...]) -> Iterator[Mistake]:
    if len(value) < schema.get("minItems", 0):
        yield Mistake(path, "the list is empty" + _hint(schema))
    if schema.get("uniqueItems") and len({json.dumps(item, sort_keys=True) for item in value}) < len(value):
        yield Mistake(path, "something stands in it twice" + _hint(schema))
    for index, item in enumerate(value):
        yield from _check(item, schema.get("items", {}), (*path, index))


def _check_mapping(value: dict[str, Any], schema: dict[str, Any], path: tuple[str | int, ...]) -> Iterator[Mistake]:
    known = schema.get("properties", {})
    if len(value) < schema.get("minProperties", 0):
        yield Mistake(path, "it is empty" + _hint(schema))
    for name in schema.get("required", []):
        if name not in value:
            yield Mistake((*path, name), "it is missing" + _hint(known[name]))
    for name, needed in schema.get("dependentRequired", {}).items():
        for other in needed:
            if name in value and other not in value:
                yield Mistake((*path, name), f"it is of use only beside {other}; add {other} or remove it")
    for name, item in value.items():
        if name in known:
            yield from _check(item, known[name], (*path, name))
        elif schema.get("additionalProperties") is False:
            advice = closest(name, known) or f"; there are {', '.join(known)}"
            yield Mistake((*path, name), f"there is no such field{advice}")
        if "propertyNames" in schema:
            yield from _check(name, schema["propertyNames"], (*path, name))


def _is(value: Any, kind: str) -> bool:
    if kind == "string":
        return isinstance(value, str)
    if kind == "array":
        return isinstance(value, list)
    if kind == "object":
        return isinstance(value, dict)
    if kind == "null":
        return value is None
    # Of numbers there are only whole ones; true is none, 1.0 is one.
    return not isinstance(value, bool) and (isinstance(value, int) or (isinstance(value, float) and value.is_integer()))


def _wrong_type(value: Any, kinds: list[str], schema: dict[str, Any]) -> str:
    wanted = " or ".join(_NAMES_OF_TYPES[kind] for kind in kinds)
    # In YAML, text that looks like something else.
    cure = "; put it into quotes" if "string" in kinds and isinstance(value, (bool, int, float)) else ""
    return f"it must be {wanted}, not {_kind_of(value)}{_hint(schema)}{cure}"


def _kind_of(value: Any) -> str:
    """A value as people see it in a message about its type."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return f"the number {value}"
    return _NAMES_OF_TYPES[{str: "string", list: "array", dict: "object"}[value.__class__]]


def _not_one_of(value: Any, known: list[Any]) -> str:
    words = [one for one in known if one is not None]
    return f"{shown(value)} is none of {', '.join(words)}{closest(value, words)}"


def _hint(schema: dict[str, Any]) -> str:
    return f": {schema['description'].rstrip('.')}" if schema.get("description") else ""


def shown(value: Any) -> str:
    """A value in a message, on one line that is not long."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."
