# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The interpreter of the published schemas says what a validator says that knows all of JSON Schema."""

from __future__ import annotations

import jsonschema
import pytest
from hypothesis import given, strategies as st

from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.schema import errors_in, schema_of
from tests.sample_reports import small
from tests.strategies import VALUES, mutated
from tests.unit.test_audit_policy import FULL

VALID = {"policy": FULL, "report": small()}
KINDS = pytest.mark.parametrize("kind", VALID)


@KINDS
def test_schema_is_valid(kind):
    jsonschema.Draft202012Validator.check_schema(schema_of(kind))
    jsonschema.validate(VALID[kind], schema_of(kind))
    assert list(errors_in(VALID[kind], kind)) == []


@KINDS
@given(data=st.data())
def test_validation_agrees_with_jsonschema(kind, data):
    value = data.draw(mutated(VALID[kind]) | VALUES)
    valid = jsonschema.Draft202012Validator(schema_of(kind)).is_valid(value)
    found = list(errors_in(value, kind))
    assert (found == []) == valid, found


@pytest.mark.parametrize("number, is_valid", [(1, True), (1.0, True), (1.5, False), (True, False), (-1, False)])
def test_counts_are_integers(number, is_valid):
    report = small()
    report["baseline"]["new"] = number
    assert [error.place for error in errors_in(report, "report")] == ([] if is_valid else ["baseline.new"])


@KINDS
def test_each_schema_keyword_is_implemented(kind):
    known = {
        "$schema",
        "$id",
        "$defs",
        "$ref",
        "title",
        "description",
        "type",
        "enum",
        "const",
        "pattern",
        "anyOf",
        "items",
        "minItems",
        "uniqueItems",
        "maximum",
        "minimum",
        "minLength",
        "minProperties",
        "properties",
        "propertyNames",
        "additionalProperties",
        "required",
        "dependentSchemas",
        "not",
    }
    found = set()

    def walk(schema):
        found.update(schema)
        for key in ("properties", "$defs", "dependentSchemas"):
            for inner in schema.get(key, {}).values():
                walk(inner)
        single = [schema[key] for key in ("items", "propertyNames", "not") if key in schema]
        for inner in [*schema.get("anyOf", []), *single]:
            walk(inner)

    walk(schema_of(kind))
    assert found <= known
