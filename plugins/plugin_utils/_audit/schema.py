# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: find errors in a policy or a report by its published JSON Schema, in plain words.

This implements the keywords of these schemas only; a test compares the results with those of a full validator. Only the
schemas decide whether a file has the right form.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, cast

_DATA = Path(__file__).with_name("data")

Schema = dict[str, Any]
# Keys and indexes from the top of a file.
Location = tuple[str | int, ...]

_TYPE_NAMES = {
    "null": "null",
    "boolean": "a boolean",
    "integer": "an integer",
    "number": "a number",
    "string": "a string",
    "array": "a list",
    "object": "a mapping",
}


class SchemaError(NamedTuple):
    """A value that the schema does not accept. The subject of the message is the place."""

    location: Location
    message: str

    def __str__(self) -> str:
        return f"{self.place} {self.message}"

    @property
    def place(self) -> str:
        """The location as a path, such as findings[2].verdict. Empty for the whole file."""
        # A key may be empty, and would not be seen.
        keys = (f"[{key}]" if isinstance(key, int) else f".{key or repr(key)}" for key in self.location)
        return "".join(keys).lstrip(".")


def schema_file(kind: str) -> Path:
    """Return the path of the schema of a 'policy' or a 'report'."""
    return _DATA / f"{kind}.schema.json"


@cache
def schema_of(kind: str) -> Schema:
    """Return the published schema of a 'policy' or a 'report'."""
    return cast(Schema, json.loads(schema_file(kind).read_text(encoding="utf-8")))


def errors_in(value: Any, kind: str) -> Iterator[SchemaError]:
    """Yield the errors in the form of a 'policy' or a 'report'."""
    return _check(value, _resolved_schema_of(kind), ())


def errors_by(value: Any, form: Schema, location: Location) -> Iterator[SchemaError]:
    """Yield the errors of a value by a schema that has no references."""
    return _check(value, form, location)


@cache
def _resolved_schema_of(kind: str) -> Schema:
    return cast(Schema, _resolve(schema_of(kind), schema_of(kind)))


def _resolve(part: Any, whole: Schema) -> Any:
    """Return a part of a schema with all references replaced. Keywords next to a reference win."""
    if isinstance(part, list):
        return [_resolve(one, whole) for one in part]
    if not isinstance(part, dict):
        return part
    while "$ref" in part:
        target: Any = whole
        for key in part["$ref"].removeprefix("#/").split("/"):
            target = target[key]
        part = {**target, **{key: value for key, value in part.items() if key != "$ref"}}
    return {key: _resolve(value, whole) for key, value in part.items()}


def close_matches(word: str, known: Iterable[str]) -> list[str]:
    """Return the known words that are this one but for a typing error."""
    return difflib.get_close_matches(word, list(known), n=1, cutoff=0.85)


def suggestion(word: Any, known: Iterable[str]) -> str:
    """Return advice with the known word that resembles this one; empty if no word does."""
    found = difflib.get_close_matches(str(word), list(known), n=1)
    return f"; did you mean {found[0]}?" if found else ""


def _check(value: Any, schema: Schema, location: Location) -> Iterator[SchemaError]:
    known = [schema["const"]] if "const" in schema else schema.get("enum")
    if "anyOf" in schema:
        yield from _check_any(value, schema, location)
    elif "type" in schema and not any(_has_type(value, kind) for kind in _types_of(schema)):
        yield SchemaError(location, _wrong_type(value, _types_of(schema), schema))
    elif known and value not in known:
        yield SchemaError(location, _not_one_of(value, known))
    elif isinstance(value, str):
        yield from _check_text(value, schema, location)
    elif isinstance(value, list):
        yield from _check_list(value, schema, location)
    elif isinstance(value, dict):
        yield from _check_mapping(value, schema, location)
    elif value is not None and value < schema.get("minimum", value):
        yield SchemaError(location, f"must be {schema['minimum']} or more, not {value}")
    elif value is not None and value > schema.get("maximum", value):
        yield SchemaError(location, f"must be {schema['maximum']} or less, not {value}")


def _check_any(value: Any, schema: Schema, location: Location) -> Iterator[SchemaError]:
    """Yield the errors by the alternative for the value's type."""
    described = {"description": schema.get("description", "")}
    for one in schema["anyOf"]:
        if any(_has_type(value, kind) for kind in _types_of(one)):
            yield from _check(value, {**described, **one}, location)
            return
    yield SchemaError(
        location, _wrong_type(value, [kind for one in schema["anyOf"] for kind in _types_of(one)], described)
    )


