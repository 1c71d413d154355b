# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter 'misspelt_names'."""

from __future__ import annotations

import importlib

import pytest
from hypothesis import given, strategies as st

from tests.conftest import COLLECTION

MODULE = importlib.import_module(f"{COLLECTION}.filter.misspelt_names")
misspelt_names = MODULE.FilterModule().filters()["misspelt_names"]
KNOWN = ["shop_name", "shop_names", "shop_owner"]


@pytest.fixture
def warned(monkeypatch):
    """The warnings of a test."""
    warnings = []
    monkeypatch.setattr(MODULE.Display, "warning", lambda _display, text: warnings.append(text))
    return warnings


@pytest.mark.parametrize(
    "name, meant",
    [
        ("shop_nam", "shop_name"),
        ("shop_nane", "shop_name"),
        ("shop_nmae", "shop_name"),
        ("shop__names", "shop_names"),
        ("shop_owne", "shop_owner"),
        ("shop_ow", None),
        ("shop_address", None),
    ],
)
def test_name_with_at_most_two_edits_is_misspelt(warned, name, meant):
    assert misspelt_names([name], KNOWN) == ([f"Unknown variable {name}: did you mean {meant}?"] if meant else [])
    warning = f"Unknown variable {name} has no effect. Correct its name, or remove it."
    assert warned == ([] if meant else [warning])


def test_known_names_are_neither(warned):
    assert misspelt_names(KNOWN, KNOWN) == [] and warned == []


def test_shared_variables_are_known_by_default(warned):
    """Other names that begin with sde_ are the user's own, or are checked elsewhere."""
    names = ["sde_url", "sde_fail_onn", "sde_servers_of_europe", "sde_awx_kind", "sde_audit_slice_7"]
    assert misspelt_names(names) == ["Unknown variable sde_fail_onn: did you mean sde_fail_on?"] and warned == []


def test_errors_are_ordered_by_name(warned):
    errors = misspelt_names(["shop_ownr", "shop_color", "shop_nme"], KNOWN)
    assert [error.split()[2] for error in errors] == ["shop_nme:", "shop_ownr:"]
    assert [warning.split()[2] for warning in warned] == ["shop_color"]


TEXTS = st.text("ab_", max_size=6)


@given(TEXTS, TEXTS, TEXTS)
def test_edits_is_a_distance(one, other, third):
    assert MODULE.edits(one, one) == 0
    assert MODULE.edits(one, other) == MODULE.edits(other, one)
    assert MODULE.edits(one, third) <= MODULE.edits(one, other) + MODULE.edits(other, third)
    assert abs(len(one) - len(other)) <= MODULE.edits(one, other) <= max(len(one), len(other))


@given(TEXTS, st.integers(0, 6), st.sampled_from("abc"))
def test_each_edit_counts_one(text, place, character):
    start, end = text[:place], text[place:]
    assert MODULE.edits(text, f"{start}{character}{end}") == 1
    assert MODULE.edits(text, f"{start}c{end[1:]}") == 1
    assert MODULE.edits(text, f"{start}{end[1:]}") == (1 if end else 0)