def _types_of(schema: Schema) -> list[str]:
    types = schema.get("type", "string")  # enumerations have no type, and their values are strings
    return types if isinstance(types, list) else [types]


def _check_text(value: str, schema: Schema, location: Location) -> Iterator[SchemaError]:
    if len(value) < schema.get("minLength", 0):
        yield SchemaError(location, "is empty" + _hint(schema))
    if "pattern" in schema and not re.search(schema["pattern"], value):
        problem = f"is not valid: {shorten(value)}" if value.strip() else "is empty"
        yield SchemaError(location, problem + _hint(schema))


def _check_list(value: list[Any], schema: Schema, location: Location) -> Iterator[SchemaError]:
    if len(value) < schema.get("minItems", 0):
        yield SchemaError(location, "is empty" + _hint(schema))
    if schema.get("uniqueItems") and len({json.dumps(item, sort_keys=True) for item in value}) < len(value):
        yield SchemaError(location, "has duplicate items" + _hint(schema))
    for index, item in enumerate(value):
        yield from _check(item, schema.get("items", {}), (*location, index))


def _check_mapping(value: dict[str, Any], schema: Schema, location: Location) -> Iterator[SchemaError]:
    known = schema.get("properties", {})
    if len(value) < schema.get("minProperties", 0):
        yield SchemaError(location, "is empty" + _hint(schema))
    for name in schema.get("required", []):
        if name not in value:
            yield SchemaError((*location, name), "is missing" + _hint(known[name]))
    for name, dependent in schema.get("dependentSchemas", {}).items():
        if name in value:
            yield from _check_dependent(value, dependent, (*location, name))
    for name, item in value.items():
        if name in known:
            yield from _check(item, known[name], (*location, name))
        else:
            yield from _check_unknown(name, item, schema, (*location, name))


def _check_dependent(value: dict[str, Any], schema: Schema, location: Location) -> Iterator[SchemaError]:
    """Yield an error if a field needs one of several others and has none, or if a field that it excludes is there."""
    needed = [name for one in schema.get("anyOf", []) for name in one["required"]]
    if needed and not any(name in value for name in needed):
        yield SchemaError(location, f"requires {' or '.join(needed)}; add one or remove it")
    excluded = schema.get("not", {}).get("required", [])
    if excluded and all(name in value for name in excluded):
        yield SchemaError(location, f"cannot be combined with {' and '.join(excluded)}; remove one of them")


def _check_unknown(name: str, value: Any, schema: Schema, location: Location) -> Iterator[SchemaError]:
    others = schema.get("additionalProperties")
    if isinstance(others, dict):
        yield from _check(value, others, location)
    if others is False:
        known = schema["properties"]
        advice = suggestion(name, known) or f"; use one of {', '.join(known)}"
        yield SchemaError(location, f"is not a known field{advice}")
    if "propertyNames" in schema:
        yield from _check(name, schema["propertyNames"], location)


def _has_type(value: Any, kind: str) -> bool:
    if kind == "string":
        return isinstance(value, str)
    if kind == "array":
        return isinstance(value, list)
    if kind == "object":
        return isinstance(value, dict)
    if kind == "null":
        return value is None
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    # The only other type is "integer". In JSON Schema 1.0 is an integer, but true is not.
    return not isinstance(value, bool) and (isinstance(value, int) or (isinstance(value, float) and value.is_integer()))


def _wrong_type(value: Any, kinds: list[str], schema: Schema) -> str:
    wanted = " or ".join(_TYPE_NAMES[kind] for kind in kinds)
    # In YAML, such strings need quotes.
    advice = "; put it in quotes" if "string" in kinds and isinstance(value, (bool, int, float)) else ""
    if not {"integer", "number"}.isdisjoint(kinds) and isinstance(value, str) and value.strip("-").isdigit():
        advice = "; remove the quotes"
    return f"must be {wanted}, not {_describe(value)}{_hint(schema)}{advice}"


def _describe(value: Any) -> str:
    """Return a value for a message about its type."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return f"the number {value}"
    return _TYPE_NAMES[{str: "string", list: "array", dict: "object"}[value.__class__]]


def _not_one_of(value: Any, known: list[Any]) -> str:
    names = [one if isinstance(one, str) else shorten(one) for one in known]
    return f"must be {'one of ' * (len(names) > 1)}{', '.join(names)}, not {shorten(value)}{suggestion(value, names)}"


def _hint(schema: Schema) -> str:
    return f" ({schema['description'].rstrip('.')})" if schema.get("description") else ""


def shorten(value: Any) -> str:
    """Return a value on one short line, for a message."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:59]}…"
